"""Statistics (r): a query of statistics, and the outcomes of a page of tasks, among more and more runs."""

import argparse
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from benchmarks.pages import OWNER, make_run, make_task, median_ms
from benchmarks.process import CpuClock, database, in_fresh_process
from benchmarks.table import Row, text
from tocsin import clock
from tocsin.documents import Database, connect
from tocsin.statistics.periods import Bucket, plan_periods
from tocsin.statistics.reader import read_statistics
from tocsin.statistics.recount import find_wrong_hours
from tocsin.statistics.service import Statistics
from tocsin.statistics.tally import ALL, task_scope

SIZES = (1_000, 1_000_000)
_PERIOD = timedelta(days=30)
_TASKS = 50
_BATCH = 2_000
_QUERIES = {
    "an hour by minutes": (timedelta(hours=1), Bucket.MINUTE),
    "a day by hours": (timedelta(days=1), Bucket.HOUR),
    "a week by hours": (timedelta(days=7), Bucket.HOUR),
    "30 days by days": (timedelta(days=30), Bucket.DAY),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """The milliseconds that something takes, and those of processor time in this process and in the database."""

    took: float
    cpu: float


async def measure_queries(size: int) -> dict[str, Figures]:
    """Return the figures of each query among so many runs of one owner, which end one after the other."""
    async with database() as server:
        opened = await connect(server.uri, "tocsin")
        statistics, begun, cpu = Statistics(opened), clock.now() - _PERIOD, CpuClock(server.pid or 0)
        await fill_with_runs(statistics, opened, size, begun)
        now = clock.now()
        found = {"counting and storing a burst of 2,000 runs": await measure_work(burst(statistics, size, now), cpu, 1)}
        for name, (length, bucket) in _QUERIES.items():
            for of, scope in (("all runs", ALL), ("a task", task_scope(f"{OWNER}/t0"))):
                if scope == ALL or not bucket.has_minutes:
                    periods = plan_periods(now - length, now, bucket, scope, now)
                    query = partial(read_statistics, opened, statistics, OWNER, scope, periods, bucket)
                    found[f"{name}, of {of}"] = await measure_work(query, cpu)
        page = [f"{OWNER}/t{number}" for number in range(_TASKS)]
        found[f"outcomes of {_TASKS} tasks"] = await measure_work(partial(statistics.read_outcomes, page), cpu)
        sweep = partial(find_wrong_hours, opened, OWNER, now - timedelta(days=8), now)
        found["comparison of 8 days with the runs"] = await measure_work(sweep, cpu, 3)
        await opened.close()
        return found


async def measure_work(work: Callable[[], Awaitable[Any]], cpu: CpuClock, repeats: int = 15) -> Figures:
    """Return the figures of some work: the median time, and the mean of the processor time."""
    before = sum(cpu.read())
    took = await median_ms(work, repeats)
    return Figures(took, (sum(cpu.read()) - before) / repeats * 1000)


def burst(statistics: Statistics, first: int, due_at: datetime) -> Callable[[], Awaitable[None]]:
    """Return what counts runs that are due at once, and stores the counts."""
    task = make_task(0, due_at)
    runs = [_ended_run(number, due_at, task) for number in range(first, first + _BATCH)]

    async def count() -> None:
        statistics.meter.count_ends(runs)
        await statistics.flush(with_groups=False)

    return count


async def fill_with_runs(statistics: Statistics, opened: Database, size: int, begun: datetime) -> None:
    """Store the runs, and count them as the completer does."""
    task, step = make_task(0, begun), _PERIOD / size
    for first in range(0, size, _BATCH):
        some = [_ended_run(number, begun + number * step, task) for number in range(first, min(first + _BATCH, size))]
        await opened.runs.insert_many(some)
        statistics.meter.count_ends(some)
        await statistics.flush()


def _ended_run(number: int, at: datetime, task: Any) -> Any:
    ended_at = at + timedelta(milliseconds=20 + number * 7_919 % 400)
    attempt = {"number": 1, "started_at": at, "finished_at": ended_at}
    run = make_run(number, at, task) | {"interval_ms": 60_000, "started_at": at, "attempts": [attempt]}
    return run | {"finished_at": ended_at}


def measure(sizes: tuple[int, ...] = SIZES) -> list[Row]:
    """Measure the queries among each number of runs, in a process and a database of its own."""
    figures = {size: in_fresh_process(measure_queries, size) for size in sizes}
    rows = []
    for name in figures[sizes[0]]:
        for size in sizes:
            rows.append(Row(f"(r) {name}, among {size:,} runs, ms", figures[size][name].took))
            rows.append(Row("    CPU, ms", figures[size][name].cpu))
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statistics", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    print(text(measure(tuple(parser.parse_args().sizes))))


if __name__ == "__main__":
    main()
