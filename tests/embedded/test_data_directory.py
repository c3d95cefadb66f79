"""The files in the data directory: missing, damaged, left over, or not of this installation."""

import json
import os
import socket
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.embedded.servers import refused
from tocsin.embedded import find_running_uri
from tocsin.embedded.data_directory import DataPaths, RunningServer, write_port_file


async def test_a_port_file_that_outlived_its_server_is_not_believed(data: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as stranger:
        port = stranger.getsockname()[1]
        write_port_file(DataPaths(data), RunningServer(pid=os.getpid(), port=port, authenticate=True))
        assert find_running_uri(data) is None


@pytest.mark.parametrize("lost", ["WiredTiger.turtle", "WiredTiger", "secantus_documents_*.wt", "WiredTigerLog.*", "*"])
async def test_deleted_database_files_are_reported_and_not_replaced(data: Path, lost: str) -> None:
    for path in list((data / "database").glob(lost)):
        path.unlink()
    left = sorted(path.name for path in (data / "database").iterdir())
    assert "is missing" in await refused(data)
    assert sorted({path.name for path in (data / "database").iterdir()} - {"secantusd.toml"}) == [
        name for name in left if name != "secantusd.toml"
    ]


@pytest.mark.parametrize(
    "name",
    ["WiredTiger.turtle", "WiredTiger.wt", "secantus_users.wt", "WiredTigerLog.*", "secantus_documents_*.wt"],
)
async def test_garbage_in_a_file_is_reported(data: Path, name: str) -> None:
    found = next((data / "database").glob(name))
    found.write_bytes(b"garbage " * 5000)
    assert "is damaged" in await refused(data)


async def test_an_unreadable_marker_is_reported(data: Path) -> None:
    (data / "database.instance.json").write_text("[]")
    assert "database.instance.json is unreadable" in await refused(data)


async def test_another_database_than_the_marker_names_is_refused(data: Path) -> None:
    marker = data / "database.instance.json"
    marker.write_text(json.dumps(json.loads(marker.read_text()) | {"instance": "another"}))
    assert "belong to another installation" in await refused(data)


async def test_a_directory_that_is_a_file_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_text("I am a file")
    assert "is not a directory" in await refused(file)
    assert "not a directory" in await refused(file / "below")


@pytest.mark.skipif(sys.platform != "linux", reason="a place where even root makes no directory")
async def test_a_directory_that_cannot_be_created_is_reported() -> None:
    assert "cannot be used" in await refused(Path("/proc/tocsin"))
