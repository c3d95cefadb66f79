"""The scheduler's thread survives faults, and is woken for what becomes due."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from apscheduler.schedulers.base import STATE_RUNNING
from pymongo.errors import AutoReconnect
from structlog.testing import capture_logs

from tests.harness import run_stack, save_task, wait_until
from tests.scheduling.passes import Passes, passes, runs_of, save_at, started
from tests.tasks.helpers import AWAY, add_run, load_run, load_task, save_hourly_task
from tocsin import clock, schedules
from tocsin.documents import Database, Overlap, RunStatus
from tocsin.scheduling.job_store import DueJobStore
from tocsin.scheduling.scheduler import MAX_SLEEP_SECONDS
from tocsin.tasks import run_effects

SECOND = timedelta(seconds=1)


def make_pass(made: Passes) -> float | None:
    """Make a pass as APScheduler's thread does. Return the seconds until the next one."""
    made.scheduler._passes._jobstores = {"default": made.store}
    made.scheduler._passes.state = STATE_RUNNING
    wait: float | None = made.scheduler._passes._process_jobs()
    return wait


async def test_a_pass_that_fails_is_repeated_after_growing_waits(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_now: object) -> None:
        raise AutoReconnect("the database does not answer")

    async with passes(database) as made:
        with monkeypatch.context() as patch:
            patch.setattr(made.store._due, "refresh", fail)
            assert [make_pass(made) for _ in range(7)] == [0.25, 0.5, 1, 2, 4, 5, 5]
        assert make_pass(made) == pytest.approx(MAX_SLEEP_SECONDS, abs=1)
        with monkeypatch.context() as patch:
            patch.setattr(made.store._due, "refresh", fail)
            assert make_pass(made) == 0.25


async def test_a_stopped_scheduler_makes_no_pass(database: Database) -> None:
    async with passes(database) as made:
        task = await save_at(database, clock.now() - SECOND)
        assert made.scheduler._passes._process_jobs() is None
    assert await runs_of(database, task.id) == []


async def first_pass(store: DueJobStore) -> None:
    """Wait until the first pass is over and the scheduler sleeps."""

    async def sleeps() -> bool:
        return store.sleeps_until is not None

    await wait_until(sleeps)


async def test_what_becomes_due_while_the_scheduler_sleeps_wakes_it(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack, started(stack.scheduler) as store:
        await first_pass(store)  # nothing is due, so it sleeps for half a minute
        due_at = clock.now()
        task = await save_at(database, due_at)
        stack.scheduler.expect_due(None)
        stack.scheduler.expect_due(due_at)
        await wait_until(lambda: runs_of(database, task.id))


async def test_before_its_start_it_expects_nothing_and_is_not_healthy(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack:
        stack.scheduler.expect_due(clock.now())
        assert not stack.scheduler.is_healthy


async def test_it_is_healthy_until_it_is_stopped_and_leaves_no_thread(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack:
        async with started(stack.scheduler) as store:
            await first_pass(store)
            assert stack.scheduler.is_healthy
        assert not stack.scheduler.is_healthy
        assert "APScheduler" not in {thread.name for thread in threading.enumerate()}


async def test_effects_that_come_after_the_stop_are_left_to_the_next_start(database: Database) -> None:
    task = await save_hourly_task(database)
    run = await load_run(database, await add_run(database, task.id, RunStatus.RUNNING))
    async with passes(database) as made:
        made.scheduler._loop = None
        made.scheduler.apply_effects([run | {"status": RunStatus.COMPLETED}])
        await made.settle()
        assert (await load_task(database, task.id))["active"] != []
        await run_effects.repair_tasks(database)


async def test_effects_that_fail_are_logged(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> bool:
        raise AutoReconnect("the database does not answer")

    task = await save_hourly_task(database)
    run = await load_run(database, await add_run(database, task.id, RunStatus.FAILED))
    monkeypatch.setattr(run_effects, "apply_effects", fail)
    with capture_logs() as lines:
        async with passes(database) as made:
            made.scheduler.apply_effects([run])
            await wait_until(lambda: logged(lines))
    assert lines[0]["error"] == "the database does not answer"


async def logged(lines: list[Any]) -> bool:
    return any("effects of a scheduler pass failed" in line["event"] for line in lines)


async def test_the_setting_limits_the_open_runs_of_a_task(database: Database) -> None:
    now = clock.now()
    every = schedules.Every(10 * SECOND, now - 45 * SECOND)
    task = await save_task(database, AWAY, every, overlap=Overlap.ALLOW)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"next_run_at": every.start}})
    async with run_stack(database, schedule=False, max_open_runs=2) as stack, started(stack.scheduler):

        async def made() -> list[str]:
            return [run["status"] for run in await stack.runs(task.id)]

        found = await wait_until(made)
    assert [status == "SKIPPED" for status in found] == [False, False, True, True, True]
