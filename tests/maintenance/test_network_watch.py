"""Outages of our own network and of targets, told apart with real servers that go down and come back."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.harness import Stack, save_task, wait_until
from tests.maintenance.network_helpers import (
    add_admin,
    look_often,
    network_state,
    run_watched,
    serve_switchable,
    told,
    wait_for_end,
    wait_for_outage,
    wait_until_told,
)
from tests.notifications.preferences.helpers import choose
from tests.outbound.servers import open_shared_client
from tocsin import clock, schedules
from tocsin.dead_letters import store
from tocsin.dead_letters.filter import DeadLetterFilter
from tocsin.documents import Database
from tocsin.maintenance import network_watch
from tocsin.maintenance.inconclusive_runs import mark_inconclusive
from tocsin.maintenance.network_watch import NetworkWatch
from tocsin.outbound.canaries import Canaries, CanaryCheck
from tocsin.outbound.reachability import Reachability
from tocsin.tasks import lifecycle
from tocsin.tasks import runs as task_runs
from tocsin.tasks.retry_policy import RetryPolicy
from tocsin.wakeups import Wakeups

NO_RETRY = RetryPolicy(0, ())


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    look_often(monkeypatch)


async def test_a_target_is_blamed_while_a_canary_answers(database: Database) -> None:
    async with (
        serve_switchable() as canary,
        serve_switchable() as broken,
        serve_switchable() as target,
        run_watched(database, broken, canary) as process,
    ):
        await broken.close()
        await target.close()
        task = await save_task(database, target.url, retry=NO_RETRY)
        process.scheduler.expect_due(clock.now())
        (run,) = await process.wait_for_runs(task.id, "FAILED")
        assert (run["reason"], run["error"]["kind"]) == ("RETRIES_USED_UP", "CONNECT")
        assert not await process.network_watch.is_held("127.0.0.1")
        await wait_until(lambda: _is_explained(database))
        assert (await network_state(database))["open"] is False
        await wait_until_told(database, [("alice", "FAILED_FOR_GOOD")])
        assert await store.count_dead_letters(database, "alice", DeadLetterFilter()) == 1
        assert (await process.wait_for_task(task.id, "FAILED"))["consecutive_failures"] == 1


async def _is_explained(database: Database) -> bool:
    return await database.network_failures.count_documents({}) == 0


async def test_runs_of_an_outage_are_inconclusive_and_tried_again_when_it_is_over(database: Database) -> None:
    await add_admin("carol")
    async with (
        serve_switchable() as canary,
        serve_switchable(200) as target,
        run_watched(database, canary) as process,
    ):
        await canary.close()
        await target.close()
        assert await process.network_watch.is_held("127.0.0.1")
        tasks = [await save_task(database, target.url, retry=NO_RETRY) for _ in range(3)]
        process.scheduler.expect_due(clock.now())
        for task in tasks:
            (run,) = await process.wait_for_runs(task.id, "FAILED")
            assert (run["reason"], run["error"]["kind"]) == ("INCONCLUSIVE", "CONNECT")
            assert (await process.wait_for_task(task.id, "FAILED"))["consecutive_failures"] == 0
        assert await store.count_dead_letters(database, "alice", DeadLetterFilter()) == 0
        await wait_until(lambda: _announced(database, "is_announced"))
        assert await told(database) == [("carol", "NETWORK_DOWN")]
        assert "no canary answers" in (process.network_watch.warning or "")
        await target.open()
        await canary.open()
        for task in tasks:
            (run,) = await process.wait_for_runs(task.id, "COMPLETED")
            assert (run["round"], run["inconclusive_rounds"], len(run["attempts"])) == (1, 1, 2)
            await process.wait_for_task(task.id, "COMPLETED")
        await wait_for_end(database)
        assert await told(database) == [("carol", "NETWORK_DOWN"), ("carol", "NETWORK_UP")]
        assert await _is_explained(database)
        assert not await process.network_watch.is_held("127.0.0.1")
        assert process.network_watch.warning is None


async def _announced(database: Database, mark: str) -> bool:
    return bool((await network_state(database)).get(mark))


async def test_a_target_that_is_still_down_after_the_outage_is_told_then(database: Database) -> None:
    async with serve_switchable() as canary, serve_switchable() as target, run_watched(database, canary) as process:
        await canary.close()
        await target.close()
        assert await process.network_watch.is_held("127.0.0.1")
        task = await save_task(database, target.url, retry=NO_RETRY)
        process.scheduler.expect_due(clock.now())
        await process.wait_for_runs(task.id, "FAILED")
        assert await told(database) == []
        await canary.open()
        await wait_until(lambda: _has_failed_again(process, task.id))
        assert (await process.wait_for_task(task.id, "FAILED"))["consecutive_failures"] == 1
        await wait_until_told(database, [("alice", "FAILED_FOR_GOOD")])
        assert await store.count_dead_letters(database, "alice", DeadLetterFilter()) == 1


async def _has_failed_again(process: Stack, task_id: str) -> bool:
    (run,) = await process.runs(task_id)
    return bool(run["status"] == "FAILED" and run["round"] == 1 and run["reason"] == "RETRIES_USED_UP")


async def test_runs_that_failed_before_the_outage_was_noticed_are_marked_and_leave_the_streak(
    database: Database,
) -> None:
    async with (
        serve_switchable() as canary,
        serve_switchable(200) as target,
        run_watched(database, canary) as process,
    ):
        await wait_until(lambda: _has_looked(process))
        await canary.close()
        await target.close()
        tasks = [await save_task(database, target.url, retry=NO_RETRY) for _ in range(5)]
        process.scheduler.expect_due(clock.now())
        await wait_for_outage(process)
        for task in tasks:
            await wait_until(lambda task=task: _is_marked(process, task.id))  # type: ignore[misc]
        assert any([(await process.task(task.id)).get("uncounted") for task in tasks])
        await target.open()
        await canary.open()
        for task in tasks:
            await process.wait_for_runs(task.id, "COMPLETED")
            assert (await process.wait_for_task(task.id, "COMPLETED"))["consecutive_failures"] == 0


async def _is_marked(process: Stack, task_id: str) -> bool:
    runs = await process.runs(task_id)
    streak = (await process.task(task_id))["consecutive_failures"]
    return [(run["status"], run["reason"]) for run in runs] == [("FAILED", "INCONCLUSIVE")] and streak == 0


async def test_a_manual_run_is_tried_again_too(database: Database) -> None:
    async with (
        serve_switchable() as canary,
        serve_switchable(200) as target,
        run_watched(database, canary, schedule=False) as process,
    ):
        await canary.close()
        await target.close()
        task = await save_task(database, target.url, retry=NO_RETRY)
        run = await task_runs.run_task_now(database, "alice", task.id, clock.now(), None)
        process.wakeups.runs_queued()
        await wait_for_outage(process)
        await wait_until(lambda: _is_inconclusive(database, run.id))
        await target.open()
        await canary.open()
        await process.wait_for_runs(task.id, "COMPLETED")


async def _is_inconclusive(database: Database, run_id: str) -> bool:
    run = await database.runs.find_one({"_id": run_id})
    return run is not None and run["reason"] == "INCONCLUSIVE"


async def test_several_processes_have_one_outage(database: Database) -> None:
    await add_admin("carol")
    async with (
        serve_switchable() as canary,
        serve_switchable(200) as target,
        run_watched(database, canary) as one,
        run_watched(database, canary) as other,
    ):
        await canary.close()
        await target.close()
        await asyncio.gather(*(process.network_watch.is_held("127.0.0.1") for process in (one, other) for _ in "abc"))
        await wait_until(lambda: _observed_by(database, 2))
        outage = (await network_state(database))["outage"]
        tasks = [await save_task(database, target.url, retry=NO_RETRY) for _ in range(20)]
        for process in (one, other):
            process.scheduler.expect_due(clock.now())
        for task in tasks:
            (run,) = await one.wait_for_runs(task.id, "FAILED")
            assert run["reason"] == "INCONCLUSIVE"
        await target.open()
        await canary.open()
        for task in tasks:
            (run,) = await one.wait_for_runs(task.id, "COMPLETED")
            assert run["round"] == 1
        await wait_for_end(database)
        assert (await network_state(database))["outage"] == outage
        assert await told(database) == [("carol", "NETWORK_DOWN"), ("carol", "NETWORK_UP")]


async def _observed_by(database: Database, count: int) -> bool:
    state = await network_state(database)
    return len([each for each in state.get("observers", ()) if each["back_at"] is None]) == count


async def test_a_retry_in_an_outage_is_not_told_and_gives_way_without_being_counted(database: Database) -> None:
    async with serve_switchable() as canary, serve_switchable() as target, run_watched(database, canary) as process:
        await canary.close()
        await target.close()
        assert await process.network_watch.is_held("127.0.0.1")
        often = schedules.Every(timedelta(seconds=1), clock.now())
        await choose(database, "alice", failures="EVERY_ATTEMPT")
        task = await save_task(database, target.url, often, retry=RetryPolicy(5, (timedelta(minutes=5),)))
        process.scheduler.expect_due(clock.now())
        await wait_until(lambda: _reasons(process, task.id, ("FAILED", "INCONCLUSIVE"), ("RETRY", "INCONCLUSIVE")))
        assert (await process.task(task.id))["consecutive_failures"] == 0
        assert await database.network_failures.count_documents({"state": "INCONCLUSIVE"}) == 0
        attempts = [each for run in await process.runs(task.id) for each in run["attempts"] if "outcome" in each]
        assert all(each["is_inconclusive"] for each in attempts)
        assert await told(database) == []


async def _reasons(process: Stack, task_id: str, *expected: tuple[str, str]) -> bool:
    runs = await process.runs(task_id)
    return [(run["status"], run["reason"]) for run in runs[: len(expected)]] == list(expected)


async def test_a_paused_task_keeps_its_inconclusive_run(database: Database) -> None:
    async with serve_switchable() as canary, serve_switchable(200) as target, run_watched(database, canary) as process:
        await canary.close()
        await target.close()
        assert await process.network_watch.is_held("127.0.0.1")
        task = await save_task(database, target.url, retry=NO_RETRY)
        process.scheduler.expect_due(clock.now())
        await process.wait_for_runs(task.id, "FAILED")
        await lifecycle.pause_task(database, "alice", task.id, clock.now())
        await canary.open()
        await wait_for_end(database)
        await wait_until(lambda: _is_explained(database))
        (run,) = await process.runs(task.id)
        assert (run["status"], run["reason"], run["round"]) == ("FAILED", "INCONCLUSIVE", 0)


async def test_without_canaries_nothing_is_recorded(database: Database) -> None:
    async with serve_switchable() as target, run_watched(database) as process:
        await target.close()
        task = await save_task(database, target.url, retry=NO_RETRY)
        process.scheduler.expect_due(clock.now())
        await process.wait_for_task(task.id, "FAILED")
        assert not await process.network_watch.is_held("127.0.0.1")
        assert await database.network_failures.count_documents({}) == 0
        assert await database.network_states.count_documents({}) == 0


async def test_a_host_is_judged_before_the_runs_of_an_outage_are_marked(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    marking, may_end = asyncio.Event(), asyncio.Event()

    async def mark_slowly(*given: Any) -> int:
        marking.set()
        await may_end.wait()
        return await mark_inconclusive(*given)

    monkeypatch.setattr(network_watch, "mark_inconclusive", mark_slowly)
    monkeypatch.setattr(network_watch, "IDLE_SECONDS", 60.0)
    monkeypatch.setattr("tocsin.runtime.process.IDLE_SECONDS", 60.0)
    async with serve_switchable() as canary, run_watched(database, canary) as process:
        await wait_until(lambda: _has_looked(process))
        await canary.close()
        process.reachability.last_failure = float("inf")
        async with asyncio.timeout(5):
            assert await process.network_watch.is_held("127.0.0.1")
            await marking.wait()  # by the watch, which is woken
            assert await process.network_watch.is_held("127.0.0.1")
        may_end.set()


async def _has_looked(process: Stack) -> bool:
    watch = process.network_watch
    return watch._looked_at > float("-inf") and not watch._looking.locked()


@pytest.mark.parametrize("is_cut_off", [True, False])
async def test_a_host_is_judged_by_what_is_known_if_the_canaries_take_long(
    database: Database, monkeypatch: pytest.MonkeyPatch, is_cut_off: bool
) -> None:
    async def hang(_: Any) -> CanaryCheck:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(network_watch, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(Canaries, "ask_all", hang)
    async with open_shared_client() as client:
        reachability = Reachability(is_watched=True)
        watch = NetworkWatch(database, Canaries(client, ["http://127.0.0.1:9/"]), reachability, "w", Wakeups())
        reachability.is_cut_off = is_cut_off
        assert await watch.is_held("example.org") is is_cut_off
        assert watch.can_look()
