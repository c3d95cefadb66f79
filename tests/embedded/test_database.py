"""The embedded database: started, found, locked, stopped, and left by a killed parent."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymongo.errors import OperationFailure

from tests.embedded.servers import count, insert, refused, started, until
from tocsin.embedded import EmbeddedDatabase, database, find_running_uri
from tocsin.embedded.binary import find_binary
from tocsin.embedded.data_directory import DataPaths
from tocsin.embedded.lock import find_lock_holder
from tocsin.embedded.server_process import build_environment
from tocsin.errors import EmbeddedDatabaseError

OWNER = """
import asyncio, sys, threading
from pathlib import Path
from tocsin.embedded import EmbeddedDatabase

async def run():
    database = EmbeddedDatabase(Path(sys.argv[1]))
    await database.start()
    print(database.pid, flush=True)
    await asyncio.sleep(60)

if sys.argv[2] == "main":
    asyncio.run(run())
else:  # where there is no death signal: other threads, other systems
    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    thread.join()
"""


@contextmanager
def owner(directory: Path, thread: str = "main") -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run the database of this directory in another process, and yield that process and its server's pid."""
    arguments = [sys.executable, "-c", OWNER, str(directory), thread]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            line = b""
            while not line.strip().isdigit():
                line = process.stdout.readline()
                assert line, "the owner ended"
            yield process, int(line)
        finally:
            process.kill()


async def test_the_first_start_creates_private_files_and_requires_the_password(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "data"
    async with started(directory) as server:
        for path in (directory, directory / "database"):
            assert path.stat().st_mode & 0o777 == 0o700
        for name in ("password", "instance.json", "running.json", "lock"):
            assert (directory / f"database.{name}").stat().st_mode & 0o777 == 0o600
        assert await count(server.uri) == 0
        host = server.uri.split("@")[1].split("/")[0]
        for login in ("", "tocsin:wrong@"):
            with pytest.raises(OperationFailure, match="authenticat"):
                await count(f"mongodb://{login}{host}/")


async def test_without_authentication_there_is_no_password(tmp_path: Path) -> None:
    server = EmbeddedDatabase(tmp_path, authenticate=False)
    await server.start()
    try:
        assert "@" not in server.uri
        assert find_running_uri(tmp_path) == server.uri
        await insert(server.uri, 1)
    finally:
        await server.stop()
    assert not (tmp_path / "database.password").exists()
    async with started(tmp_path) as locked:
        assert "@" in locked.uri
        assert await count(locked.uri) == 1


async def test_data_survives_stop_and_start_and_a_command_beside_it_finds_the_server(data: Path) -> None:
    assert find_running_uri(data) is None
    async with started(data) as server:
        assert find_running_uri(data) == server.uri
        assert await count(server.uri) == 3
        pid = server.pid
        assert pid is not None
    await server.stop()
    assert find_running_uri(data) is None
    assert find_lock_holder(DataPaths(data).storage_lock) is None
    assert not (data / "database.running.json").exists()
    with pytest.raises(EmbeddedDatabaseError, match="not running"):
        _ = server.uri


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
async def test_the_server_ends_with_a_killed_parent(data: Path) -> None:
    with owner(data) as (parent, pid):
        assert find_lock_holder(DataPaths(data).storage_lock) == pid
        parent.kill()
        await until(lambda: find_lock_holder(DataPaths(data).storage_lock) is None)


@pytest.mark.parametrize("thread", ["main", "other"])
async def test_the_next_start_replaces_the_server_of_a_killed_parent(data: Path, thread: str) -> None:
    with owner(data, thread) as (parent, pid):
        parent.kill()
        parent.wait()
        async with started(data) as server:
            assert server.pid != pid
            assert await count(server.uri) == 3


async def test_a_second_process_in_the_directory_learns_at_once_which_one_uses_it(data: Path) -> None:
    with owner(data) as (parent, _):
        began = time.monotonic()
        message = await refused(data)
        assert time.monotonic() - began < 1.5
        uri = find_running_uri(data)
        assert uri is not None
        assert "in use by another process" in message
        assert f"process {parent.pid}" in message
        assert "port " + uri.split(":")[-1].split("/")[0] in message


async def test_a_second_one_in_the_same_process_is_refused_and_the_first_goes_on(data: Path) -> None:
    async with started(data) as server:
        assert f"process {os.getpid()}" in await refused(data)
        assert await count(server.uri) == 3
        assert find_running_uri(data) == server.uri


async def test_a_server_started_by_hand_is_left_alone(data: Path) -> None:
    arguments = [str(find_binary()), "--port", "0", "--log-file-max", "16MB"]
    arguments += ["--storage-path", str(data / "database")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, env=build_environment("process")) as stranger:
        assert stranger.stdout is not None
        while b"listening" not in (line := stranger.stdout.readline()):
            assert line
        message = await refused(data)
        assert stranger.poll() is None
        stranger.kill()
    assert f"process {stranger.pid}" in message


async def test_an_interrupted_first_start_is_taken_up_again(data: Path) -> None:
    (data / "database.instance.json").unlink()
    async with started(data) as server:
        assert await count(server.uri) == 3
    assert (data / "database.instance.json").exists()


async def test_a_program_that_never_listens_fails_the_start(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho thinking\nexec sleep 60\n")
    monkeypatch.setattr(database, "find_binary", lambda: program)
    with pytest.raises(EmbeddedDatabaseError, match="cannot be run, permission denied"):
        await EmbeddedDatabase(data).start()
    program.chmod(0o700)
    monkeypatch.setattr(database, "START_SECONDS", 0.5)
    assert "did not start within 0.5 s, its last output was: thinking" in await refused(data)
