"""Fire cycle (c): one pass of the scheduler with 50 due cron tasks, among more and more others that are not due."""

import argparse
import asyncio
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler

from benchmarks.load import http_job
from benchmarks.process import database, freeze, in_fresh_process, owner
from benchmarks.table import Row, middle, text
from tocsin import clock, schedules
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.transport import LocalTransport
from tocsin.documents import Database, Task, TaskStatus, connect, connect_sync, new_id
from tocsin.scheduling.job_store import DueJobExecutor, DueJobStore
from tocsin.tasks.saving import TaskDraft
from tocsin.wakeups import Wakeups

DUE = 50
SIZES = (1_000, 10_000, 100_000, 1_000_000)
OTHERS_DUE_AFTER = timedelta(minutes=30)
"""The least delay until another task is due. They are spread over a day."""


class _NoEffects:
    """Discards the effects of a pass."""

    def apply_effects(self, runs: list[Any]) -> None:
        """Do nothing."""

    def align_stale_runs(self, runs: list[Any]) -> None:
        """Do nothing: no task is edited."""


async def cycles(sizes: tuple[int, ...], passes: int) -> list[list[float]]:
    """Return the milliseconds of each pass, for each number of other tasks."""
    async with database() as server:
        opened = await connect(server.uri, "benchmark")
        try:
            return await _cycles(opened, sizes, passes)
        finally:
            await opened.close()


async def _cycles(opened: Database, sizes: tuple[int, ...], passes: int) -> list[list[float]]:
    in_flight = InFlightRuns("benchmark", 1_000_000, RunLimiter())
    transport = LocalTransport(in_flight, Wakeups(), asyncio.get_running_loop())
    store = DueJobStore(connect_sync(opened.uri, opened.name), transport, _NoEffects())
    scheduler = BackgroundScheduler(timezone=UTC)  # never started: passes are called one by one
    scheduler.add_jobstore(store)
    scheduler.add_executor(DueJobExecutor(store))
    due = await _insert(DUE, is_other=False)
    inserted, figures = 0, []
    try:
        for size in sizes:
            await _insert(size - inserted, is_other=True)
            inserted = size
            freeze()
            await _cycle(opened, scheduler, due)  # warms the caches
            figures.append([await _cycle(opened, scheduler, due) for _ in range(passes)])
    finally:
        store.shutdown()
    return figures


async def _cycle(opened: Database, scheduler: BackgroundScheduler, due: list[str]) -> float:
    """Make the 50 tasks due, measure the pass that fires them, and check its result."""
    await opened.runs.delete_many({})
    again = {"next_run_at": clock.now() - clock.MILLISECOND, "active": [], "last_due_at": None}
    await opened.tasks.update_many({"_id": {"$in": due}}, {"$set": again})
    took = await asyncio.to_thread(_pass, scheduler)
    runs = await opened.runs.count_documents({})
    moved = await opened.tasks.count_documents({"_id": {"$in": due}, "next_run_at": {"$gt": again["next_run_at"]}})
    if (runs, moved) != (DUE, DUE):
        raise RuntimeError(f"the pass made {runs} runs and moved {moved} tasks on, instead of {DUE} each")
    return took


def _pass(scheduler: BackgroundScheduler) -> float:
    begun = time.perf_counter()
    scheduler._process_jobs()
    return (time.perf_counter() - begun) * 1000


async def _insert(count: int, *, is_other: bool) -> list[str]:
    """Insert cron tasks. Return their ids."""
    now = clock.now()
    ids: list[str] = []
    for start in range(0, count, 1000):
        tasks = [_task(number, now, is_other=is_other) for number in range(start, min(start + 1000, count))]
        await Task.insert_many(tasks)
        ids += [task.id for task in tasks]
    return ids


def _task(number: int, now: datetime, *, is_other: bool) -> Task:
    spread = timedelta(milliseconds=random.randrange(86_400_000)) if is_other else timedelta()
    draft = TaskDraft(name="benchmark", job=http_job("http://127.0.0.1/"), schedule=schedules.Cron("0 4 * * *", "UTC"))
    owner_id = owner(number)
    return Task(
        id=new_id(owner_id), owner=owner_id, status=TaskStatus.PENDING, next_run_at=now + OTHERS_DUE_AFTER + spread,
        created_at=now, updated_at=now, **draft.document_fields(),
    )  # fmt: skip


def measure(sizes: tuple[int, ...] = SIZES, passes: int = 20) -> list[Row]:
    """Return the median pass for each number of other tasks."""
    figures = in_fresh_process(cycles, sizes, passes)
    labels = [f"(c) {DUE} due among {sizes[0]:,}: one pass, ms", *(f"    among {size:,}" for size in sizes[1:])]
    goals = ["", *("flat" for _ in sizes[1:])]
    return [Row(label, middle(one), goal) for label, one, goal in zip(labels, figures, goals, strict=True)]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fire_cycle", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--passes", type=int, default=20)
    options = parser.parse_args()
    print(text(measure(tuple(options.sizes), options.passes)))


if __name__ == "__main__":
    main()
