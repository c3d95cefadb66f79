"""A client that was away is told of every move of a run, and of what pauses a task, however long ago these began."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from tests.events.test_catch_up import read_all
from tests.tasks.helpers import add_run, load_run, load_task, save_hourly_task
from tocsin import clock
from tocsin.dispatch.claims import claim_runs
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.retry_decision import RunDecision
from tocsin.documents import MOVES, Database, RunDocument, RunReason, RunStatus
from tocsin.documents.states import SETTLED_STATUSES
from tocsin.events import Change, ChangeFilter, EventCursor
from tocsin.execution.callback_settlement import Settlement
from tocsin.execution.completion import Completion
from tocsin.execution.rescuer import rescue_runs
from tocsin.jobs.base import Outcome
from tocsin.maintenance.inconclusive_runs import _mark_update, _requeue_update
from tocsin.scheduling.planning import pause_unreadable
from tocsin.scheduling.retries import end_superseded_retries, queue_due_retry
from tocsin.tasks import run_effects
from tocsin.tasks import runs as task_runs

S = RunStatus
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
Move = Callable[[Database, RunDocument, datetime], Awaitable[Any]]


async def add_old_run(database: Database, status: RunStatus, **changes: Any) -> str:
    """Insert a run of a task of alice's to which nothing has happened for an hour."""
    task, old = await save_hourly_task(database), clock.now() - HOUR
    attempt: dict[str, Any] = {"number": 1, "started_at": old, "worker": "w"}
    if status in {S.RETRY, S.FAILED}:
        attempt |= {"finished_at": old, "outcome": "FAILED", "error": {"kind": "CONNECT", "message": "", "hint": None}}
    if status is S.WAITING:
        attempt["accepted_at"] = old
    fields: dict[str, Any] = {"attempts": [attempt], "fence": 1, "started_at": old}
    if status in {S.QUEUED, S.MISSED, S.SKIPPED}:
        fields = {"started_at": None}
    fields["worker"] = "w" if status is S.RUNNING else None
    fields["finished_at"] = old if status in SETTLED_STATUSES else None
    fields["callback_by"] = clock.now() + HOUR if status is S.WAITING else None
    run_id = await add_run(database, task.id, status, **fields | changes)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"created_at": old, "updated_at": old}})
    return run_id


async def told_since(database: Database, since: datetime) -> list[Change]:
    return await read_all(database, ChangeFilter("alice"), EventCursor(since))


async def _claim(database: Database, run: RunDocument, now: datetime) -> None:
    await claim_runs(database, InFlightRuns("w", 9, RunLimiter()), [run], now)


async def _cancel(database: Database, run: RunDocument, now: datetime) -> None:
    await task_runs.cancel_run(database, "alice", run["_id"], now)


async def _repeat(database: Database, run: RunDocument, now: datetime) -> None:
    await task_runs.retry_run(database, "alice", run["_id"], now, None)


async def _lose(database: Database, run: RunDocument, now: datetime) -> None:
    await rescue_runs(database, [run], now, "died")


async def _queue_retry(database: Database, run: RunDocument, now: datetime) -> None:
    await database.runs.bulk_write([queue_due_retry(run, now, None)])


async def _supersede(database: Database, run: RunDocument, now: datetime) -> None:
    with MongoClient[Any](database.db.client._init_kwargs["host"], tz_aware=True) as client:
        end_superseded_retries(client[database.name]["runs"], [run], now, database.changes)


async def _requeue(database: Database, run: RunDocument, now: datetime) -> None:
    await database.runs.update_one({"_id": run["_id"]}, {"$set": {"reason": RunReason.INCONCLUSIVE}})
    await database.runs.bulk_write([_requeue_update(run, await load_task(database, run["task"]), now)])


