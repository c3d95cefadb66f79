"""Events (d): the time from the end of a run until its owner's subscribers receive it, at low load and in a burst."""

import argparse
from datetime import timedelta

from benchmarks import target
from benchmarks.load import first_due, run_load
from benchmarks.process import in_fresh_process, listening, tocsin
from benchmarks.table import Row, percentile, text

LIMIT = "< 250"


async def latencies(url: str, offsets: list[float]) -> list[float]:
    """Return the milliseconds from each run's `finished_at` until each subscriber of its owner received it."""
    async with tocsin() as process, listening(process, keep_times=True) as listeners:
        first = first_due(len(offsets))
        dues = [first + timedelta(seconds=offset) for offset in offsets]
        _, runs = await run_load(process, listeners, url, dues)
        ended = {run["_id"]: run["finished_at"].timestamp() for run in runs}
        return [(seen - ended[run_id]) * 1000 for run_id, times in listeners.seen_at.items() for seen in times]


def measure(burst: int = 2000) -> list[Row]:
    """Measure 10 runs a second, then many at once."""
    with target.running() as url:
        idle = in_fresh_process(latencies, url, [number / 10 for number in range(100)])
        crowded = in_fresh_process(latencies, url, [0.0] * burst)
    return [
        Row("(d) run ended to subscriber, 10/s: p50, ms", percentile(idle, 0.5)),
        Row("    p99, ms", percentile(idle, 0.99), LIMIT),
        Row(f"    in a burst of {burst:,}: p50, ms", percentile(crowded, 0.5)),
        Row("    p99, ms", percentile(crowded, 0.99)),
    ]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.events", description=__doc__)
    parser.add_argument("--burst", type=int, default=2000)
    print(text(measure(parser.parse_args().burst)))


if __name__ == "__main__":
    main()
