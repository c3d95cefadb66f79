import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from pymongo import AsyncMongoClient
from structlog.testing import LogCapture

from tests.harness import wait_until
from tocsin.embedded import EmbeddedDatabase, heartbeat

OWNER = """
import asyncio, sys
from pathlib import Path
from tocsin.embedded import EmbeddedDatabase, heartbeat

heartbeat.PATIENCE_SECONDS, heartbeat.ROUND_SECONDS = 2.0, 0.2

async def run():
    database = EmbeddedDatabase(Path(sys.argv[1]))
    await database.start()
    while True:
        print("server", database.pid, database.restarts, flush=True)
        await asyncio.sleep(0.2)

asyncio.run(run())
"""
TRACED = "import ctypes, time; ctypes.CDLL(None).ptrace(0, 0, 0, 0); print('traced', flush=True); time.sleep(60)"


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> LogCapture:
    """Capture the log of a heartbeat with short rounds."""
    capture = LogCapture()
    monkeypatch.setattr(heartbeat, "log", structlog.wrap_logger(None, processors=[capture]))
    monkeypatch.setattr(heartbeat, "ROUND_SECONDS", 0.1)
    return capture


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedDatabase]:
    database = EmbeddedDatabase(tmp_path / "data")
    await database.start()
    yield database
    await database.stop()


async def write(uri: str) -> None:
    async with AsyncMongoClient[dict[str, int]](uri, serverSelectionTimeoutMS=20_000) as client:
        await client["app"]["things"].insert_one({"number": 1})


async def count(uri: str) -> int:
    async with AsyncMongoClient[dict[str, int]](uri, serverSelectionTimeoutMS=20_000) as client:
        return await client["app"]["things"].count_documents({})


def warnings(logged: LogCapture) -> list[str]:
    return [entry["event"] for entry in logged.entries]


async def test_a_server_that_hangs_for_long_is_replaced_and_no_acknowledged_write_is_lost(
    server: EmbeddedDatabase, logged: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(server.uri)
    uri, hung = server.uri, server.pid
    assert hung is not None
    monkeypatch.setattr(heartbeat, "HANG_SECONDS", 1.0)
    os.kill(hung, signal.SIGSTOP)

    async def replaced() -> bool:
        return server.restarts == 1

    await wait_until(replaced, 30)
    assert server.pid != hung
    assert server.uri == uri
    assert await count(uri) == 1
    assert warnings(logged) == ["the embedded database does not answer"]


async def test_a_server_that_hangs_for_a_moment_goes_on(
    server: EmbeddedDatabase, logged: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = server.pid
    assert pid is not None
    monkeypatch.setattr(heartbeat, "HANG_SECONDS", 30.0)
    monkeypatch.setattr(heartbeat, "ROUND_SECONDS", 4.0)  # so that two rounds are enough to be warned
    monkeypatch.setattr(heartbeat, "add_silence", lambda silent, elapsed: silent + 15.0)
    os.kill(pid, signal.SIGSTOP)

    async def warned() -> bool:
        return bool(warnings(logged))

    await wait_until(warned, 20)
    os.kill(pid, signal.SIGCONT)
    await write(server.uri)
    assert (server.pid, server.restarts) == (pid, 0)


async def test_a_process_that_was_stopped_itself_does_not_take_that_time_for_silence(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", OWNER, str(tmp_path / "data")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as owner:
        assert owner.stdout is not None
        try:
            lines = (line for line in owner.stdout if line.startswith("server"))
            before = next(lines)
            server = int(before.split()[1])
            for pid in (server, owner.pid):
                os.kill(pid, signal.SIGSTOP)
            time.sleep(2.5)
            for pid in (owner.pid, server):
                os.kill(pid, signal.SIGCONT)
            assert {next(lines) for _ in range(8)} == {before}
        finally:
            owner.kill()


def test_a_round_that_took_an_hour_was_not_spent_listening() -> None:
    assert heartbeat.add_silence(1.0, 0.5) == 1.5
    assert heartbeat.add_silence(1.0, 3600.0) == 1.0 + 2 * heartbeat.ROUND_SECONDS


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who is traced")
def test_a_process_under_a_debugger_is_known() -> None:
    with subprocess.Popen([sys.executable, "-c", TRACED], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "traced\n"
            assert heartbeat.is_debugged(process.pid)
            assert not heartbeat.is_debugged(os.getppid())
        finally:
            process.kill()
    assert not heartbeat.is_debugged(process.pid)


async def test_a_server_that_listens_but_never_answers_counts_as_silent(
    monkeypatch: pytest.MonkeyPatch, logged: LogCapture
) -> None:
    monkeypatch.setattr(heartbeat, "HANG_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        async with asyncio.timeout(10):
            assert await heartbeat.wait_until_hung(mute.getsockname()[1], os.getpid()) >= 0.3
    assert warnings(logged) == ["the embedded database does not answer"]
