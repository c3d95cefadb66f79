"""Queued deliveries as they are stored, listed and deleted."""

from datetime import timedelta

from tests.notifications.helpers import (
    START,
    mail,
)
from tocsin import clock
from tocsin.documents import Database
from tocsin.notifications.deliveries import enqueue_deliveries, list_newest, prune_deliveries


async def test_newest_looks_back_as_far_as_it_must(database: Database) -> None:
    ages = [timedelta(0), timedelta(minutes=5), timedelta(days=2), timedelta(days=900), timedelta(days=15_000)]
    for number, age in enumerate(ages):
        await enqueue_deliveries(database, [mail(f"u1/t{number}:0:began")], START - age)
    for limit in (1, 2, 3, 4, 5, 6):
        found = await list_newest(database, limit, START)
        assert [each["_id"] for each in found] == [f"u1/t{number}:0:began" for number in range(min(limit, 5))]


async def test_newest_of_nothing(database: Database) -> None:
    assert await list_newest(database, 10, clock.now()) == []


async def test_forget_deletes_what_is_older(database: Database) -> None:
    old = [mail(f"u1/t{number}:0:began") for number in range(600)]
    await enqueue_deliveries(database, old, START - timedelta(days=1))
    await database.deliveries.update_many({}, {"$set": {"status": "DELIVERED"}})
    await enqueue_deliveries(database, [mail("u1/t1:2:began")], START - timedelta(days=1))  # still to be sent
    await enqueue_deliveries(database, [mail("u1/t1:1:began")], START)
    assert await prune_deliveries(database, START) == 600
    assert [each["_id"] for each in await list_newest(database, 10, START)] == ["u1/t1:1:began", "u1/t1:2:began"]
    assert await prune_deliveries(database, START) == 0
