"""Queued runs, and conditions to wait for, over the real database."""

from datetime import timedelta
from typing import Any

from tests.harness import Stack, TargetServer, wait_until
from tocsin import clock, schedules
from tocsin.dispatch.backlog import READY_RUNS
from tocsin.documents import AttemptDocument, Database, ErrorDocument, ErrorKind, JobDocument, Trigger, WaitingFor
from tocsin.tasks import runs as task_runs
from tocsin.tasks import saving
from tocsin.tasks.saving import TaskDraft


async def queued(database: Database, url: str, count: int, owner: str = "alice", **more: Any) -> list[Any]:
    """Insert `count` queued runs of one task."""
    far = schedules.Every(timedelta(days=365), clock.now() + timedelta(days=1))
    job: JobDocument = {"kind": "http", "params": {"url": url, "method": "GET", "headers": []}}
    task = await saving.create_task(database, owner, TaskDraft(name=owner, job=job, schedule=far, **more), clock.now())
    document = await database.tasks.find_one({"_id": task.id})
    assert document is not None
    now = clock.now()
    runs = [
        task_runs.new_task_run(document, f"{task.id}:m{number:05}", now, Trigger.MANUAL, now) for number in range(count)
    ]
    await database.runs.insert_many(runs)
    return runs


def ended_attempt(*, error: ErrorKind | None = None, status_code: int | None = None) -> AttemptDocument:
    """Return an ended attempt with what a circuit reads of it."""
    stored: ErrorDocument | None = None if error is None else {"kind": error, "message": "", "hint": None}
    return {"number": 1, "started_at": clock.EPOCH, "worker": "w", "error": stored, "status_code": status_code}


async def settled(database: Database, count: int, status: str = "COMPLETED") -> bool:
    return bool(await database.runs.count_documents({"status": status}) >= count)


async def waits_for(stack: Stack, what: WaitingFor) -> bool:
    runs = await stack.database.runs.find(READY_RUNS).to_list()
    return any(
        (waiting := stack.engine.find_wait_reason(run)) is not None and waiting.waiting_for is what for run in runs
    )


async def under_way(targets: list[TargetServer], count: int) -> None:
    """Wait until these targets have been called so many times."""

    async def reached() -> bool:
        return sum(len(target.calls) for target in targets) >= count

    await wait_until(reached)
