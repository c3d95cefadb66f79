"""The turns of an owner's readers: one at a time, and not too often."""

import asyncio

import pytest

from tocsin.documents import Database
from tocsin.events import Fanout
from tocsin.notifications.inbox import turns
from tocsin.notifications.inbox.turns import BURST, ReadTurns, turns_of


async def read(taken: ReadTurns, patience: float | None = None) -> None:
    async with taken.take(patience):
        pass


async def is_read_at_once(taken: ReadTurns) -> bool:
    """Tell whether a read needs no more than some turns of the event loop."""
    reading = asyncio.create_task(read(taken))
    for _ in range(20):
        await asyncio.sleep(0)
    is_done = reading.done()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    return is_done


@pytest.fixture(autouse=True)
def _reads_are_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "READS_PER_SECOND", 1e-6)


async def test_several_readers_read_often_only_at_first() -> None:
    taken = ReadTurns()
    taken.readers = 2
    assert [await is_read_at_once(taken) for _ in range(BURST + 2)] == [True] * BURST + [False, False]
    taken.readers = 1
    assert await is_read_at_once(taken)


async def test_a_single_reader_reads_when_it_wants_and_owes_nothing_for_that() -> None:
    taken = ReadTurns()
    taken.readers = 1
    assert all([await is_read_at_once(taken) for _ in range(5 * BURST)])
    taken.readers = 2
    assert [await is_read_at_once(taken) for _ in range(BURST)] == [True] * BURST


async def test_one_reads_at_a_time_but_who_has_no_patience_reads_anyway() -> None:
    taken = ReadTurns()
    async with taken.take():
        assert not await is_read_at_once(taken)
        await read(taken, 0)
        assert not await is_read_at_once(taken)
    assert await is_read_at_once(taken)


async def test_each_owner_has_turns_as_long_as_somebody_reads(database: Database) -> None:
    fanout = Fanout(database, lambda _: None)
    of_alice = turns_of(fanout, "alice")
    of_alice.readers = 3
    assert turns_of(fanout, "alice") is of_alice
    assert turns_of(fanout, "bob").readers == turns_of(Fanout(database, lambda _: None), "alice").readers == 0
    del of_alice
    assert turns_of(fanout, "alice").readers == 0
