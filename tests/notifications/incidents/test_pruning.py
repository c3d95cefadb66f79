"""Old incidents are deleted with their alerts; what lasts, and what is not told yet, stays."""

from datetime import timedelta
from typing import Any

from tests.notifications.incidents.samples import incident
from tests.notifications.incidents.world import World
from tocsin.documents import Database, ErrorKind
from tocsin.notifications.incidents.pruning import prune_incidents

DAY = timedelta(days=1)


async def test_incidents_are_kept_a_day_longer_than_notifications(database: Database) -> None:
    world = World(database)
    await world.add_tasks("a", "b", "c", "d", alert_after=1)
    await world.database.tasks.update_one({"_id": "u1/d"}, {"$set": {"alert_after": 9}})
    for name in "abcd":
        await world.end(name, "FAILED", ErrorKind.JOB)
    await world.end("a", "COMPLETED")
    await world.pass_time(2 * DAY)
    await world.end("b", "COMPLETED")

    async def left() -> tuple[list[str], list[str]]:
        return [each["_id"] for each in await world.incidents()], [each["_id"] for each in await world.alerts()]

    await prune_incidents(database, "u2", world.now + 9 * DAY)
    await prune_incidents(database, "u1", world.now - DAY)
    assert await left() == (["u1/a:0", "u1/b:0", "u1/c:0"], ["u1/a:0", "u1/b:0", "u1/c:0", "u1/d:0"])
    await prune_incidents(database, "u1", world.now - DAY / 2)
    assert await left() == (["u1/b:0", "u1/c:0"], ["u1/b:0", "u1/c:0"])
    await prune_incidents(database, "u1", world.now + 9 * DAY)
    assert await left() == (["u1/c:0"], ["u1/c:0"])


async def test_news_that_waits_to_be_told_keeps_its_incident(database: Database) -> None:
    over: Any = {"open": False, "over_at": incident()["opened_at"], "untold": "RECOVERED"}
    await database.incidents.insert_one(incident(**over))
    await prune_incidents(database, "u1", over["over_at"] + 9 * DAY)
    assert await database.incidents.count_documents({}) == 1
