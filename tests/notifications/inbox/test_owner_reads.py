"""The reads of an owner's readers over the real database: shared where they can be, without gap or repetition."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest

from tests.commands import CommandLog, logged
from tests.notifications.inbox.test_reader import DAY, row
from tocsin import clock
from tocsin.clock import truncate_to_milliseconds
from tocsin.documents import Database, User
from tocsin.notifications.inbox import sections, turns
from tocsin.notifications.inbox.owner_reads import PAGE_SIZE, OwnerReads
from tocsin.notifications.inbox.positions import FeedPosition, decode_position
from tocsin.notifications.inbox.reader import NotificationReader, find_horizon


def reader_since(database: Database, ago: timedelta) -> NotificationReader:
    return NotificationReader(database, "u1", FeedPosition.at(truncate_to_milliseconds(clock.now() - ago)))


async def read_to_the_end(reads: OwnerReads, reader: NotificationReader, limit: int) -> list[str]:
    got: list[str] = []
    while True:
        page = await reads.read_feed(reader, limit)
        got += [step.row["_id"] for step in page.steps]
        if not page.has_more:
            return got


@pytest.mark.parametrize("seed", range(4))
async def test_each_reader_gets_what_is_late_once(database: Database, seed: int) -> None:
    """Rows appear at random, with times up to four seconds before those that were read, and readers come back."""
    chance = random.Random(seed)
    reads = OwnerReads()
    stored = [row(f"old-{number}", chance.random() * DAY) for number in range(9)]
    await database.notifications.insert_many(stored)
    readers = [reader_since(database, 2 * DAY) for _ in range(6)]
    got: list[list[str]] = [[] for _ in readers]

    async def read(place: int) -> None:
        page = await reads.read_feed(readers[place], chance.choice([1, 3, 50]))
        got[place] += [step.row["_id"] for step in page.steps]
        if chance.random() < 0.3:  # it comes back with its cursor
            position = decode_position(readers[place].position.encode())
            readers[place] = NotificationReader(database, "u1", position)

    for number in range(20):
        if chance.random() < 0.6:
            ago = timedelta(seconds=chance.choice([0, chance.random() * 4]))
            rows: list[Any] = [row(f"{number}-{each}", ago) for each in range(chance.choice([1, 1, 2, 9]))]
            await database.notifications.insert_many(rows)
            stored += rows
        await asyncio.gather(*(read(place) for place in chance.sample(range(6), chance.randint(1, 6))))
    for place, reader in enumerate(readers):
        got[place] += await read_to_the_end(reads, reader, 5)
        assert sorted(got[place]) == sorted(each["_id"] for each in stored)


async def test_readers_share_a_read_wherever_they_are(database: Database) -> None:
    log = CommandLog()
    async with logged(database, log) as counted:
        await counted.notifications.insert_many([row(f"{number}", timedelta(hours=number)) for number in range(48)])
        reads, hours = OwnerReads(), [each % 4 for each in range(200)]
        readers = [reader_since(counted, timedelta(hours=each, minutes=5)) for each in hours]
        log.commands.clear()
        pages = await asyncio.gather(*(read_to_the_end(reads, reader, PAGE_SIZE) for reader in readers))
    assert [len(page) for page in pages] == [each + 1 for each in hours]
    assert log.count("notifications")["find notifications"] <= 4  # one for each position
    assert sum(log.count("notifications").values()) < 20


async def test_who_is_far_behind_reads_alone_until_it_is_at_the_head(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sections, "MAX_ROWS", 30)
    rows = [row(f"{number:03}", timedelta(minutes=200 - number)) for number in range(120)]
    await database.notifications.insert_many(rows)
    reads, reader = OwnerReads(), reader_since(database, DAY)
    assert not (await reads.read_feed(reader, 50)).steps[50:]
    assert reader.reads_alone
    assert len(await read_to_the_end(reads, reader, 50)) == 70
    assert (reader.reads_alone, reader.is_level) == (False, True)
    await database.notifications.insert_one(row("new", timedelta(0)))
    assert await read_to_the_end(reads, reader, 50) == ["u1/new"]


async def test_the_pages_of_the_unacknowledged_are_read_once_for_all_that_begin_together(
    database: Database, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "READS_PER_SECOND", 1e-6)
    await database.notifications.insert_many([row(f"{number:03}", timedelta(hours=1)) for number in range(9)])
    reads, end = OwnerReads(), FeedPosition.at(await find_horizon(database)).floor
    reads.turns.readers = 200
    async with reads.turns.take():
        asked = [asyncio.create_task(reads.read_unacknowledged(database, alice, None, end)) for _ in range(200)]
        await asyncio.sleep(0)
    pages = await asyncio.gather(*asked)
    assert [len(page) for page in pages] == [9] * 200
