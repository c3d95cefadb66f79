"""The files in the data directory: missing, damaged, left over, or not of this installation."""

import json
import os
import socket
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pymongo.uri_parser import parse_uri

from tests.embedded.servers import refused
from tocsin.embedded import find_running_uri
from tocsin.embedded.data_directory import (
    DataPaths,
    RunningServer,
    make_uri,
    read_port_file,
    write_port_file,
    write_private_file,
)


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


@pytest.mark.parametrize(
    "text",
    ["", "[]", "5", "{}", '{"pid": 1}', '{"pid": "x", "port": 1, "authenticate": true}', '{"pid": 1, "port": null}'],
)
def test_an_unreadable_port_file_names_no_server(tmp_path: Path, text: str) -> None:
    paths = DataPaths(tmp_path)
    assert read_port_file(paths) is None
    paths.port_file.write_text(text)
    assert read_port_file(paths) is None
    assert find_running_uri(tmp_path) is None


@pytest.mark.parametrize("port", [None, 27017])
def test_a_port_file_is_read_as_it_was_written(tmp_path: Path, port: int | None) -> None:
    running = RunningServer(pid=7, port=port, authenticate=False)
    write_port_file(DataPaths(tmp_path), running)
    assert read_port_file(DataPaths(tmp_path)) == running


def test_a_private_file_is_replaced_and_readable_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    (tmp_path / "file.new").write_text("left by a crash")
    write_private_file(path, "new ü")
    assert (path.read_text("utf-8"), path.stat().st_mode & 0o777) == ("new ü", 0o600)
    assert list(tmp_path.iterdir()) == [path]


@given(some.text(min_size=1))
def test_any_password_can_be_part_of_the_uri(password: str) -> None:
    parsed = parse_uri(make_uri(27017, password))
    assert (parsed["username"], parsed["password"], parsed["nodelist"]) == ("tocsin", password, [("127.0.0.1", 27017)])


def test_without_a_password_the_uri_has_no_login() -> None:
    parsed = parse_uri(make_uri(27017, None))
    assert (parsed["username"], parsed["password"], parsed["options"].get("authSource")) == (None, None, None)
    assert parsed["options"]["retryWrites"] is False