def _end(status: RunStatus) -> Move:
    """Return the move by the end of the attempt, of which an hour has passed."""

    async def end(database: Database, run: RunDocument, now: datetime) -> None:
        later = now + HOUR
        decision = RunDecision(status, retry_at=later, callback_by=later if status is S.WAITING else None)
        done = Completion.of_attempt(run, Outcome(), decision, run["attempts"][-1]["started_at"], now)
        await database.runs.bulk_write([done.build_update()])

    return end


def _settle(status: RunStatus) -> Move:
    """Return the move by a callback, or because there was none."""

    async def settle(database: Database, run: RunDocument, now: datetime) -> None:
        attempt: Any = {**run["attempts"][-1], "finished_at": now, "outcome": "COMPLETED"}
        await database.runs.bulk_write([Settlement(run, attempt, RunDecision(status, retry_at=now)).build_update()])

    return settle


BY: dict[tuple[RunStatus, RunStatus], list[Move]] = {
    (S.QUEUED, S.RUNNING): [_claim],
    (S.QUEUED, S.CANCELLED): [_cancel],
    (S.RUNNING, S.COMPLETED): [_end(S.COMPLETED)],
    (S.RUNNING, S.RETRY): [_end(S.RETRY)],
    (S.RUNNING, S.FAILED): [_end(S.FAILED)],
    (S.RUNNING, S.WAITING): [_end(S.WAITING)],
    (S.RUNNING, S.QUEUED): [_lose],
    (S.RUNNING, S.CANCELLED): [_end(S.CANCELLED)],
    (S.RETRY, S.QUEUED): [_queue_retry],
    (S.RETRY, S.FAILED): [_supersede],
    (S.RETRY, S.CANCELLED): [_cancel],
    (S.WAITING, S.COMPLETED): [_settle(S.COMPLETED)],
    (S.WAITING, S.RETRY): [_settle(S.RETRY)],
    (S.WAITING, S.FAILED): [_settle(S.FAILED)],
    (S.WAITING, S.CANCELLED): [_cancel],
    (S.FAILED, S.QUEUED): [_repeat, _requeue],
    (S.MISSED, S.QUEUED): [_repeat],
    (S.SKIPPED, S.QUEUED): [_repeat],
    (S.CANCELLED, S.QUEUED): [_repeat],
}
CASES = [(*move, by) for move, ways in BY.items() for by in ways]


def test_every_move_is_looked_at() -> None:
    assert set(BY) == {(source, target) for source, targets in MOVES.items() for target in targets}


def _name(value: RunStatus | Move) -> str:
    """Return the same name in each process of a test run."""
    return value if isinstance(value, RunStatus) else value.__qualname__.partition(".")[0]


@pytest.mark.parametrize(("source", "target", "by"), CASES, ids=_name)
async def test_every_move_of_an_old_run_is_told(
    database: Database, source: RunStatus, target: RunStatus, by: Move
) -> None:
    run_id = await add_old_run(database, source)
    now = clock.now()
    assert await told_since(database, now - SECOND) == []
    await by(database, await load_run(database, run_id), now)
    told = await told_since(database, now - SECOND)
    assert [change.run_status for change in told if change.run_id == run_id] == [target]


@pytest.mark.parametrize("by", [_end(S.COMPLETED), _end(S.WAITING), _lose], ids=["completed", "waiting", "lost"])
async def test_a_run_whose_callback_came_early_is_told_as_waiting(database: Database, by: Move) -> None:
    """Its process dies before it settles the run. The callback itself came long ago."""
    called = {"attempt": 1, "status": "COMPLETED", "message": None, "received_at": clock.now() - HOUR}
    job = {"kind": "http", "params": {"url": "http://127.0.0.1:9/", "expect_callback": 600.0}}
    run_id = await add_old_run(database, S.RUNNING, callback=called, job=job)
    now = clock.now()
    assert await told_since(database, now - SECOND) == []
    await by(database, await load_run(database, run_id), now)
    assert (await load_run(database, run_id))["status"] == S.WAITING
    told = await told_since(database, now - SECOND)
    assert [change.run_status for change in told if change.run_id == run_id] == [S.WAITING]


