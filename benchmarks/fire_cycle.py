"""(c) One pass of the scheduler with 50 cron tasks due, among more and more others: flat, if nothing scans them."""

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
SIZES = (1_000, 10_000, 100_000)
ASIDE = timedelta(minutes=30)
"""The other tasks are due so much later or more, spread over a day."""


class _Nothing:
    """Nothing follows from a pass here."""

    def apply_effects(self, runs: list[Any]) -> None:
        """Not waited for."""

    def align_stale_runs(self, runs: list[Any]) -> None:
        """Nobody edits."""


async def cycles(sizes: tuple[int, ...], passes: int) -> list[list[float]]:
    """Milliseconds of each pass, for each number of other tasks."""
    async with database() as server:
        opened = await connect(server.uri, "benchmark")
        try:
            return await _cycles(opened, sizes, passes)
        finally:
            await opened.close()


async def _cycles(opened: Database, sizes: tuple[int, ...], passes: int) -> list[list[float]]:
    in_flight = InFlightRuns("benchmark", 1_000_000, RunLimiter())
    transport = LocalTransport(in_flight, Wakeups(), asyncio.get_running_loop())
    store = DueJobStore(connect_sync(opened.uri, opened.name), transport, _Nothing())
    scheduler = BackgroundScheduler(timezone=UTC)  # never started: its passes are made one by one
    scheduler.add_jobstore(store)
    scheduler.add_executor(DueJobExecutor(store))
    due = await _insert(DUE, aside=False)
    there, figures = 0, []
    try:
        for size in sizes:
            await _insert(size - there, aside=True)
            there = size
            freeze()
            await _cycle(opened, scheduler, due)  # warms the caches
            figures.append([await _cycle(opened, scheduler, due) for _ in range(passes)])
    finally:
        store.shutdown()
    return figures


async def _cycle(opened: Database, scheduler: BackgroundScheduler, due: list[str]) -> float:
    """Make the 50 due, take the time of the pass that fires them, and check what it did."""
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


async def _insert(count: int, *, aside: bool) -> list[str]:
    """Insert cron tasks; their ids."""
    now = clock.now()
    ids: list[str] = []
    for start in range(0, count, 1000):
        tasks = [_task(number, now, aside=aside) for number in range(start, min(start + 1000, count))]
        await Task.insert_many(tasks)
        ids += [task.id for task in tasks]
    return ids


def _task(number: int, now: datetime, *, aside: bool) -> Task:
    at = now + ASIDE + timedelta(milliseconds=random.randrange(86_400_000)) if aside else now + ASIDE
    draft = TaskDraft(name="benchmark", job=http_job("http://127.0.0.1/"), schedule=schedules.Cron("0 4 * * *", "UTC"))
    of = owner(number)
    return Task(
        id=new_id(of), owner=of, status=TaskStatus.PENDING, next_run_at=at, created_at=now, updated_at=now,
        **draft.document_fields(),
    )  # fmt: skip


def measure(sizes: tuple[int, ...] = SIZES, passes: int = 20) -> list[Row]:
    """The median pass for each number of other tasks."""
    figures = in_fresh_process(cycles, sizes, passes)
    labels = [f"(c) {DUE} due among {sizes[0]:,}: one pass, ms", *(f"    among {size:,}" for size in sizes[1:])]
    aims = ["", *("flat" for _ in sizes[1:])]
    return [Row(label, middle(one), aim) for label, one, aim in zip(labels, figures, aims, strict=True)]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fire_cycle", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--passes", type=int, default=20)
    options = parser.parse_args()
    print(text(measure(tuple(options.sizes), options.passes)))


if __name__ == "__main__":
    main()
