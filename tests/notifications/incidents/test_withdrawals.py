"""Alerts of runs that turned out to be inconclusive: our own network was down, which says nothing."""

from datetime import timedelta
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from tests.notifications.incidents.world import HOST, MINUTE, World, names
from tocsin.documents import Database
from tocsin.notifications.incidents.alerts import withdraw_alerts

BEGAN, FAILED, RECOVERED = "BEGAN_FAILING", "FAILED_FOR_GOOD", "RECOVERED"
WAIT = timedelta(seconds=10)


@pytest.fixture
def world(database: Database) -> World:
    return World(database, WAIT)


async def fail(world: World, name: str, status: str = "FAILED") -> Any:
    """Let a run of a task fail, and return it as it is stored."""
    run = world.run(name, status)
    await world.database.db["runs"].insert_one(run)
    await world.end_runs(run)
    await world.keeper.keep_due()
    return run


async def withdraw(world: World, *runs: Any) -> None:
    """Mark runs as inconclusive, and let what follows be kept."""
    ids = [run["_id"] for run in runs]
    await world.database.runs.update_many({"_id": {"$in": ids}}, {"$set": {"reason": "INCONCLUSIVE"}})
    marked: list[Any] = [{**run, "reason": "INCONCLUSIVE"} for run in runs]
    for _ in range(2):  # it is done again after a crash
        await withdraw_alerts(world.database, marked)
        await world.keeper.keep_due()


async def test_what_only_inconclusive_runs_have_caused_is_never_told(world: World) -> None:
    await world.add_tasks(*names(30))
    runs = [await fail(world, name, "RETRY" if name == "t0000" else "FAILED") for name in names(30)]
    await withdraw(world, *runs)
    await world.pass_time(MINUTE)
    assert {alert["ending"] for alert in await world.alerts()} == {"INCONCLUSIVE"}
    assert not (await world.the_incident())["open"]
    for name in names(30):
        await world.end(name, "COMPLETED")
    await world.pass_time(MINUTE)
    assert await world.told() == []


async def test_it_is_enough_that_all_its_runs_are_marked_in_the_end(world: World) -> None:
    await world.add_tasks("a")
    first = await fail(world, "a")
    world.clock.time += timedelta(seconds=1)
    second = await fail(world, "a")
    await withdraw(world, first)
    assert [alert["open"] for alert in await world.alerts()] == [True]
    await withdraw(world, second)
    assert [alert["ending"] for alert in await world.alerts()] == ["INCONCLUSIVE"]


async def test_what_failed_for_good_before_stays(world: World) -> None:
    await world.add_tasks("a")
    await fail(world, "a")
    world.clock.time += timedelta(seconds=1)
    await withdraw(world, await fail(world, "a"))
    await world.pass_time(MINUTE)
    assert await world.told() == [(FAILED, 'Task "a" has failed')]


async def test_a_failure_that_follows_is_a_new_one(world: World) -> None:
    await world.add_tasks("a")
    await withdraw(world, await fail(world, "a"))
    await world.pass_time(MINUTE)
    await fail(world, "a")
    await world.pass_time(MINUTE)
    assert await world.told() == [(FAILED, 'Task "a" has failed')]
    await world.end("a", "COMPLETED")
    await world.pass_time(11 * MINUTE)
    assert await world.kinds() == [FAILED, RECOVERED]


async def test_whoever_was_told_is_told_when_it_works(world: World) -> None:
    await world.add_tasks("a", "b")
    runs = [await fail(world, name) for name in ("a", "b")]
    await world.pass_time(WAIT)
    await withdraw(world, *runs)
    await world.pass_time(MINUTE)
    assert [(alert["open"], alert["ending"]) for alert in await world.alerts()] == [(True, None)] * 2
    for name in ("a", "b"):
        await world.end(name, "COMPLETED")
    assert await world.told() == [
        (FAILED, f"2 tasks that call {HOST} have failed"), (RECOVERED, f"2 tasks that call {HOST} work again"),
    ]  # fmt: skip
    assert not (await world.the_incident())["open"]


async def test_the_others_are_told_without_what_was_withdrawn(world: World) -> None:
    """A has failed for good, which says nothing; B began to fail; the retry of C has worked."""
    await world.add_tasks("a", "b", "c")
    lost, _, _ = await fail(world, "a"), await fail(world, "b", "RETRY"), await fail(world, "c", "RETRY")
    await withdraw(world, lost)
    await world.end("c", "COMPLETED")
    await world.pass_time(WAIT)
    assert await world.told() == [(BEGAN, 'Task "b" has started failing')]
    await fail(world, "b")
    await world.pass_time(WAIT)
    assert (await world.told())[1:] == [(FAILED, 'Task "b" has failed')]


async def test_nothing_is_told_if_the_only_run_that_was_lost_is_withdrawn(world: World) -> None:
    await world.add_tasks("a", "b")
    lost, _ = await fail(world, "a"), await fail(world, "b", "RETRY")
    await withdraw(world, lost)
    await world.end("b", "COMPLETED")
    await world.pass_time(MINUTE)
    assert await world.told() == []
    assert not (await world.the_incident())["open"]


async def test_what_failed_for_good_and_works_again_before_it_is_told_is_told_in_order(world: World) -> None:
    """Only A lost a run: the retry of B has worked."""
    await world.add_tasks("a", "b")
    await fail(world, "a"), await fail(world, "b", "RETRY")
    for name in ("a", "b"):
        await world.end(name, "COMPLETED")
    assert await world.told() == []
    await world.pass_time(WAIT)
    (failed, recovered) = await world.told()
    assert failed == (FAILED, 'Task "a" has failed')
    assert recovered[0] == RECOVERED


async def test_a_failure_while_the_keeper_lets_an_alert_go_on_belongs_to_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise its incident would end untold, and come again by it."""
    await world.add_tasks("a", "b")
    runs = [await fail(world, name) for name in ("a", "b")]
    await world.pass_time(WAIT)
    ids = [run["_id"] for run in runs]
    await world.database.runs.update_many({"_id": {"$in": ids}}, {"$set": {"reason": "INCONCLUSIVE"}})
    marked: list[Any] = [{**run, "reason": "INCONCLUSIVE"} for run in runs]
    await withdraw_alerts(world.database, marked)
    world.clock.time += MINUTE
    write = AsyncCollection.bulk_write

    async def keep_and_write(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(AsyncCollection, "bulk_write", write)
        await world.keeper.keep_due()
        return await write(*args, **options)

    monkeypatch.setattr(AsyncCollection, "bulk_write", keep_and_write)
    await world.end_runs(world.run("a", "FAILED"), world.run("b", "FAILED"))
    await world.keeper.keep_due()
    assert {(each["open"], each["failures"]) for each in await world.alerts()} == {(True, 2)}
    assert (await world.the_incident())["reopened"] == 0
