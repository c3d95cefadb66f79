"""Pages (i): a page of 50 of one owner's runs and tasks, and its totalCount, among more and more of them."""

import argparse
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from benchmarks.load import http_job
from benchmarks.process import CpuClock, database, in_fresh_process
from benchmarks.table import Row, middle, text
from tocsin import clock, schedules
from tocsin.documents import Database, RunStatus, TaskStatus, Trigger, User, connect
from tocsin.documents.keyset import BEFORE_ALL_IDS, CursorPosition, KeysetQuery, encode_position
from tocsin.documents.paging import PageArguments, count_rows, fetch_page
from tocsin.tasks.listing import RunCriteria, RunOrderField, TaskCriteria, TaskOrderField, query_runs, query_tasks
from tocsin.tasks.runs import new_task_run
from tocsin.tasks.saving import TaskDraft

OWNER = "owner0"
SIZES = (1_000, 100_000, 1_000_000)
MOST_TASKS = 100_000
_PERIOD = timedelta(days=30)
_BATCH = 2_000
_FAILED_EVERY, _MISSED_EVERY = 50, 5_000
_MANUAL_EVERY = 20
_DAY = timedelta(days=1)


def make_task(number: int, created_at: datetime, due_at: datetime | None = None) -> Any:
    """Return a stored task that is due each day; one in 100 is paused."""
    status = TaskStatus.PENDING if due_at else TaskStatus.PAUSED
    draft = TaskDraft(name="benchmark", job=http_job("http://h/"), schedule=schedules.Cron("0 4 * * *", "UTC"))
    return {
        "_id": f"{OWNER}/t{number}", "owner": OWNER, "status": status,
        "hold": None, "version": 1, "next_run_at": due_at, "last_due_at": None, "active": [], "incident": 0,
        "last_end": TaskStatus.COMPLETED, "last_run": None, "consecutive_failures": 0, "reconcile": False,
        "created_at": created_at, "updated_at": created_at, **draft.document_fields(),
    }  # fmt: skip


def make_run(number: int, at: datetime, task: Any) -> Any:
    """Return a stored run that has ended."""
    status = RunStatus.COMPLETED if number % _FAILED_EVERY else RunStatus.FAILED
    status = status if number % _MISSED_EVERY != 1 else RunStatus.MISSED
    trigger = Trigger.SCHEDULE if number % _MANUAL_EVERY else Trigger.MANUAL
    run = new_task_run(task, f"{OWNER}/t{number % 50}:{number}", at, trigger, at)
    ended = {"status": status, "open": False, "rank": None, "ready_at": None, "queued_at": None, "finished_at": at}
    return {**run, **ended}


def _run_after(begun: datetime, step: timedelta, task: Any, number: int) -> Any:
    return make_run(number, begun + number * step, task)


def _task_after(begun: datetime, step: timedelta, number: int) -> Any:
    due_at = begun + _PERIOD + number * 7_919 % 86_400 * timedelta(seconds=1) if number % 100 else None
    return make_task(number, begun + number * step, due_at)


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
    def runs(field: RunOrderField = RunOrderField.DUE_AT, **criteria: Any) -> KeysetQuery[Any]:
        return query_runs(opened, user, RunCriteria(**criteria), field, descending=True)

    def tasks(field: TaskOrderField, *, descending: bool, **criteria: Any) -> KeysetQuery[Any]:
        return query_tasks(opened, user, TaskCriteria(**criteria), field, descending=descending)

    return {
        "runs": runs(),
        "runs by creation": runs(RunOrderField.CREATED_AT),
        "failed runs (1 in 50)": runs(statuses=[RunStatus.FAILED]),
        "missed or cancelled runs (1 in 5,000)": runs(statuses=[RunStatus.MISSED, RunStatus.CANCELLED]),
        "manual runs (1 in 20, no index)": runs(trigger=Trigger.MANUAL),
        "runs by a name that none has": runs(task_name="nothing"),
        "runs of a task": runs(task=f"{OWNER}/t0"),
        "tasks": tasks(TaskOrderField.CREATED_AT, descending=True),
        "paused tasks (1 in 100)": tasks(TaskOrderField.CREATED_AT, descending=True, statuses=[TaskStatus.PAUSED]),
        "tasks, due soonest": tasks(TaskOrderField.NEXT_RUN_AT, descending=False),
        "tasks, due last": tasks(TaskOrderField.NEXT_RUN_AT, descending=True),
    }


@dataclass(frozen=True, slots=True)
class Figures:
    """The milliseconds of a page, of one in the middle of the list, and of a count; and the CPU time of a page."""

    page: float
    deep: float
    count: float
    cpu: float


async def _measure(query: KeysetQuery[Any], middle_key: datetime, cpu: CpuClock) -> Figures:
    deep = encode_position(query, CursorPosition(middle_key, BEFORE_ALL_IDS))
    before, repeats = sum(cpu.read()), 15
    page = await median_ms(partial(fetch_page, query, PageArguments(50, None, None, None)), repeats)
    used = (sum(cpu.read()) - before) / repeats * 1000
    in_the_middle = await median_ms(partial(fetch_page, query, PageArguments(50, deep, None, None)))
    return Figures(page, in_the_middle, await median_ms(partial(count_rows, query), 5), used)


async def measure_pages(sizes: tuple[int, ...]) -> dict[str, list[Figures]]:
    """Return the figures of each list, for each size."""
    async with database() as server:
        opened = await connect(server.uri, "tocsin")
        cpu = CpuClock(server.pid or 0)
        begun = clock.now() - _PERIOD
        user = User(email="o@example.com", password="", created_at=begun)
        user.id = OWNER
        figures: dict[str, list[Figures]] = {}
        filled, task = 0, make_task(0, begun)
        for size in sizes:
            step = _PERIOD / size  # newer rows are denser
            await _fill(opened.runs, size, filled, partial(_run_after, begun, step, task))
            await _fill(opened.tasks, min(size, MOST_TASKS), filled, partial(_task_after, begun, step))
            filled = size
            for name, query in _queries(opened, user).items():
                middle_key = begun + (_PERIOD + _DAY / 2 if query.key == "next_run_at" else _PERIOD / 2)
                figures.setdefault(name, []).append(await _measure(query, middle_key, cpu))
        await opened.close()
        return figures


def measure(sizes: tuple[int, ...] = SIZES) -> list[Row]:
    """Measure all lists in one process."""
    rows = []
    for name, figures in in_fresh_process(measure_pages, sizes).items():
        for size, figure in zip(sizes, figures, strict=True):
            count = min(size, MOST_TASKS) if "tasks" in name else size
            rows.append(Row(f"(i) 50 of {count:,} {name}, ms", figure.page, "< 20"))
            rows.append(Row("    in the middle of the list, ms", figure.deep, "< 20"))
            rows.append(Row("    totalCount, ms", figure.count))
            rows.append(Row("    CPU of a page, ms", figure.cpu))
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    print(text(measure(tuple(parser.parse_args().sizes))))


if __name__ == "__main__":
    main()
