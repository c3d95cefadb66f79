"""Runs that are written only when they have ended, by a process that is alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.harness import Stack, TargetServer, http_job, run_stack, wait_until
from tocsin import clock, documents, schedules
from tocsin.documents import Database, Overlap, RunDocument, TaskDocument, deferred_runs
from tocsin.scheduling.deferral import MIN_DEFERRED
from tocsin.tasks import bulk_creation, idempotency, lifecycle, saving
from tocsin.tasks.deferred_writes import restore_deferred_runs
from tocsin.tasks.retry_policy import RetryPolicy

COUNT = MIN_DEFERRED + 5


@asynccontextmanager
async def connected(uri: str, *, alone: bool) -> AsyncIterator[Database]:
    """Open an empty database, which is dropped afterwards."""
    opened = await documents.connect(uri, f"test_{uuid4().hex[:12]}", alone=alone)
    try:
        yield opened
    finally:
        await opened.client.drop_database(opened.name)
        await opened.close()


@pytest.fixture
async def lone(mongodb_uri: str) -> AsyncIterator[Database]:
    """A database that no other process uses."""
    async with connected(mongodb_uri, alone=True) as opened:
        yield opened


async def save_tasks(
    database: Database, url: str, schedule: schedules.Schedule | None = None, retry: RetryPolicy | None = None
) -> list[str]:
    """Save tasks that are due together, and return their IDs."""
    now = clock.now()
    due = schedule or schedules.Once(now + timedelta(seconds=1))
    draft = saving.TaskDraft("a task", http_job(url), due, retry=retry or RetryPolicy(0), overlap=Overlap.ALLOW)
    valid = saving.validate_draft(draft, now)
    record = await idempotency.claim_key(database, None, documents.new_id("alice"), now)
    await bulk_creation.create_tasks(database, "alice", dict.fromkeys(range(COUNT), valid), record)
    return [bulk_creation.task_id_at(record, index) for index in range(COUNT)]


async def all_runs(database: Database) -> list[RunDocument]:
    return await database.runs.find({}).sort("_id", 1).to_list()


async def all_tasks(database: Database) -> list[TaskDocument]:
    return await database.tasks.find({}).sort("_id", 1).to_list()


async def until_runs(database: Database, holds: Callable[[list[RunDocument]], bool]) -> list[RunDocument]:
    async def found() -> list[RunDocument] | None:
        runs = await all_runs(database)
        return runs if holds(runs) else None

    result: list[RunDocument] = await wait_until(found, 20)
    return result


def have(status: str, count: int = COUNT) -> Callable[[list[RunDocument]], bool]:
    return lambda runs: [run["status"] for run in runs] == [status] * count


def outcomes(runs: list[RunDocument]) -> list[list[str | None]]:
    return [[attempt.get("outcome") for attempt in run["attempts"]] for run in runs]


async def until_idle(stack: Stack) -> None:
    async def is_idle() -> bool:
        idle = not stack.engine.in_flight.runs and not stack.database.deferred
        return idle and await stack.database.claim_records.count_documents({}) == 0

    await wait_until(is_idle)


async def test_runs_are_as_if_they_had_been_claimed_first(mongodb_uri: str, target: TargetServer) -> None:
    described = []
    for alone in (True, False):
        async with connected(mongodb_uri, alone=alone) as each:
            await save_tasks(each, target.url)
            async with run_stack(each) as stack:
                runs = await until_runs(each, have("COMPLETED"))
                await until_idle(stack)
            tasks = await all_tasks(each)
        assert {task["last_run"] for task in tasks} == {run["_id"] for run in runs}
        described.append(([_shape(run) for run in runs], [_shape(task) for task in tasks]))
    assert described[0] == described[1]
    assert len(target.calls) == 2 * COUNT


def _shape(document: Any) -> Any:
    """Return a document without what differs in each run: IDs, times and durations."""
    if isinstance(document, dict):
        unstable = {
            "_id",
            "task",
            "last_run",
            "run",
            "worker",
            "rank",
            "timings",
            "claim",
            "body_bytes",
            "request",
            "response_headers",
        }
        return {key: _shape(value) for key, value in sorted(document.items()) if key not in unstable}
    if isinstance(document, list):
        return [_shape(each) for each in document]
    return type(document).__name__ if hasattr(document, "tzinfo") else document


async def test_they_are_inserted_with_their_outcome(lone: Database, target: TargetServer) -> None:
    changes = await lone.db["runs"].watch(max_await_time_ms=100)
    await save_tasks(lone, target.url)
    async with run_stack(lone):
        await until_runs(lone, have("COMPLETED"))
    operations = []
    while (event := await changes.try_next()) is not None:
        operations.append((event["operationType"], event.get("fullDocument", {}).get("status")))
    await changes.close()
    assert operations.count(("insert", "COMPLETED")) >= MIN_DEFERRED


async def test_failures_are_counted_and_retried(lone: Database, target: TargetServer) -> None:
    target.script = [500] * COUNT
    await save_tasks(lone, target.url, retry=RetryPolicy(1, (timedelta(milliseconds=50),)))
    async with run_stack(lone) as stack:
        runs = await until_runs(lone, have("COMPLETED"))
        await until_idle(stack)
    assert [[attempt.get("outcome") for attempt in run["attempts"]] for run in runs] == [
        ["FAILED", "COMPLETED"]
    ] * COUNT
    assert {(task["status"], task["incident"], task["consecutive_failures"]) for task in await all_tasks(lone)} == {
        ("COMPLETED", 1, 0)
    }


async def test_a_final_failure_is_counted(lone: Database, target: TargetServer) -> None:
    target.script = [404] * COUNT
    await save_tasks(lone, target.url)
    async with run_stack(lone) as stack:
        await until_runs(lone, have("FAILED"))
        await until_idle(stack)
    tasks = await all_tasks(lone)
    assert {(task["status"], task["incident"], task["consecutive_failures"]) for task in tasks} == {("FAILED", 0, 1)}
    assert await lone.deliveries.count_documents({}) > 0


async def test_failures_that_are_counted_as_runs_are_inserted_pause_their_tasks(
    lone: Database, target: TargetServer
) -> None:
    target.script = [404] * COUNT
    await save_tasks(lone, target.url, schedules.Every(timedelta(hours=1), clock.now() + timedelta(seconds=1)))
    await lone.tasks.update_many({}, {"$set": {"pause_after": 1}})
    async with run_stack(lone) as stack:
        await until_runs(lone, have("FAILED"))
        await until_idle(stack)
    tasks = await all_tasks(lone)
    paused = {(task["status"], task["next_run_at"], task["reconcile"], task["consecutive_failures"]) for task in tasks}
    assert paused == {("PAUSED", None, False, 1)}
    assert await lone.notifications.count_documents({"kind": "TASK_PAUSED"}) == COUNT


async def test_a_run_that_takes_long_is_shown(lone: Database, target: TargetServer) -> None:
    await save_tasks(lone, f"{target.url}/wait")
    async with run_stack(lone, max_concurrency=200) as stack:
        await until_runs(lone, have("RUNNING"))

        async def all_advanced() -> bool:
            tasks = await all_tasks(lone)
            return all(task["next_run_at"] is None and len(task["active"]) == 1 for task in tasks)

        await wait_until(all_advanced)
        target.release.set()
        await until_runs(lone, have("COMPLETED"))
        await until_idle(stack)
    assert {task["status"] for task in await all_tasks(lone)} == {"COMPLETED"}
    assert len(target.calls) == COUNT


async def test_every_due_time_has_one_run(lone: Database, target: TargetServer) -> None:
    start = clock.now() + timedelta(seconds=1)
    every = schedules.Every(timedelta(seconds=1), start, start + timedelta(seconds=2))
    ids = await save_tasks(lone, target.url, every)
    async with run_stack(lone) as stack:
        runs = await until_runs(lone, have("COMPLETED", 3 * COUNT))
        await until_idle(stack)
    dues = {(run["task"], run["due_at"]) for run in runs}
    assert dues == {(task, start + timedelta(seconds=second)) for task in ids for second in range(3)}
    assert len(target.calls) == 3 * COUNT


async def test_a_pause_finds_the_run(lone: Database, target: TargetServer) -> None:
    ids = await save_tasks(lone, f"{target.url}/wait", retry=RetryPolicy(5, (timedelta(0),)))
    async with run_stack(lone) as stack:

        async def is_deferred() -> bool:
            return len(lone.deferred) == COUNT

        await wait_until(is_deferred)
        await lifecycle.pause_task(lone, "alice", ids[0], clock.now())
        (run,) = await stack.runs(ids[0])
        assert run["final"]["status"] == "FAILED"
        await lifecycle.delete_task(lone, "alice", ids[1], clock.now())
        (deleted,) = await until_runs_of(lone, ids[1], "CANCELLED")
        assert deleted["reason"] in ("TASK_DELETED", "CANCEL_REQUESTED")
        target.release.set()
        await until_idle(stack)
    paused = await lone.tasks.find_one({"_id": ids[0]})
    assert paused is not None
    assert (paused["status"], paused["next_run_at"], paused["active"]) == ("PAUSED", None, [])


async def until_runs_of(database: Database, task_id: str, status: str) -> list[RunDocument]:
    return await until_runs(
        database, lambda runs: [run["status"] for run in runs if run["task"] == task_id] == [status]
    ) and [run for run in await all_runs(database) if run["task"] == task_id]


async def test_an_edit_by_another_program_is_respected(lone: Database, mongodb_uri: str, target: TargetServer) -> None:
    """A command of the command line knows nothing of the runs that the server has deferred."""
    ids = await save_tasks(lone, f"{target.url}/wait")
    other = await documents.connect(mongodb_uri, lone.name)
    async with run_stack(lone) as stack:

        async def is_deferred() -> bool:
            return len(lone.deferred) == COUNT

        await wait_until(is_deferred)
        await lone.tasks.update_one(
            {"_id": ids[0]}, {"$set": {"hold": "PAUSED", "next_run_at": None}, "$inc": {"version": 1}}
        )
        target.release.set()
        await until_runs(lone, have("COMPLETED"))
        await until_idle(stack)
    await other.close()
    paused = await lone.tasks.find_one({"_id": ids[0]})
    assert paused is not None
    assert (paused["hold"], paused["next_run_at"]) == ("PAUSED", None)


@asynccontextmanager
async def crashed(database: Database, uri: str, target: TargetServer) -> AsyncIterator[Database]:
    """Yield the database after a process died whose runs had all begun and were deferred."""
    await save_tasks(database, f"{target.url}/wait")
    async with run_stack(database, max_concurrency=200) as stack:

        async def all_called() -> bool:
            return len(target.calls) == COUNT and len(database.deferred) == COUNT

        await wait_until(all_called)
        copied = f"{database.name}_copy"
        for name in ("tasks", "claim_records"):
            await database.client[copied][name].insert_many(await database.db[name].find({}).to_list())
        assert await database.runs.count_documents({}) == 0
        target.release.set()
        await until_idle(stack)
    target.release.set()
    opened = await documents.connect(uri, copied, alone=True)
    try:
        yield opened
    finally:
        await opened.client.drop_database(copied)
        await opened.close()


async def test_a_crash_loses_the_attempt_and_nothing_else(
    lone: Database, mongodb_uri: str, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deferred_runs, "MAX_RUNNING_SECONDS", 60)
    async with crashed(lone, mongodb_uri, target) as left, run_stack(left, max_concurrency=200) as stack:
        runs = await until_runs(left, have("COMPLETED"))
        await until_idle(stack)
        assert [[attempt.get("outcome") for attempt in run["attempts"]] for run in runs] == [
            ["LOST", "COMPLETED"]
        ] * COUNT
        assert {(task["status"], task["incident"]) for task in await all_tasks(left)} == {("COMPLETED", 1)}


async def test_a_stop_returns_what_has_not_ended(lone: Database, target: TargetServer) -> None:
    await save_tasks(lone, f"{target.url}/wait")
    async with run_stack(lone, shutdown_grace=0, max_concurrency=200):
        async with asyncio.timeout(10):
            while len(target.calls) < COUNT:
                await asyncio.sleep(0.01)
    assert await lone.claim_records.count_documents({}) == 0
    assert {run["status"] for run in await all_runs(lone)} == {"QUEUED"}
    target.release.set()
    async with run_stack(lone) as stack:
        await until_runs(lone, have("COMPLETED"))
        await until_idle(stack)
    assert {task["status"] for task in await all_tasks(lone)} == {"COMPLETED"}


async def test_an_outcome_is_kept_if_the_advance_of_its_task_failed_before(
    lone: Database, target: TargetServer
) -> None:
    """The run is stored as claimed then, but still deferred, because its task is not advanced."""
    await save_tasks(lone, f"{target.url}/wait")
    async with run_stack(lone, max_concurrency=200) as stack:

        async def is_deferred() -> bool:
            return len(lone.deferred) == COUNT and len(target.calls) == COUNT

        await wait_until(is_deferred)
        async with lone.deferred.lock:
            await lone.runs.insert_many([each.run for each in lone.deferred.all()])
        target.release.set()
        runs = await until_runs(lone, have("COMPLETED"))
        await until_idle(stack)
    assert outcomes(runs) == [["COMPLETED"]] * COUNT
    assert {(task["status"], task["incident"]) for task in await all_tasks(lone)} == {("COMPLETED", 1)}
    assert len(target.calls) == COUNT


async def test_a_record_that_was_not_deleted_runs_nothing_again(lone: Database, target: TargetServer) -> None:
    await save_tasks(lone, f"{target.url}/wait")
    async with run_stack(lone, max_concurrency=200) as stack:

        async def is_deferred() -> bool:
            return len(lone.deferred) == COUNT

        await wait_until(is_deferred)
        kept = await lone.claim_records.find({}).to_list()
        target.release.set()
        await until_runs(lone, have("COMPLETED"))
        await until_idle(stack)
    await lone.claim_records.insert_many(kept)
    await lone.runs.delete_many({})  # as after their retention
    assert await restore_deferred_runs(lone) == 0
    assert await lone.claim_records.count_documents({}) == 0
    assert await all_runs(lone) == []
