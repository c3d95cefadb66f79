"""Reads that are made once for all who ask."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tocsin.notifications.inbox.shared_reads import JoinedReads, LatestRead

Ask = Callable[[], Coroutine[Any, Any, tuple[int, int]]]


class Reader:
    """A read that ends when it is let, and returns its number with its argument."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun: list[int] = []
        self.gate = asyncio.Event()
        self._error = error

    async def read(self, argument: int) -> tuple[int, int]:
        self.begun.append(argument)
        number = len(self.begun)
        await self.gate.wait()
        if self._error is not None:
            raise self._error
        return number, argument


async def no_pause() -> None: ...


async def settle(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def test_who_asks_gets_a_read_that_begins_later_with_all_others() -> None:
    reader = Reader()
    shared = LatestRead(reader.read, min, no_pause)
    first = [asyncio.create_task(shared.read_next(number)) for number in (5, 3, 4)]
    await settle(lambda: reader.begun)
    second = [asyncio.create_task(shared.read_next(number)) for number in (9, 7)]
    await asyncio.sleep(0)
    assert reader.begun == [3]
    reader.gate.set()
    assert await asyncio.gather(*first) == [(1, 3)] * 3
    assert await asyncio.gather(*second) == [(2, 7)] * 2


async def test_who_leaves_does_not_end_the_read_of_the_others() -> None:
    reader = Reader()
    shared, joined = LatestRead(reader.read, min, no_pause), JoinedReads()
    asks: list[Ask] = [lambda: shared.read_next(1), lambda: joined.read("key", lambda: reader.read(1))]
    for ask in asks:
        reader.gate.clear()
        leaving, staying = asyncio.create_task(ask()), asyncio.create_task(ask())
        reader.begun.clear()
        await settle(lambda: reader.begun)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        reader.gate.set()
        assert (await staying)[1] == 1


async def test_all_get_the_error_and_the_next_read_is_a_new_one() -> None:
    reader = Reader(LookupError("away"))
    reader.gate.set()
    shared, joined = LatestRead(reader.read, min, no_pause), JoinedReads()
    asks: list[Ask] = [lambda: shared.read_next(1), lambda: joined.read("key", lambda: reader.read(1))]
    for ask in asks:
        begun = len(reader.begun)
        results = await asyncio.gather(ask(), ask(), return_exceptions=True)
        assert [type(each) for each in results] == [LookupError] * 2
        with pytest.raises(LookupError):
            await ask()
        assert len(reader.begun) == begun + 2


async def test_reads_with_a_key_are_joined_while_they_are_in_progress() -> None:
    reader, joined = Reader(), JoinedReads()
    asked = [asyncio.create_task(joined.read(key, lambda: reader.read(0))) for key in ("a", "b", "a", "b")]
    await settle(lambda: len(reader.begun) == 2)
    reader.gate.set()
    assert await asyncio.gather(*asked) == [(1, 0), (2, 0), (1, 0), (2, 0)]
    assert await joined.read("a", lambda: reader.read(0)) == (3, 0)
    await settle(lambda: not joined._reading)
