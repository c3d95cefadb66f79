"""The server is restarted whenever it ends."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
import structlog
from pymongo import AsyncMongoClient
from structlog.testing import LogCapture

from tests.embedded.servers import count, started, until
from tocsin.embedded import EmbeddedDatabase, find_running_uri, supervisor
from tocsin.embedded.data_directory import DataPaths
from tocsin.embedded.lock import find_lock_holder


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
    logged = LogCapture()
    monkeypatch.setattr(supervisor, "log", structlog.wrap_logger(None, processors=[logged]))
    async with started(data) as server:
        assert server.pid is not None
        with occupied(server.uri, server.pid):
            await until(lambda: sum("could not be restarted" in entry["event"] for entry in logged.entries) == 2)
        waits = [entry["next_try_s"] for entry in logged.entries if "next_try_s" in entry]
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
