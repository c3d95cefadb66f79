"""Tasks and steps without a retry policy, on a server with default settings."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.harness import Stack, run_stack, save_task, serve_target, wait_until
from tocsin import clock, schedules
from tocsin.documents import Database, User
from tocsin.schedules.iso8601 import format_datetime
from tocsin.tasks import saving

SECOND = timedelta(seconds=1)


async def _first_ended(stack: Stack, task_id: str) -> Any:
    async def ended() -> Any | None:
        runs = await stack.runs(task_id)
        return runs[0] if runs and runs[0]["status"] in {"COMPLETED", "FAILED"} else None

    found: Any = await wait_until(ended)
    return found


@pytest.mark.parametrize("kind", ["every", "cron"])
async def test_a_task_that_is_due_often_is_retried_before_its_next_due_time(database: Database, kind: str) -> None:
    every = schedules.Every(4 * SECOND, clock.now() + SECOND / 2)
    schedule = every if kind == "every" else schedules.Cron("*/4 * * * * *", "UTC")
    async with serve_target() as target, run_stack(database, retry_offsets="") as stack:
        target.script += [500, 500, 500]
        task = await save_task(database, target.url, schedule, retry=None)
        stack.scheduler.expect_due(task.next_run_at)
        run = await _first_ended(stack, task.id)
        assert (run["status"], run["reason"], len(run["attempts"])) == ("COMPLETED", None, 4)
        assert run["interval_ms"] == 4000


async def test_what_is_due_once_is_tried_again_after_seconds(database: Database) -> None:
    async with serve_target() as target, run_stack(database, retry_offsets="") as stack:
        target.script += [500]
        task = await save_task(database, target.url, schedules.Once(clock.now()), retry=None)
        stack.scheduler.expect_due(task.next_run_at)
        (run,) = await stack.wait_for_runs(task.id, "RETRY")
        assert 8 * SECOND <= run["retry_at"] - run["attempts"][0]["finished_at"] <= 10 * SECOND


async def test_an_open_run_gets_the_interval_of_a_new_schedule(database: Database) -> None:
    async with serve_target() as target, run_stack(database, retry_offsets="") as stack:
        target.script += [500]
        task = await save_task(database, target.url, schedules.Once(clock.now()), retry=None)
        stack.scheduler.expect_due(task.next_run_at)
        await stack.wait_for_runs(task.id, "RETRY")
        hourly = schedules.Every(3600 * SECOND, clock.now() + 3600 * SECOND)
        await saving.update_task(database, "alice", task.id, {"schedule": hourly}, clock.now())
        (run,) = await stack.runs(task.id)
        assert run["interval_ms"] == 3_600_000


def _workflow(url: str, **more: Any) -> str:
    return json.dumps({"name": "w", "steps": [{"key": "a", "job": "http", "params": {"url": url}}], **more})


async def test_a_step_is_tried_again_after_seconds(database: Database) -> None:
    async with serve_target() as target, run_stack(database, retry_offsets="") as stack:
        target.script += [500]
        await stack.save_workflow(_workflow(target.url))
        stack.workflows.start()
        stack.workflows.request_advance(run_id := await stack.execute("w"))
        (run,) = await stack.wait_for_runs(run_id, "RETRY")
        assert 8 * SECOND <= run["retry_at"] - run["attempts"][0]["finished_at"] <= 10 * SECOND
        assert run["interval_ms"] is None


async def test_a_step_of_a_scheduled_workflow_is_tried_again_within_its_interval(database: Database) -> None:
    await User(id="alice", email="alice@example.com", password="", created_at=clock.now()).insert()
    async with serve_target() as target, run_stack(database, retry_offsets="") as stack:
        target.script += [500, 500]
        start = format_datetime(clock.now() + SECOND / 2)
        every = {"every": {"interval": "PT4S", "start": start}}
        saved = await stack.save_workflow(_workflow(target.url, schedule=every))
        stack.workflows.start()
        stack.workflows.expect_due(saved["next_run_at"])

        async def completed() -> Any | None:
            return await database.workflow_runs.find_one({"status": "COMPLETED"})

        found = await wait_until(completed)
        (run,) = await stack.runs(found["_id"])
        assert (len(run["attempts"]), run["interval_ms"]) == (3, 4000)
