"""Scheduler passes triggered by the test, one at a time, over the real database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.harness import http_job, save_task
from tests.tasks.helpers import AWAY, HOUR
from tocsin import clock, schedules
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.transport import LocalTransport
from tocsin.documents import Database, RunDocument, Task, TaskStatus, connect_sync, new_id
from tocsin.quotas import UsageMeter
from tocsin.scheduling import Scheduler
from tocsin.scheduling.fire_batch import BatchFirer
from tocsin.scheduling.job_store import DueJobStore
from tocsin.tasks.saving import TaskDraft
from tocsin.wakeups import Wakeups


@dataclass
class Passes:
    """A job store, the in-flight runs it fills, and the scheduler that applies its effects."""

    store: DueJobStore
    in_flight: InFlightRuns
    scheduler: Scheduler

    @property
    def firer(self) -> BatchFirer:
        """The part of the store that fires batches."""
        return self.store._firer

    async def make(self) -> None:
        """Make one pass and apply its effects."""
        await asyncio.to_thread(self._pass)
        await self.settle()

    async def settle(self) -> None:
        """Wait for the effects of a pass."""
        await asyncio.sleep(0)
        while self.scheduler._afterwards:
            await asyncio.wait(self.scheduler._afterwards)

    def _pass(self) -> None:
        for job in self.store.get_due_jobs(clock.now()):
            self.store.collected.append(job)
        self.store.get_next_run_time()


@asynccontextmanager
async def passes(
    database: Database, room: int = 0, meter: UsageMeter | None = None, limiter: RunLimiter | None = None
) -> AsyncIterator[Passes]:
    """Passes over this database. `room` is the maximum number of in-flight runs; `meter` limits owners."""
    in_flight = InFlightRuns(f"worker-{room}", room, limiter or RunLimiter())
    transport = LocalTransport(in_flight, Wakeups(), asyncio.get_running_loop())
    scheduler = Scheduler(database, transport)
    scheduler._loop = asyncio.get_running_loop()
    store = DueJobStore(connect_sync(database.uri, database.name), transport, scheduler, meter=meter)
    try:
        yield Passes(store, in_flight, scheduler)
    finally:
        await asyncio.to_thread(store.shutdown)


@asynccontextmanager
async def started(scheduler: Scheduler) -> AsyncIterator[DueJobStore]:
    """A scheduler with its thread, and its store."""
    scheduler.start()
    try:
        assert scheduler._store is not None
        yield scheduler._store
    finally:
        await scheduler.stop()


def statuses(runs: list[RunDocument]) -> list[tuple[str, str | None]]:
    """Return the status and reason of each run."""
    return [(run["status"], run["reason"]) for run in runs]


async def due_task(database: Database, **changes: Any) -> Task:
    """Make an hourly task that has just become due."""
    start = clock.now() - timedelta(seconds=1)
    return await save_at(database, start, **changes)


async def save_at(database: Database, due: datetime, **changes: Any) -> Task:
    """Make an hourly task that is due at this time."""
    task = await save_task(database, AWAY, schedules.Every(HOUR, due), **changes)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"next_run_at": due}})
    task.next_run_at = due
    return task


async def flood(database: Database, count: int, due: datetime, *, owner: str = "mallory", **changes: Any) -> list[str]:
    """Make `count` due tasks of one owner."""
    draft = TaskDraft(name="flood", job=http_job(AWAY), schedule=schedules.Every(HOUR, due), **changes)
    fields: dict[str, Any] = {"owner": owner, "status": TaskStatus.PENDING, "next_run_at": due, "created_at": due}
    tasks = [Task(id=new_id(owner), updated_at=due, **fields, **draft.document_fields()) for _ in range(count)]
    await Task.insert_many(tasks)
    return [task.id for task in tasks]


async def runs_of(database: Database, task_id: str) -> list[RunDocument]:
    """Return the task's runs by due time."""
    return await database.runs.find({"task": task_id}).sort("due_at", 1).to_list()


def before(made: Passes, method: str, act: Callable[[], None]) -> None:
    """Do something once in the scheduler's thread, right before it calls this method of the firer."""
    original = getattr(made.firer, method)

    def instead(*arguments: Any) -> Any:
        setattr(made.firer, method, original)
        act()
        return original(*arguments)

    setattr(made.firer, method, instead)


def in_loop(work: Callable[[], Any]) -> Callable[[], None]:
    """Return a function for the scheduler's thread that runs a coroutine in the test's loop and waits for it."""
    loop = asyncio.get_running_loop()
    return lambda: asyncio.run_coroutine_threadsafe(work(), loop).result(10)
