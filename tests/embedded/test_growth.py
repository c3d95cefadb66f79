"""The disk space and memory of a busy database stay bounded."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandListener

from tests.harness import wait_until
from tocsin.documents import RawDocument
from tocsin.embedded import EmbeddedDatabase

LIMIT_MB = 250
BATCH = 1000


class Seen(CommandListener):
    """A listener that records the sent commands."""

    def __init__(self) -> None:
        self.commands: list[RawDocument] = []

    def started(self, event: Any) -> None:
        self.commands.append(dict(event.command))

    def succeeded(self, event: Any) -> None:
        pass

    def failed(self, event: Any) -> None:
        pass


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedDatabase]:
    database = EmbeddedDatabase(tmp_path / "data")
    await database.start()
    yield database
    await database.stop()


def resident_mb(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) // 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_its_log_is_trimmed_while_it_runs_and_what_was_read_does_not_stay_in_memory(
    server: EmbeddedDatabase, tmp_path: Path
) -> None:
    async with AsyncMongoClient[RawDocument](server.uri) as client:
        things = client["app"]["things"]
        for start in range(0, 8000, BATCH):
            await things.insert_many([{"_id": start + n, "text": os.urandom(2048).hex()} for n in range(BATCH)])

        async def trimmed() -> bool:
            return len(list((tmp_path / "data" / "database").glob("WiredTigerLog.*"))) <= 3

        await wait_until(trimmed, 20)
        some = [{"$gte": start, "$lt": start + 2 * BATCH} for start in range(0, 8000 - BATCH, BATCH)]
        await asyncio.gather(*(things.find({"_id": ids}).to_list() for ids in some * 3))
        assert server.pid is not None
        assert resident_mb(server.pid) < LIMIT_MB


async def test_the_driver_does_not_ask_it_to_remember_writes(server: EmbeddedDatabase) -> None:
    seen = Seen()
    async with AsyncMongoClient[RawDocument](server.uri, event_listeners=[seen]) as client:
        await client["app"]["things"].insert_one({})
    (insert,) = [command for command in seen.commands if "insert" in command]
    assert "txnNumber" not in insert
