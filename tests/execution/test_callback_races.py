"""Callbacks that race with their response, deadline, cancellation, and the end of a process."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from tests.callbacks import CallingTarget, call_back, run_receiving_stack, save_callback_task, serve_calling_target
from tests.execution.helpers import add_dead_worker, worker_lease
from tests.execution.test_deferred_runs import COUNT, connected
from tests.harness import Stack
from tests.tasks.helpers import add_run, load_run, save_hourly_task
from tocsin import clock, schedules
from tocsin.documents import CallbackDocument, CallbackStatus, Database, RunStatus
from tocsin.errors import Conflict
from tocsin.execution.callbacks import CallbackAnswer, CallbackVerdict
from tocsin.tasks import runs
from tocsin.tasks.retry_policy import RetryPolicy


@pytest.fixture
async def caller() -> AsyncIterator[CallingTarget]:
    async with serve_calling_target() as running:
        yield running


@pytest.fixture
async def receiving(database: Database) -> AsyncIterator[Stack]:
    async with run_receiving_stack(database) as running:
        yield running


async def wait_for_waiting(stack: Stack, task_id: str) -> Any:
    return (await stack.wait_for_runs(task_id, "WAITING"))[0]


async def test_two_processes_settle_a_run_once(database: Database, caller: CallingTarget) -> None:
    async with run_receiving_stack(database) as one, run_receiving_stack(database) as other:
        task = await save_callback_task(one, caller, within=1, retries=1)
        await caller.wait_for_call(2)
        run = await wait_for_waiting(one, task.id)
        assert [attempt.get("outcome") for attempt in run["attempts"]] == ["FAILED", None]
        path = caller.callback_urls[1].partition("/callbacks/")[2]
        answers = [await call_back(stack.settings.page_url(f"/callbacks/{path}")) for stack in (other, one)]
        assert [answer.status_code for answer in answers] == [200, 200]
        await one.wait_for_runs(task.id, "COMPLETED")
        alerts = await database.alerts.find({}).to_list()
        assert [(each["stage"], each["ending"]) for each in alerts] == [(0, "RECOVERED")]


async def test_a_deadline_that_passed_while_nothing_served_is_noticed_at_the_start(
    database: Database, caller: CallingTarget
) -> None:
    async with run_receiving_stack(database) as first:
        task = await save_callback_task(first, caller)
        run = await wait_for_waiting(first, task.id)
    past = clock.now() - timedelta(seconds=1)
    await database.runs.update_one({"_id": run["_id"]}, {"$set": {"callback_by": past}})
    async with run_receiving_stack(database) as second:
        (run,) = await second.wait_for_runs(task.id, "FAILED")
    assert run["error"]["kind"] == "CALLBACK_TIMEOUT"


async def test_a_callback_can_come_while_the_run_is_deferred(mongodb_uri: str, caller: CallingTarget) -> None:
    """A process that is alone writes a run only when its attempt has ended, or after a moment."""

    async def call_back_first(url: str) -> int:
        return (await call_back(url, message="early")).status_code

    caller.script = [call_back_first] * COUNT
    async with connected(mongodb_uri, alone=True) as database, run_receiving_stack(database, wait_timeout=30) as stack:
        due = schedules.Once(clock.now() + timedelta(seconds=4))
        tasks = [await save_callback_task(stack, caller, schedule=due) for _ in range(COUNT)]
        for task in tasks:
            (run,) = await stack.wait_for_runs(task.id, "COMPLETED", seconds=30)
            assert run["attempts"][0]["callback"]["message"] == "early"
            await stack.wait_for_task(task.id, "COMPLETED")


async def test_runs_that_were_deferred_wait_for_their_callbacks(mongodb_uri: str, caller: CallingTarget) -> None:
    async with connected(mongodb_uri, alone=True) as database, run_receiving_stack(database) as stack:
        due = schedules.Once(clock.now() + timedelta(seconds=4))
        tasks = [await save_callback_task(stack, caller, within=1, schedule=due) for _ in range(COUNT)]
        for task in tasks:
            (run,) = await stack.wait_for_runs(task.id, "FAILED", seconds=30)
            assert run["error"]["kind"] == "CALLBACK_TIMEOUT"
            await stack.wait_for_task(task.id, "FAILED")


@pytest.mark.parametrize(("said", "status"), [("COMPLETED", "COMPLETED"), ("FAILED", "FAILED")])
async def test_a_callback_outlives_the_worker_that_has_not_stored_the_response(
    database: Database, caller: CallingTarget, said: str, status: str
) -> None:
    task = await save_hourly_task(database, retry=RetryPolicy(0))
    run_id = await add_run(database, task.id, RunStatus.RUNNING)
    callback = {"attempt": 1, "status": said, "message": None, "received_at": clock.now()}
    await database.runs.update_one({"_id": run_id}, {"$set": {"callback": callback}})
    await add_dead_worker(database)
    await worker_lease(database).reconcile_claims()
    assert (await load_run(database, run_id))["status"] == "WAITING"
    async with run_receiving_stack(database) as stack:
        (run,) = await stack.wait_for_runs(task.id, status)
    assert [attempt["outcome"] for attempt in run["attempts"]] == [status]
    assert caller.callback_urls == []  # it was not attempted again


@pytest.mark.parametrize("seed", range(8))
async def test_of_a_callback_a_deadline_and_a_cancellation_at_once_one_counts(
    receiving: Stack, caller: CallingTarget, seed: int
) -> None:
    task = await save_callback_task(receiving, caller)
    run = await wait_for_waiting(receiving, task.id)
    await receiving.database.runs.update_one({"_id": run["_id"]}, {"$set": {"callback_by": clock.now()}})

    async def cancel() -> None:
        with suppress(Conflict):
            await runs.cancel_run(receiving.database, "alice", run["_id"], clock.now())

    async def report(status: CallbackStatus) -> CallbackAnswer:
        token = receiving.callback_tokens.read(caller.callback_urls[0].rpartition("/")[2])
        reported: CallbackDocument = {"attempt": 1, "status": status, "message": None, "received_at": clock.now()}
        return await receiving.callbacks.receive(token, reported)

    rivals = [*map(report, CallbackStatus), cancel(), receiving._callback_deadlines.settle_overdue()]
    random.Random(seed).shuffle(rivals)
    answers = [one for one in await asyncio.gather(*rivals) if isinstance(one, CallbackAnswer)]
    stored = await receiving.run(run["_id"])
    attempt = stored["attempts"][0]
    assert stored["status"] in ("COMPLETED", "FAILED", "CANCELLED")
    assert attempt["outcome"] == stored["status"]
    assert (stored.get("callback"), stored["callback_by"]) == (None, None)
    received = [one.received for one in answers if one.verdict is CallbackVerdict.RECEIVED]
    assert received == ([attempt["callback"]] if "callback" in attempt else [])
    assert len(answers) == 2
    after = await receiving.wait_for_task(task.id, stored["status"])
    assert after["active"] == []
    assert after["consecutive_failures"] == (stored["status"] == "FAILED")
    assert await receiving.database.alerts.count_documents({}) == (stored["status"] == "FAILED")
