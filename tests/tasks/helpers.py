"""Tasks and runs inserted in a given state, for tests of their owner's actions."""

from datetime import timedelta
from typing import Any

from tests.harness import save_task
from tocsin import clock, schedules
from tocsin.documents import (
    OPEN_STATUSES,
    AttemptDocument,
    AttemptOutcome,
    Database,
    IdempotencyDocument,
    RunDocument,
    RunStatus,
    Task,
    TaskChanges,
    TaskDocument,
    Trigger,
)
from tocsin.documents.updates import Expression, all_of, change_task, put_active_runs
from tocsin.scheduling.planning import scheduled_run_id
from tocsin.tasks.idempotency import IdempotentCall
from tocsin.tasks.runs import new_task_run

HOUR = timedelta(hours=1)
AWAY = "http://127.0.0.1:9/"
_MISSING: Any = {}


async def save_hourly_task(database: Database, **changes: Any) -> Task:
    """Save a task of alice's that is due every hour, first in an hour."""
    start = clock.now() + HOUR
    return await save_task(database, AWAY, schedules.Every(HOUR, start), **changes)


async def load_task(database: Database, task_id: str) -> TaskDocument:
    """Return the stored task; an empty document if there is none."""
    return await database.tasks.find_one({"_id": task_id}) or _MISSING


async def load_run(database: Database, run: str) -> RunDocument:
    """Return the stored run; an empty document if there is none."""
    return await database.runs.find_one({"_id": run}) or _MISSING


def ended_attempt(
    number: int = 1, outcome: AttemptOutcome = AttemptOutcome.FAILED, *, body_bytes: int = 0
) -> AttemptDocument:
    """Return the stored form of an ended attempt."""
    now = clock.now()
    return {
        "number": number, "started_at": now, "finished_at": now, "worker": "w", "outcome": outcome, "error": None,
        "body_bytes": body_bytes,
    }  # fmt: skip


def claimed_key(call: IdempotentCall, thing: str, round_: int | None = None) -> IdempotencyDocument:
    """Return the record of a call that has claimed its key and done nothing else."""
    return {
        "_id": call.id, "fingerprint": call.fingerprint, "thing": thing, "round": round_, "done": False,
        "created_at": clock.now(),
    }  # fmt: skip


async def add_run(database: Database, task_id: str, status: RunStatus, *, ago: timedelta = HOUR, **changes: Any) -> str:
    """Insert a run of this task with this status, listed by the task as the engine would have done."""
    task, now = await load_task(database, task_id), clock.now()
    trigger = changes.pop("trigger", Trigger.SCHEDULE)
    run = new_task_run(task, changes.pop("_id", scheduled_run_id(task_id, now - ago)), now - ago, trigger, now - ago)
    run |= {
        "status": status,
        "open": status in OPEN_STATUSES,
        "rank": run["rank"] if status is RunStatus.QUEUED else None,
    }
    if status is RunStatus.RUNNING:
        started: AttemptDocument = {"number": 1, "started_at": now, "worker": "w"}
        run |= {"worker": "w", "fence": 1, "started_at": now, "attempts": [started]}
    if status is RunStatus.RETRY:
        run |= {"retry_at": now + HOUR, "attempts": [ended_attempt()], "fence": 1}
    if status not in OPEN_STATUSES:
        run["finished_at"] = now
    await database.db["runs"].insert_one({**run, **changes})  # untyped: only the test knows the fields
    database.changes.runs_created([run])
    if trigger is Trigger.SCHEDULE:
        computed: dict[str, Expression] = {"last_run": {"$literal": run["_id"]}}
        if status in OPEN_STATUSES:
            computed["active"] = put_active_runs([(run["_id"], status)])
        last: TaskChanges = {"last_due_at": run["due_at"]}
        await database.tasks.bulk_write([change_task(task_id, all_of(), last, computed)])
    return run["_id"]
