"""Rules of single tasks, and incidents of hosts: what is kept back of one task says nothing about the others."""

from datetime import timedelta
from typing import Any

import pytest

from tests.notifications.channel_helpers import add_channel
from tests.notifications.helpers import START
from tests.notifications.incidents.world import HOST, MINUTE, World
from tests.notifications.preferences.helpers import choose
from tocsin.documents import Database, DeliveryDocument
from tocsin.notifications.channels.base import DeliverySuppressed
from tocsin.notifications.incidents.alerts import review_alerts
from tocsin.notifications.preferences.gate import admit_delivery

RULES: list[dict[str, Any]] = [
    {"muted": True}, {"mailed": False}, {"channels": []}, {"kinds": ["RECOVERED"]},
]  # fmt: skip
BEGAN, FAILED, RECOVERED, CLOSED = "BEGAN_FAILING", "FAILED_FOR_GOOD", "RECOVERED", "INCIDENT_CLOSED"


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


async def deliver(database: Database, channel: str | None = None) -> list[tuple[str, str]]:
    """Let what is queued for a channel (mail) pass the gate. Return the kind and the subject of all that has passed."""
    found: list[DeliveryDocument] = await database.deliveries.find({"channel": channel}).sort("queued_at", 1).to_list()
    for each in found:
        if each["status"] == "QUEUED":
            try:
                await admit_delivery(database, each, START)
                status = "DELIVERED"
            except DeliverySuppressed:
                status = "SUPPRESSED"
            each["status"] = status  # type: ignore[typeddict-item]
            await database.deliveries.update_one({"_id": each["_id"]}, {"$set": {"status": status}})
    return [(each["kind"], each["subject"]) for each in found if each["status"] == "DELIVERED"]


@pytest.mark.parametrize("rule", RULES)
async def test_the_others_on_a_host_are_told_whatever_the_rule_of_one_is(world: World, rule: Any) -> None:
    await world.add_tasks("a", "b")
    await choose(world.database, "u1/a", **rule)
    await world.end("a", "FAILED")
    await world.pass_time(MINUTE)
    await world.end("b", "FAILED")
    await world.pass_time(MINUTE)
    told = [each for each in await deliver(world.database) if "b" in each[1].split('"')]
    assert told == [(FAILED, 'Task "b" has failed')]
    for name in ("a", "b"):
        await world.end(name, "COMPLETED")
    assert (RECOVERED, 'Task "b" works again') in await deliver(world.database)


async def test_a_muted_task_is_neither_named_nor_counted(database: Database) -> None:
    world = World(database, timedelta(seconds=10))
    await world.add_tasks("a", "b", "c")
    await choose(database, "u1/a", muted=True)
    for name in ("a", "b", "c"):
        await world.end(name, "FAILED")
    await world.pass_time(MINUTE)
    assert await deliver(database) == [(FAILED, f"2 tasks that call {HOST} have failed")]
    host = await database.incidents.find_one({"cause": "HOST"})
    assert host is not None
    assert [each["subject"] for each in host["subjects"]] == ["u1/b", "u1/c"]


async def test_a_rule_about_how_failures_are_mailed_keeps_a_task_with_its_host(database: Database) -> None:
    world = World(database, timedelta(seconds=10))
    await world.add_tasks("a", "b")
    await choose(database, "u1/a", failures="EVERY_ATTEMPT")
    for name in ("a", "b"):
        await world.end(name, "FAILED")
    await world.pass_time(MINUTE)
    assert await deliver(database) == [(FAILED, f"2 tasks that call {HOST} have failed")]


async def test_a_task_that_is_muted_while_it_fails_leaves_the_incident_of_its_host(world: World) -> None:
    await world.add_tasks("a", "b")
    await world.end("a", "RETRY")
    await world.end("b", "RETRY")
    await deliver(world.database)
    await choose(world.database, "u1/a", muted=True)
    await review_alerts(world.database, "u1/a")
    await world.keeper.keep_due()
    await world.end("a", "FAILED")
    await world.end("b", "FAILED")
    await world.end("b", "COMPLETED")
    assert await deliver(world.database) == [
        (BEGAN, 'Task "a" has started failing'),
        (FAILED, 'Task "b" has failed'),
        (RECOVERED, 'Task "b" works again'),
    ]
    await world.end("a", "COMPLETED")
    assert len(await deliver(world.database)) == 3
    assert not [each for each in await world.incidents() if each["open"]]


async def test_an_incident_whose_only_task_is_muted_is_closed_once(world: World) -> None:
    await world.add_tasks("a")
    await world.end("a", "FAILED")
    await deliver(world.database)
    await choose(world.database, "u1/a", muted=True)
    await review_alerts(world.database, "u1/a")
    await world.keeper.keep_due()
    closed = [(FAILED, 'Task "a" has failed'), (CLOSED, 'Task "a" is no longer watched')]
    assert await deliver(world.database) == closed
    await world.pass_time(16 * MINUTE)
    assert [each["cause"] for each in await world.incidents() if each["open"]] == ["TASK"]
    await world.end("a", "COMPLETED")
    assert await deliver(world.database) == closed


async def test_nothing_recovers_for_who_was_not_told_that_it_fails(world: World) -> None:
    await add_channel(world.database, "https://hooks.example.org/x", "u1/old", START)
    await world.add_tasks("a")
    await choose(world.database, "u1/a", muted=True)
    await world.end("a", "FAILED")
    assert await deliver(world.database) == []
    await world.database.notification_preferences.delete_many({})
    await world.end("a", "COMPLETED")
    assert await world.kinds() == [FAILED, RECOVERED]
    assert await deliver(world.database) == await deliver(world.database, "u1/old") == []


async def test_a_channel_that_is_added_meanwhile_is_told_of_no_recovery(world: World) -> None:
    await world.add_tasks("a")
    await world.end("a", "FAILED")
    await add_channel(world.database, "https://hooks.example.org/x", "u1/new", START)
    await add_channel(world.database, "https://hooks.example.org/x", "u1/ends", START, events=["RECOVERED"])
    await world.end("a", "COMPLETED")
    assert await deliver(world.database) == [(FAILED, 'Task "a" has failed'), (RECOVERED, 'Task "a" works again')]
    assert await deliver(world.database, "u1/new") == []
    assert await deliver(world.database, "u1/ends") == [(RECOVERED, 'Task "a" works again')]


async def test_a_recovery_is_told_where_the_opening_is_too_old_to_be_kept(world: World) -> None:
    await world.add_tasks("a")
    await world.end("a", "FAILED")
    await world.database.deliveries.delete_many({})
    await world.end("a", "COMPLETED")
    assert await deliver(world.database) == [(RECOVERED, 'Task "a" works again')]


async def test_a_task_that_is_told_alone_waits_for_the_network_as_its_host_does(database: Database) -> None:
    is_down = True

    async def check_host(host: str) -> bool:
        return host == HOST and is_down

    world = World(database, check_host=check_host)
    await world.add_tasks("a")
    await choose(database, "u1/a", mailed=False)
    await world.end("a", "FAILED")
    assert await world.told() == []
    is_down = False
    await world.pass_time(MINUTE)
    assert await world.kinds() == [FAILED]
