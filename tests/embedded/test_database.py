import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path

import pytest
import structlog
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure
from structlog.testing import LogCapture

from tocsin.embedded import EmbeddedDatabase, admin_commands, database, find_running_uri, server_process, supervisor
from tocsin.embedded.binary import find_binary
from tocsin.embedded.data_directory import DataPaths, RunningServer, write_port_file
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


@asynccontextmanager
async def started(directory: Path) -> AsyncIterator[EmbeddedDatabase]:
    server = EmbeddedDatabase(directory)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def count(uri: str) -> int:
    async with AsyncMongoClient[dict[str, int]](uri, serverSelectionTimeoutMS=5000) as client:
        return await client["app"]["things"].count_documents({})


async def insert(uri: str, documents: int) -> None:
    async with AsyncMongoClient[dict[str, int]](uri, serverSelectionTimeoutMS=5000) as client:
        for number in range(documents):
            await client["app"]["things"].insert_one({"number": number})


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory with 3 documents and a stopped server, which tests must copy before use."""

    async def make() -> None:
        async with started(directory) as server:
            await insert(server.uri, 3)

    directory = tmp_path_factory.mktemp("embedded") / "data"
    asyncio.run(make())
    return directory


@pytest.fixture
def data(stopped: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stopped, tmp_path / "data"))


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


async def refused(directory: Path) -> str:
    """Return the error of a refused start, which must come soon and leave nothing running."""
    server = EmbeddedDatabase(directory)
    async with asyncio.timeout(8):
        with pytest.raises(EmbeddedDatabaseError) as error:
            await server.start()
    assert server.pid is None
    assert str(directory) in str(error.value)
    return str(error.value)


async def test_first_start_makes_private_files_and_lets_in_only_who_has_the_password(tmp_path: Path) -> None:
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


async def test_without_authentication_no_password_is_asked_or_made(tmp_path: Path) -> None:
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


async def test_a_port_file_that_outlived_its_server_is_not_believed(data: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as stranger:
        port = stranger.getsockname()[1]
        write_port_file(DataPaths(data), RunningServer(pid=os.getpid(), port=port, authenticate=True))
        assert find_running_uri(data) is None


async def test_a_killed_server_comes_back_on_its_port_with_every_acknowledged_write(data: Path) -> None:
    async with started(data) as server:
        uri, killed = server.uri, server.pid
        assert killed is not None
        async with AsyncMongoClient[dict[str, int]](uri, serverSelectionTimeoutMS=8000) as client:
            things = client["app"]["things"]
            for number in range(200):
                await things.insert_one({"number": number})
            os.kill(killed, signal.SIGKILL)
            assert await things.count_documents({}) == 203
            await things.insert_one({"number": -1})
        await until(lambda: server.restarts == 1)
        assert server.uri == uri
        assert server.pid not in (killed, None)
        assert find_running_uri(data) == uri


@contextmanager
def occupied(uri: str, pid: int) -> Iterator[None]:
    """Kill the server and take its port before the restart."""
    address = ("127.0.0.1", int(uri.split(":")[-1].split("/")[0]))
    os.kill(pid, signal.SIGKILL)
    with closing(socket.socket()) as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for _ in range(5000):  # blocks the loop on purpose: its supervisor must not come first
            with suppress(OSError):
                thief.bind(address)
                break
            time.sleep(0.001)
        thief.listen()
        yield


async def test_while_its_port_is_taken_it_tries_again_and_says_so(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = LogCapture()
    monkeypatch.setattr(supervisor, "log", structlog.wrap_logger(None, processors=[said]))
    async with started(data) as server:
        assert server.pid is not None
        with occupied(server.uri, server.pid):
            await until(lambda: sum("could not be restarted" in entry["event"] for entry in said.entries) == 2)
        waits = [entry["next_try_s"] for entry in said.entries if "next_try_s" in entry]
        assert waits == sorted(set(waits))
        await until(lambda: server.restarts == 1)
        assert await count(server.uri) == 3


async def test_it_can_be_stopped_while_it_cannot_come_back(data: Path) -> None:
    server = EmbeddedDatabase(data)
    await server.start()
    assert server.pid is not None
    with occupied(server.uri, server.pid):
        await until(lambda: server.pid is None)
        async with asyncio.timeout(5):
            await server.stop()
    assert find_lock_holder(DataPaths(data).storage_lock) is None


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
async def test_a_killed_parent_takes_the_server_along(data: Path) -> None:
    with owner(data) as (parent, pid):
        assert find_lock_holder(DataPaths(data).storage_lock) == pid
        parent.kill()
        await until(lambda: find_lock_holder(DataPaths(data).storage_lock) is None)


@pytest.mark.parametrize("thread", ["main", "other"])
async def test_the_next_start_outlives_what_a_killed_parent_left(data: Path, thread: str) -> None:
    with owner(data, thread) as (parent, pid):
        parent.kill()
        parent.wait()
        async with started(data) as server:
            assert server.pid != pid
            assert await count(server.uri) == 3


async def test_a_second_tocsin_on_the_directory_is_told_at_once_who_has_it(data: Path) -> None:
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


@pytest.mark.parametrize("lost", ["WiredTiger.turtle", "WiredTiger", "secantus_documents_*.wt", "WiredTigerLog.*", "*"])
async def test_deleted_database_files_are_told_and_nothing_is_made_in_their_place(data: Path, lost: str) -> None:
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
async def test_garbage_in_a_file_is_told(data: Path, name: str) -> None:
    found = next((data / "database").glob(name))
    found.write_bytes(b"garbage " * 5000)
    assert "is damaged" in await refused(data)


async def test_a_garbled_marker_is_told(data: Path) -> None:
    (data / "database.instance.json").write_text("[]")
    assert "database.instance.json is unreadable" in await refused(data)


async def test_another_database_than_the_marker_names_is_refused(data: Path) -> None:
    marker = data / "database.instance.json"
    marker.write_text(json.dumps(json.loads(marker.read_text()) | {"instance": "another"}))
    assert "belong to another installation" in await refused(data)


async def test_a_password_that_does_not_fit_is_told_and_deleting_it_sets_a_new_one(data: Path) -> None:
    password = data / "database.password"
    right = password.read_text()
    password.write_text("wrong")
    assert "refuses the password in database.password" in await refused(data)
    password.unlink()
    async with started(data) as server:
        assert password.read_text() not in ("wrong", right)
        assert await count(server.uri) == 3


async def test_an_interrupted_first_start_is_taken_up_again(data: Path) -> None:
    (data / "database.instance.json").unlink()
    async with started(data) as server:
        assert await count(server.uri) == 3
    assert (data / "database.instance.json").exists()


async def test_a_server_that_hangs_on_its_first_command_is_started_once_more(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, real, seen = EmbeddedDatabase(data), admin_commands.end_sessions, list[int]()

    async def freeze_first(uri: str) -> None:
        assert server.pid is not None
        seen.append(server.pid)
        if len(seen) == 1:
            os.kill(server.pid, signal.SIGSTOP)
        await real(uri)

    monkeypatch.setattr(admin_commands, "end_sessions", freeze_first)
    monkeypatch.setattr(admin_commands, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(server_process, "STOP_SECONDS", 0.2)
    await server.start()
    try:
        assert len(set(seen)) == 2
        assert await count(server.uri) == 3
    finally:
        await server.stop()


async def test_a_directory_that_is_a_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_text("I am a file")
    assert "is not a directory" in await refused(file)
    assert "not a directory" in await refused(file / "below")


@pytest.mark.skipif(sys.platform != "linux", reason="a place where even root makes no directory")
async def test_a_directory_that_cannot_be_made_is_told() -> None:
    assert "cannot be used" in await refused(Path("/proc/tocsin"))


async def test_a_program_that_never_listens_is_given_up(
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
