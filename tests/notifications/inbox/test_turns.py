"""The turns of an owner's readers: one at a time, and not too often."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tocsin.documents import Database
from tocsin.events import Fanout
from tocsin.notifications.inbox import turns
from tocsin.notifications.inbox.owner_reads import reads_of
from tocsin.notifications.inbox.turns import BURST, REPETITION_BURST, ReadTurns, RepetitionBudget


async def read(taken: ReadTurns) -> None:
    async with taken.take():
        pass


async def is_done_at_once(read: Callable[[], Awaitable[None]]) -> bool:
    """Tell whether a read needs no more than some turns of the event loop."""
    reading = asyncio.ensure_future(read())
    for _ in range(20):
        await asyncio.sleep(0)
    is_done = reading.done()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    return is_done


@pytest.fixture(autouse=True)
def _reads_are_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "READS_PER_SECOND", 1e-6)


@pytest.fixture(params=["own", "shared"])
def taken_and_read(request: pytest.FixtureRequest) -> tuple[ReadTurns, Callable[[], Awaitable[None]]]:
    taken = ReadTurns()
    return taken, (lambda: read(taken)) if request.param == "own" else taken.wait_for_shared_read


async def test_several_readers_read_often_only_at_first(
    taken_and_read: tuple[ReadTurns, Callable[[], Awaitable[None]]],
) -> None:
    taken, reading = taken_and_read
    taken.readers = 2
    assert [await is_done_at_once(reading) for _ in range(BURST + 2)] == [True] * BURST + [False, False]
    taken.readers = 1
    assert await is_done_at_once(reading)


async def test_a_single_reader_reads_when_it_wants_and_owes_nothing_for_that(
    taken_and_read: tuple[ReadTurns, Callable[[], Awaitable[None]]],
) -> None:
    taken, reading = taken_and_read
    taken.readers = 1
    assert all([await is_done_at_once(reading) for _ in range(5 * BURST)])
    taken.readers = 2
    assert [await is_done_at_once(reading) for _ in range(BURST)] == [True] * BURST


async def test_one_reads_at_a_time_but_shared_reads_wait_for_none() -> None:
    taken = ReadTurns()
    async with taken.take():
        assert not await is_done_at_once(lambda: read(taken))
        assert await is_done_at_once(taken.wait_for_shared_read)
    assert await is_done_at_once(lambda: read(taken))


async def test_each_owner_has_reads_as_long_as_somebody_reads(database: Database) -> None:
    fanout = Fanout(database, lambda _: None)
    of_alice = reads_of(fanout, "alice")
    of_alice.turns.readers = 3
    assert reads_of(fanout, "alice") is of_alice
    others = (reads_of(fanout, "bob"), reads_of(Fanout(database, lambda _: None), "alice"))
    assert [other.turns.readers for other in others] == [0, 0]
    del of_alice
    assert reads_of(fanout, "alice").turns.readers == 0


def test_repetitions_are_many_at_once_and_few_in_the_long_run() -> None:
    budget = RepetitionBudget()
    assert [budget.take(50.0) for _ in range(REPETITION_BURST + 1)] == [True] * REPETITION_BURST + [False]
    assert [budget.take(50.1) for _ in range(11)] == [True] * 10 + [False]
    assert sum(budget.take(500.0) for _ in range(2 * REPETITION_BURST)) == REPETITION_BURST
