"""Reading notifications from a position on, over the real database, with writers that are late."""

import random
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from tests.commands import CommandLog, logged
from tocsin import clock
from tocsin.clock import truncate_to_milliseconds
from tocsin.documents import Database
from tocsin.documents.paging import MAX_FILTERED
from tocsin.documents.walks import Walk
from tocsin.errors import InvalidInput
from tocsin.notifications.inbox.positions import MAX_GIVEN, OVERLAP, FeedPosition, decode_position
from tocsin.notifications.inbox.reader import NotificationReader, find_horizon, find_present

DAY = timedelta(days=1)


def row(name: str, ago: timedelta, kind: str = "QUOTA_MET") -> Any:
    stored_at = truncate_to_milliseconds(clock.now() - ago)
    return {"_id": f"u1/{name}", "owner": "u1", "stored_at": stored_at, "kind": kind, "acknowledged": False}


async def read_all(reader: NotificationReader, limit: int) -> list[str]:
    """Read until there is no more, from a new reader for each page."""
    got: list[str] = []
    while True:
        page = await reader.read(limit)
        assert len(page.steps) <= limit
        got += [step.row["_id"] for step in page.steps]
        reader.position = decode_position(reader.position.encode())
        if not page.has_more:
            return got


@pytest.mark.parametrize("seed", range(6))
async def test_late_notifications_come_once_while_others_are_read(database: Database, seed: int) -> None:
    """Rows appear at random, with times up to four seconds before those that were read."""
    chance = random.Random(seed)
    got: list[str] = []
    old = [row(f"old-{number}", chance.random() * DAY) for number in range(9)]
    await database.notifications.insert_many(old)
    stored: list[str] = [each["_id"] for each in old]
    reader = NotificationReader(database, "u1", FeedPosition.at(truncate_to_milliseconds(clock.now() - 2 * DAY)))
    for number in range(30):
        if chance.random() < 0.6:
            ago = timedelta(seconds=chance.choice([0, chance.random() * 4]))
            rows: list[Any] = [row(f"{number}-{each}", ago) for each in range(chance.choice([1, 1, 2, 9]))]
            others: Any = {**rows[0], "_id": f"u2/{number}", "owner": "u2"}
            await database.notifications.insert_many([*rows, others])
            stored += [each["_id"] for each in rows]
        page = await reader.read(chance.choice([1, 3, 50]))
        got += [step.row["_id"] for step in page.steps]
        reader = NotificationReader(database, "u1", decode_position(reader.position.encode()))
    got += await read_all(reader, 5)
    assert sorted(got) == sorted(stored)


