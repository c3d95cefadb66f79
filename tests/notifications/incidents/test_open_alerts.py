"""A process that uses the database alone asks for the alerts of those only that may have an open one."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.commands import CommandLog
from tests.notifications.incidents.test_indexes import Reads
from tests.notifications.incidents.world import MINUTE, World
from tocsin import documents
from tocsin.documents import Database, connections
from tocsin.notifications.incidents.alerts import withdraw_alerts


@pytest.fixture
async def commands() -> CommandLog:
    return CommandLog()


@pytest.fixture
async def alone(database: Database, commands: CommandLog) -> AsyncIterator[Database]:
    """A connection of a process that is alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(connections.CLIENT_OPTIONS, "event_listeners", [commands])
        opened = await documents.connect(database.uri, database.name, alone=True)
    yield opened
    await opened.close()


async def test_successes_of_tasks_that_do_not_fail_read_no_alerts(alone: Database, commands: CommandLog) -> None:
    world = World(alone)
    await world.add_tasks("a", "b")
    await world.end_runs(world.run("a", "COMPLETED"))  # loads the open alerts, of which there are none
    commands.commands.clear()
    await world.end_runs(world.run("a", "COMPLETED"), world.run("b", "COMPLETED"))
    assert commands.count("alerts") == {}


async def test_a_success_ends_the_alert_of_its_task_and_is_then_forgotten(
    alone: Database, commands: CommandLog
) -> None:
    world = World(alone)
    await world.add_tasks("a", "b")
    await world.end_runs(world.run("a", "COMPLETED"))
    await world.end_runs(world.run("b", "FAILED"))
    world.clock.time += MINUTE
    await world.end_runs(world.run("b", "COMPLETED"))
    (alert,) = await alone.alerts.find({}).to_list()
    assert (alert["open"], alert["ending"]) == (False, "RECOVERED")
    await world.end_runs(world.run("b", "COMPLETED"))  # finds out that there is none any more
    commands.commands.clear()
    await world.end_runs(world.run("b", "COMPLETED"))
    assert commands.count("alerts") == {}


async def test_the_open_alerts_of_an_earlier_process_are_loaded(database: Database, alone: Database) -> None:
    earlier, world = World(database), World(alone)
    await earlier.add_tasks("a")
    await earlier.end_runs(earlier.run("a", "FAILED"))
    world.clock.time += MINUTE
    await world.end_runs(world.run("a", "COMPLETED"))
    (alert,) = await alone.alerts.find({}).to_list()
    assert (alert["open"], alert["ending"]) == (False, "RECOVERED")


async def test_an_alert_that_goes_on_is_known_again(alone: Database) -> None:
    world = World(alone)
    await world.add_tasks("a")
    await world.end("a", "FAILED")
    run = await alone.db["runs"].find_one({}) or world.run("a", "FAILED")
    world.clock.time += MINUTE
    withdrawn: Any = {**run, "reason": "INCONCLUSIVE"}
    await withdraw_alerts(alone, [withdrawn])
    assert [alert["open"] for alert in await world.alerts()] == [False]
    assert alone.open_alerts.must_load
    alone.open_alerts.load([])
    alone.open_alerts.forget(alone.open_alerts.select(["u1/a"]))  # as a success does that looks for it now
    await world.keeper.keep_due()
    assert [alert["open"] for alert in await world.alerts()] == [True]
    await world.end("a", "COMPLETED")
    assert await world.kinds() == ["FAILED_FOR_GOOD", "RECOVERED"]


async def test_the_open_alerts_are_loaded_by_an_index(alone: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    world, reads = World(alone), Reads(monkeypatch)
    await world.end_runs(world.run("a", "COMPLETED"))
    assert [name for name, _ in reads.queries] == ["alerts"]
    assert await reads.find_scans(alone) == []