@pytest.mark.parametrize("is_paused", [False, True])
@pytest.mark.parametrize("status", [S.RETRY, S.WAITING, S.FAILED])
async def test_the_end_of_an_attempt_that_is_stored_late_is_told(
    database: Database, status: RunStatus, is_paused: bool
) -> None:
    """The database was away for long. Who returned before the end was stored has not been told of it."""
    final = {"status": "FAILED", "reason": "TASK_PAUSED"} if is_paused else None
    run_id = await add_old_run(database, S.RUNNING, final=final)
    run, now = await load_run(database, run_id), clock.now()
    decision = RunDecision(status, retry_at=now, callback_by=now + HOUR if status is S.WAITING else None)
    began, ended = run["attempts"][-1]["started_at"], now - timedelta(minutes=5)
    done = Completion.of_attempt(run, Outcome(), decision, began, ended)
    await database.runs.bulk_write([replace(done, stored_at=now).build_update()])
    told = await told_since(database, now - SECOND)
    expected = S.FAILED if is_paused and status is S.RETRY else status
    assert [change.run_status for change in told if change.run_id == run_id] == [expected]


async def test_a_run_that_goes_on_waiting_is_not_told_again(database: Database) -> None:
    await add_old_run(database, S.WAITING)
    assert await told_since(database, clock.now() - SECOND) == []


async def test_a_settled_run_that_turns_out_to_be_inconclusive_is_told(database: Database) -> None:
    run_id = await add_old_run(database, S.FAILED, reason=RunReason.RETRIES_USED_UP)
    now = clock.now()
    await database.runs.bulk_write([_mark_update(await load_run(database, run_id))])
    told = await told_since(database, now - SECOND)
    assert [change.run_status for change in told if change.run_id == run_id] == [S.FAILED]
    for _ in range(2):  # a mark that is repeated after a crash says nothing new
        before = await load_run(database, run_id)
        await database.runs.bulk_write([_mark_update(before)])
        assert await load_run(database, run_id) == before


async def test_a_task_that_pauses_itself_long_after_its_run_ended_is_told(database: Database) -> None:
    """The process died between the two."""
    run_id = await add_old_run(database, S.FAILED)
    run = await load_run(database, run_id)
    pausing = {"$set": {"pause_after": 1, "active": [{"run": run_id, "shows": "RUNNING"}]}}
    await database.tasks.update_one({"_id": run["task"]}, pausing)
    now = clock.now()
    await run_effects.apply_effects(database, [run])
    assert (await load_task(database, run["task"]))["pause_reason"] == "CONSECUTIVE_FAILURES"
    told = await told_since(database, now - SECOND)
    assert [(change.task_id, change.task_status) for change in told] == [(run["task"], "PAUSED")]


async def test_a_task_that_cannot_be_read_is_told_as_paused(database: Database) -> None:
    run_id = await add_old_run(database, S.COMPLETED)
    task = await load_task(database, (await load_run(database, run_id))["task"])
    now = clock.now()
    await database.tasks.bulk_write([pause_unreadable(task, now)])
    told = await told_since(database, now - SECOND)
    assert [(change.task_id, change.task_status) for change in told] == [(task["_id"], "PAUSED")]


async def test_progress_that_was_told_meanwhile_is_an_event_too(database: Database) -> None:
    old, new = [await add_old_run(database, S.RUNNING) for _ in range(2)]
    since = clock.now() - SECOND
    for run_id, at in ((old, since - HOUR), (new, clock.now())):
        told = {"fence": 1, "at": at, "done": 1, "all": 2, "text": None}
        await database.runs.update_one({"_id": run_id}, {"$set": {"progress": told}})
    assert [change.run_id for change in await told_since(database, since) if change.run_id] == [new]