@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_old_notifications_are_read_in_order(database: Database, limit: int) -> None:
    rows = [row(f"{number:03}", timedelta(hours=50 - number // 4)) for number in range(120)]
    await database.notifications.insert_many(rows)
    reader = NotificationReader(database, "u1", FeedPosition.at(clock.now() - 3 * DAY))
    assert await read_all(reader, limit) == [each["_id"] for each in rows]
    assert reader.position.floor.key > clock.now() - timedelta(minutes=1)
    assert reader.position.given == frozenset()


async def test_a_flood_is_read_in_parts_as_it_gets_older(database: Database) -> None:
    rows = [row(f"{number:04}", timedelta(0)) for number in range(MAX_GIVEN + 80)]
    await database.notifications.insert_many(rows)
    reader = NotificationReader(database, "u1", FeedPosition.at(clock.now() - DAY))
    first = await read_all(reader, 100)
    assert len(first) == MAX_GIVEN
    page = await reader.read(100)
    assert (page.steps, page.has_more, page.is_full) == ([], False, True)
    for each in rows:
        older = {"$set": {"stored_at": each["stored_at"] - 2 * OVERLAP}}
        await database.notifications.update_one({"_id": each["_id"]}, older)
    assert sorted(first + await read_all(reader, 100)) == sorted(each["_id"] for each in rows)


async def test_a_page_ends_after_many_that_are_not_wanted(database: Database) -> None:
    unwanted = [row(f"{number:05}", timedelta(hours=2), "APPROVAL") for number in range(MAX_FILTERED + 500)]
    await database.notifications.insert_many([*unwanted, row("wanted", timedelta(hours=1))])
    start = FeedPosition.at(clock.now() - DAY)
    reader = NotificationReader(database, "u1", start, lambda each: each["kind"] == "QUOTA_MET")
    page = await reader.read(50)
    assert (page.steps, page.has_more) == ([], True)
    assert await read_all(reader, 50) == ["u1/wanted"]


async def test_the_present_is_after_all_that_is_visible(database: Database) -> None:
    await database.notifications.insert_many([row("old", DAY), row("new", timedelta(0))])
    present = await find_present(database, "u1")
    assert present.floor.key <= await find_horizon(database)
    await database.notifications.insert_one(row("late", timedelta(seconds=3)))
    assert await read_all(NotificationReader(database, "u1", present), 9) == ["u1/late"]


@pytest.mark.parametrize("offset", [DAY, -DAY])
async def test_a_wrong_clock_of_this_process_hides_nothing(database: Database, offset: timedelta) -> None:
    database.changes.clock_offset = offset
    reader = NotificationReader(database, "u1", await find_present(database, "u1"))
    await database.notifications.insert_many([row("1", timedelta(0)), row("2", timedelta(seconds=3))])
    assert await read_all(reader, 9) == ["u1/2", "u1/1"]
    await database.notifications.insert_one(row("3", timedelta(seconds=1)))
    assert await read_all(reader, 9) == ["u1/3"]
    assert reader.position.floor.key <= clock.now()


@pytest.mark.parametrize("ahead", [timedelta(seconds=2), DAY])
async def test_a_position_in_the_future_is_an_error(database: Database, ahead: timedelta) -> None:
    await database.notifications.insert_one(row("1", timedelta(0)))
    reader = NotificationReader(database, "u1", FeedPosition.at(clock.now() + ahead))
    with pytest.raises(InvalidInput, match="the clock of the server was set back"):
        await reader.read(9)


async def test_what_was_stored_by_a_clock_that_was_ahead_comes_once(database: Database) -> None:
    reader = NotificationReader(database, "u1", FeedPosition.at(clock.now() - DAY))
    await database.notifications.insert_many([row("ahead", -DAY), row("now", timedelta(0))])
    assert await read_all(reader, 9) == ["u1/now", "u1/ahead"]
    await database.notifications.insert_one(row("later", timedelta(0)))
    assert await read_all(reader, 9) == ["u1/later"]


async def test_a_read_that_fails_in_the_middle_loses_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = ["QUOTA_MET", "APPROVAL", "QUOTA_MET", "QUOTA_MET"]
    await database.notifications.insert_many([row(f"{at}", DAY / (at + 2), kind) for at, kind in enumerate(kinds)])
    start = FeedPosition.at(clock.now() - DAY)
    reader = NotificationReader(database, "u1", start, lambda each: each["kind"] == "QUOTA_MET")
    take, fetched = Walk.take, 0

    async def fail_later(self: Any, *given: int) -> Any:
        nonlocal fetched
        fetched += 1
        if fetched == 2:
            raise AutoReconnect("gone")
        return await take(self, *given)

    monkeypatch.setattr(Walk, "take", fail_later)
    with pytest.raises(AutoReconnect):
        await reader.read(2)
    assert await read_all(reader, 2) == ["u1/0", "u1/2", "u1/3"]


async def test_only_what_is_new_is_read_as_a_whole(database: Database) -> None:
    log = CommandLog()
    async with logged(database, log) as counted:
        reader = NotificationReader(counted, "u1", await find_present(counted, "u1"))
        await counted.notifications.insert_many([row(f"{number}", timedelta(0)) for number in range(9)])
        log.commands.clear()
        assert len(await read_all(reader, 100)) == 9
        assert log.count("notifications")["find notifications"] == 1
        log.commands.clear()
        assert await read_all(reader, 100) == []
    assert log.count("notifications").keys() == {"aggregate notifications"}


async def test_the_present_of_a_flood_is_its_end(database: Database) -> None:
    await database.notifications.insert_many([row(f"{number}", timedelta(0)) for number in range(MAX_GIVEN + 1)])
    assert await read_all(NotificationReader(database, "u1", await find_present(database, "u1")), 9) == []
