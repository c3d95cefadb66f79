"""A load of one-off tasks, and the results that are read from their runs."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from benchmarks.process import OWNERS, SUBSCRIBERS, CpuClock, Listeners, Process, owner
from tocsin import clock, schedules
from tocsin.documents import ChangeKind, Database, RunStatus, Task, TaskStatus, new_id
from tocsin.events import send_changes
from tocsin.tasks.saving import TaskDraft


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one system with one load. `late` is in milliseconds, `took` and CPU times are in seconds.

    `took` runs from the first due time to the last call's end; `recorded` until the database has acknowledged the last
    outcome (the same for a system that records nothing).
    """

    runs: int
    took: float
    recorded: float
    late: list[float]
    app_cpu: float
    database_cpu: float


def first_due(count: int) -> datetime:
    """Return a due time late enough to save this many tasks before it, with a pause in between."""
    return clock.now() + timedelta(seconds=3 + count / 500)


async def save_tasks(database: Database, url: str | Sequence[str], dues: list[datetime]) -> None:
    """Save one task for each due time, of all owners in turn. They call one URL, or each one of its own."""
    now = clock.now()
    urls = [url] * len(dues) if isinstance(url, str) else url
    tasks = [_task(owner(number), *each, now) for number, each in enumerate(zip(urls, dues, strict=True))]
    for start in range(0, len(tasks), 500):
        some = tasks[start : start + 500]
        await Task.insert_many(some)
        for task in some:
            database.changes.task_changed(ChangeKind.TASK_CREATED, task.id, task.status, task.next_run_at)
    await send_changes(database)


def http_job(url: str) -> Any:
    """Return a stored http job that sends a GET to this URL."""
    return {"kind": "http", "params": {"url": url, "method": "GET", "headers": [], "secret_headers": []}}


def _task(owner_id: str, url: str, due: datetime, now: datetime) -> Task:
    draft = TaskDraft(name="benchmark", job=http_job(url), schedule=schedules.Once(due))
    return Task(
        id=new_id(owner_id), owner=owner_id, status=TaskStatus.PENDING, next_run_at=due, created_at=now, updated_at=now,
        **draft.document_fields(),
    )  # fmt: skip


async def until_due(due: datetime) -> None:
    """Sleep until just before `due`. Raises RuntimeError if saving took so long that it would distort the result."""
    left = (due - clock.now()).total_seconds()
    if left < 0.5:
        raise RuntimeError(f"saving the load took too long: {left:.1f} s are left before it is due")
    await asyncio.sleep(left - 0.3)


async def run_load(
    process: Process, listeners: Listeners, url: str | Sequence[str], dues: list[datetime], failures: int = 0
) -> tuple[Result, list[Any]]:
    """Save the load, wait until it is done, and check it. Return the result and the stored runs.

    Exactly so many runs are expected to fail.
    """
    await save_tasks(process.runtime.database, url, dues)
    await _until_received(listeners, len(dues), "created")
    await until_due(dues[0])
    cpu = CpuClock(process.database_pid)
    recorded_at = await _until_recorded(process, listeners, dues[-1], len(dues))
    await _until_received(listeners, len(dues) - failures, "completed")
    app, database = cpu.read()
    runs = await _read_checked_runs(process, len(dues), failures)
    ended_at = max(run["finished_at"] for run in runs)
    late = [(run["attempts"][0]["started_at"] - run["due_at"]) / timedelta(milliseconds=1) for run in runs]
    took = (ended_at - dues[0]).total_seconds()
    return Result(len(runs), took, recorded_at - dues[0].timestamp(), late, app, database), runs


async def _until_recorded(process: Process, listeners: Listeners, last_due: datetime, count: int) -> float:
    """Wait until every run is settled. Watches the memory of this process, so that the database has no extra load."""
    held, runs = process.runtime.process.engine.in_flight.runs, process.runtime.database.runs
    async with asyncio.timeout((last_due - clock.now()).total_seconds() + 120):
        while True:
            await asyncio.sleep(0.01)
            recorded_at = time.time()
            if recorded_at < last_due.timestamp() or held or not listeners.completed:
                continue
            if await runs.count_documents({"owner": {"$gt": ""}, "finished_at": {"$ne": None}}) >= count:
                return recorded_at


async def _until_received(listeners: Listeners, count: int, what: str) -> None:
    """Wait until all subscribers have received this many changes of their owner."""
    expected = count * (SUBSCRIBERS // OWNERS)
    try:
        async with asyncio.timeout(30):
            while getattr(listeners, what) < expected:
                await asyncio.sleep(0.01)
    except TimeoutError:
        got = getattr(listeners, what)
        raise RuntimeError(f"subscribers received {got} {what} changes instead of {expected}") from None
    if listeners.resyncs:
        raise RuntimeError(
            f"{listeners.resyncs} subscribers lost changes and were sent a RESYNC: the figures would be too good"
        )


async def _read_checked_runs(process: Process, count: int, failures: int) -> list[Any]:
    """Return all runs, after checking that each task has exactly one, with one attempt, COMPLETED but for failures."""
    database = process.runtime.database
    tasks = {task["_id"] async for task in database.tasks.find({}, {"status": 1})}
    runs = await database.runs.find({}).to_list()
    runs_of_task = Counter(run["task"] for run in runs)
    odd = [run["status"] for run in runs if run["status"] != RunStatus.COMPLETED.value or len(run["attempts"]) != 1]
    is_expected = Counter(odd) == Counter({RunStatus.FAILED.value: failures})
    if len(tasks) != count or set(runs_of_task) != tasks or set(runs_of_task.values()) != {1} or not is_expected:
        raise RuntimeError(f"{count} tasks, {len(runs)} runs, of them not completed at once: {Counter(odd)}")
    return runs
