"""The short memory of statuses: one reading for a crowd, none of them for ever."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.harness import wait_until
from tocsin.public_links.cache import StatusCache
from tocsin.public_links.status import PublicState, PublicStatus

STATUS = PublicStatus("a", PublicState.PASSING, [], [], None, datetime(2026, 3, 1, tzinfo=UTC))


class Reader:
    """Counts readings, which wait until they are released."""

    def __init__(self, result: PublicStatus | None = STATUS) -> None:
        self.count, self.result, self.released = 0, result, asyncio.Event()
        self.error: Exception | None = None
        self.released.set()

    async def read(self, _: str) -> PublicStatus | None:
        self.count += 1
        await self.released.wait()
        if self.error is not None:
            raise self.error
        return self.result


async def test_viewers_who_come_at_once_wait_for_one_reading() -> None:
    reader = Reader()
    reader.released.clear()
    cache = StatusCache(reader.read)
    viewers = [asyncio.ensure_future(cache.get("a")) for _ in range(10)]
    viewers[0].cancel()
    await asyncio.sleep(0)
    reader.released.set()
    results = await asyncio.gather(*viewers, return_exceptions=True)
    assert (results[1:], reader.count) == ([STATUS] * 9, 1)


@pytest.mark.parametrize("result", [STATUS, None], ids=["status", "none"])
async def test_a_reading_is_shown_again_until_it_is_old_or_forgotten(result: PublicStatus | None) -> None:
    reader = Reader(result)
    cache = StatusCache(reader.read, seconds=60)
    assert [await cache.get("a") for _ in range(3)] == [result] * 3
    assert reader.count == 1
    cache.forget("a")
    await cache.get("a")
    assert reader.count == 2
    short = StatusCache(reader.read, seconds=0.01)
    await short.get("a")

    async def is_read_again() -> bool:
        await short.get("a")
        return reader.count > 3

    await wait_until(is_read_again)


async def test_a_failure_is_not_remembered() -> None:
    reader = Reader()
    reader.error = RuntimeError("no database")
    cache = StatusCache(reader.read)
    with pytest.raises(RuntimeError):
        await cache.get("a")
    reader.error = None
    assert await cache.get("a") == STATUS


async def test_the_memory_is_bounded() -> None:
    reader = Reader()
    cache = StatusCache(reader.read)
    for number in range(1_001):
        await cache.get(str(number))
    await cache.get("1000")
    assert reader.count == 1_001
    await cache.get("0")
    assert reader.count == 1_002
