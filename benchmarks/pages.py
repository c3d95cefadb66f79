"""Pages (i): a page of 50 of one owner's runs and tasks, and its totalCount, among more and more of them."""

import argparse
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from benchmarks.load import http_job
from benchmarks.process import database, in_fresh_process
from benchmarks.table import Row, middle, text
from tocsin import clock, schedules
from tocsin.documents import Database, RunStatus, TaskStatus, Trigger, User, connect
from tocsin.documents.keyset import KeysetQuery
from tocsin.documents.paging import PageArguments, count_rows, fetch_page
from tocsin.tasks.listing import RunCriteria, RunOrderField, TaskCriteria, TaskOrderField, query_runs, query_tasks
from tocsin.tasks.runs import new_task_run
from tocsin.tasks.saving import TaskDraft

OWNER = "owner0"
SIZES = (1_000, 20_000, 100_000)
_PERIOD = timedelta(days=30)
_BATCH = 2_000
_FAILED_EVERY = 50  # one run in 50 has failed


def make_task(number: int, created_at: datetime) -> Any:
    """Return a stored task that is due in an hour."""
    draft = TaskDraft(name="benchmark", job=http_job("http://h/"), schedule=schedules.Cron("0 4 * * *", "UTC"))
    return {
        "_id": f"{OWNER}/t{number}", "owner": OWNER, "status": TaskStatus.PENDING, "hold": None, "version": 1,
        "next_run_at": created_at + timedelta(days=40), "last_due_at": None, "active": [], "incident": 0,
        "last_end": TaskStatus.COMPLETED, "last_run": None, "consecutive_failures": 0, "reconcile": False,
        "created_at": created_at, "updated_at": created_at, **draft.document_fields(),
    }  # fmt: skip


def make_run(number: int, at: datetime, task: Any) -> Any:
    """Return a stored run that has ended."""
    status = RunStatus.COMPLETED if number % _FAILED_EVERY else RunStatus.FAILED
    run = new_task_run(task, f"{OWNER}/t{number % 50}:{number}", at, Trigger.SCHEDULE, at)
    ended = {"status": status, "open": False, "rank": None, "ready_at": None, "queued_at": None, "finished_at": at}
    return {**run, **ended}


def _run_after(begun: datetime, step: timedelta, task: Any, number: int) -> Any:
    return make_run(number, begun + number * step, task)


def _task_after(begun: datetime, step: timedelta, number: int) -> Any:
    return make_task(number, begun + number * step)


async def _fill(collection: Any, count: int, start: int, make: Callable[[int], Any]) -> None:
    for first in range(start, count, _BATCH):
        await collection.insert_many([make(number) for number in range(first, min(first + _BATCH, count))])


async def median_ms(work: Callable[[], Awaitable[Any]], repeats: int = 9) -> float:
    """Return the median duration in milliseconds."""
    took = []
    for _ in range(repeats):
        begun = time.perf_counter()
        await work()
        took.append((time.perf_counter() - begun) * 1000)
    return middle(took)


def _queries(opened: Database, user: User) -> dict[str, KeysetQuery[Any]]:
    def runs(criteria: RunCriteria, field: RunOrderField = RunOrderField.DUE_AT) -> KeysetQuery[Any]:
        return query_runs(opened, user, criteria, field, descending=True)

    return {
        "runs": runs(RunCriteria()),
        "runs by creation": runs(RunCriteria(), RunOrderField.CREATED_AT),
        "failed runs": runs(RunCriteria(statuses=[RunStatus.FAILED])),
        "tasks": query_tasks(opened, user, TaskCriteria(), TaskOrderField.CREATED_AT, descending=True),
        "tasks by due time": query_tasks(opened, user, TaskCriteria(), TaskOrderField.NEXT_RUN_AT, descending=False),
    }


async def measure_pages(sizes: tuple[int, ...]) -> dict[str, list[tuple[float, float]]]:
    """Return the milliseconds of (a page of 50, its totalCount) of each list, for each size."""
    async with database() as server:
        opened = await connect(server.uri, "tocsin")
        begun = clock.now() - _PERIOD
        user = User(email="o@example.com", password="", created_at=begun)
        user.id = OWNER
        figures: dict[str, list[tuple[float, float]]] = {}
        filled, task = 0, make_task(0, begun)
        for size in sizes:
            step = _PERIOD / size  # newer rows are denser
            await _fill(opened.runs, size, filled, partial(_run_after, begun, step, task))
            await _fill(opened.tasks, size, filled, partial(_task_after, begun, step))
            filled = size
            for name, query in _queries(opened, user).items():
                page = await median_ms(partial(fetch_page, query, PageArguments(50, None, None, None)))
                figures.setdefault(name, []).append((page, await median_ms(partial(count_rows, query), 3)))
        await opened.close()
        return figures


def measure(sizes: tuple[int, ...] = SIZES) -> list[Row]:
    """Measure all lists in one process."""
    rows = []
    for name, figures in in_fresh_process(measure_pages, sizes).items():
        for size, (page, count) in zip(sizes, figures, strict=True):
            rows.append(Row(f"(i) 50 of {size:,} {name}, ms", page, "< 20"))
            rows.append(Row("    totalCount, ms", count))
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    print(text(measure(tuple(parser.parse_args().sizes))))


if __name__ == "__main__":
    main()
