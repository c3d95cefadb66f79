"""Old incidents are deleted with their alerts; what lasts, and what is not told yet, stays."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.commands import CommandLog, logged
from tests.notifications.incidents.samples import incident
from tests.notifications.incidents.world import MINUTE, World, names
from tocsin.documents import Database, ErrorKind
from tocsin.notifications.incidents import listing, pruning
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


async def flap(world: World, count: int, *names: str) -> None:
    """Let tasks fail and work again so often, with a minute between."""
    for _ in range(count):
        for status in ("FAILED", "COMPLETED"):
            for name in names:
                await world.end(name, status, ErrorKind.JOB)
            await world.pass_time(MINUTE)


async def counts(world: World, incident_id: str) -> tuple[int, int, Any]:
    found = (await listing.count_alerts(world.database, [incident_id]))[incident_id]
    return found.subjects, found.failures, found.last_failure_at


async def flapping_incident(database: Database) -> tuple[World, str]:
    """Return a world with an open incident of six alerts that ended, and one that did not."""
    world = World(database)
    await world.add_tasks("a", alert_after=1)
    await flap(world, 6, "a")
    await world.end("a", "FAILED", ErrorKind.JOB)
    await world.pass_time(MINUTE)
    (found,) = await world.incidents()
    assert found["open"]
    return world, found["_id"]


async def test_alerts_of_a_flapping_incident_are_deleted_and_go_on_to_count(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, incident_id = await flapping_incident(database)
    before = await counts(world, incident_id)
    assert before[:2] == (1, 7)
    monkeypatch.setattr(pruning, "MAX_KEPT", 3)
    monkeypatch.setattr("tocsin.notifications.incidents.pruning.clock.now", lambda: world.now)
    await prune_incidents(database, "u1", world.now - 30 * DAY)
    assert len(await world.alerts()) == 7  # too young
    monkeypatch.setattr("tocsin.notifications.incidents.pruning.clock.now", lambda: world.now + DAY)
    await prune_incidents(database, "u1", world.now - 30 * DAY)
    kept = [(each["number"], each["open"]) for each in await world.alerts()]
    assert kept == [(4, False), (5, False), (6, True)]
    assert await counts(world, incident_id) == before
    await prune_incidents(database, "u1", world.now + 9 * DAY)  # all that ended is old
    assert [each["number"] for each in await world.alerts()] == [6]
    assert await counts(world, incident_id) == before


async def test_open_incidents_are_looked_at_together(database: Database) -> None:
    async def count(incidents: int) -> Counter[str]:
        opened = [incident(_id=f"u1/{name}:0", owner="u1") for name in names(incidents)]
        await database.incidents.insert_many(opened)
        log = CommandLog()
        async with logged(database, log) as counted:
            await prune_incidents(counted, "u1", incident()["opened_at"])
        await database.incidents.delete_many({})
        return log.count("alerts", "incidents")

    assert await count(60) == await count(2)


@pytest.mark.parametrize("broken", ["delete", "clear"])
async def test_a_crash_while_alerts_are_deleted_counts_them_once(
    database: Database, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    world, incident_id = await flapping_incident(database)
    before = await counts(world, incident_id)
    delete = pruning._delete

    async def crash(collection: Any, ids: Any) -> None:
        if ids:
            if broken == "clear":
                await delete(collection, ids)
            raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(pruning, "_delete", crash)
        with pytest.raises(RuntimeError):
            await prune_incidents(database, "u1", world.now + 9 * DAY)
    assert await counts(world, incident_id) == before
    await prune_incidents(database, "u1", world.now + 9 * DAY)
    await prune_incidents(database, "u1", world.now + 9 * DAY)
    assert await counts(world, incident_id) == before
    await flap(world, 1, "a")
    await prune_incidents(database, "u1", world.now + 9 * DAY)
    assert (await world.the_incident())["pruned"]["alerts"] == []
    assert (await counts(world, incident_id))[:2] == (1, before[1] + 1)


async def test_two_processes_count_deleted_alerts_once(database: Database) -> None:
    world, incident_id = await flapping_incident(database)
    before = await counts(world, incident_id)
    await asyncio.gather(*(prune_incidents(database, "u1", world.now + 9 * DAY) for _ in range(4)))
    await prune_incidents(database, "u1", world.now + 9 * DAY)
    assert len(await world.alerts()) == 1
    assert await counts(world, incident_id) == before


async def test_the_end_of_a_flapping_incident_names_each_task_once(database: Database) -> None:
    world, _ = await flapping_incident(database)
    await world.end("a", "COMPLETED")
    await world.pass_time(DAY)
    over = await world.the_incident()
    assert not over["open"]
    assert (len(over["subjects"]), over["subject_count"]) == (1, 1)
