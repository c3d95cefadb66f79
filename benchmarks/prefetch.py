"""Prefetch (o): what `TOCSIN_PREFETCH` costs: small values in the burst, large ones with slow targets."""

import argparse
import asyncio

from benchmarks import burst, sharing, target
from benchmarks.load import first_due, save_tasks
from benchmarks.process import in_fresh_process, tocsin
from benchmarks.table import Row, middle, text
from tocsin.dispatch.claims import CLAIMED_NOT_STARTED
from tocsin.documents import RunStatus

VALUES = (0, 1, 10, 100, 2_500)
SLOW_RUNS, PLACES = 200, 20


async def measure_claimed_ahead(url: str, value: int) -> int:
    """Return the largest number of runs that are claimed and wait, with 200 runs of a second and 20 places."""
    async with tocsin(max_concurrency=PLACES, host_concurrency=1_000, prefetch=value) as process:
        due = first_due(SLOW_RUNS)
        await save_tasks(process.runtime.database, url, [due] * SLOW_RUNS)
        most, runs = 0, process.runtime.database.runs
        async with asyncio.timeout(60):
            while await runs.count_documents({"status": RunStatus.COMPLETED}) < SLOW_RUNS:
                most = max(most, await runs.count_documents(CLAIMED_NOT_STARTED))
                await asyncio.sleep(0.1)
    return most


def measure(rounds: int = 3, tasks: int = 2000, values: tuple[int, ...] = VALUES) -> list[Row]:
    """Measure each value. In the burst, the values take turns."""
    with target.running() as url:
        found = [[in_fresh_process(burst.ours, url, tasks, prefetch=value) for value in values] for _ in range(rounds)]
    rows = []
    with target.running(delay=1.0) as slow:
        for value, results in zip(values, zip(*found, strict=True), strict=True):
            places = {"max_concurrency": PLACES, "host_concurrency": 1_000, "prefetch": value}
            took = in_fresh_process(sharing.measure_processes, slow, 3, SLOW_RUNS, places)
            rows += [
                Row(f"(o) prefetch {value:,}: recorded runs/s", middle([one.runs / one.recorded for one in results])),
                Row("    CPU of the app, ms/run", middle([one.app_cpu / one.runs * 1000 for one in results])),
                Row("    CPU of the database, ms/run", middle([one.database_cpu / one.runs * 1000 for one in results])),
                Row("    200 of 1 s, 20 places: claimed ahead", in_fresh_process(measure_claimed_ahead, slow, value)),
                Row("    the same, 3 processes: s", took),
            ]
            print(text(rows[-5:]), flush=True)
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prefetch", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--values", type=int, nargs="+", default=list(VALUES))
    options = parser.parse_args()
    print(text(measure(options.rounds, options.tasks, tuple(options.values))))


if __name__ == "__main__":
    main()
