"""Spread (b): the lateness of tasks that are spread evenly over some seconds."""

import argparse
from datetime import timedelta

from benchmarks import peers, target
from benchmarks.load import Result, first_due, run_load
from benchmarks.process import in_fresh_process, listening, tocsin
from benchmarks.table import Row, percentile, text

LIMIT = "< 25"


async def ours(url: str, offsets: list[float]) -> Result:
    """Run the load in a new Tocsin."""
    async with tocsin() as process, listening(process) as listeners:
        first = first_due(len(offsets))
        dues = [first + timedelta(seconds=offset) for offset in offsets]
        result, _ = await run_load(process, listeners, url, dues)
        return result


def measure(tasks: int = 200, seconds: float = 20.0) -> list[Row]:
    """Measure one round of both systems."""
    offsets = [number * seconds / tasks for number in range(tasks)]
    with target.running() as url:
        mine = in_fresh_process(ours, url, offsets)
        stock = in_fresh_process(peers.run_apscheduler, url, offsets)
    label = f"(b) {tasks} over {seconds:g} s: "
    return [
        _row(f"{label}lateness p50, ms", mine, stock, 0.5),
        _row("    lateness p99, ms", mine, stock, 0.99, LIMIT),
        _row("    lateness at most, ms", mine, stock, 1.0),
        Row("    CPU of the app, ms/run", _cpu(mine), "", _cpu(stock)),
    ]


def _row(figure: str, mine: Result, stock: Result, share: float, goal: str = "") -> Row:
    return Row(figure, percentile(mine.late, share), goal, percentile(stock.late, share))


def _cpu(result: Result) -> float:
    return result.app_cpu / result.runs * 1000


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spread", description=__doc__)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    print(text(measure(options.tasks, options.seconds)))


if __name__ == "__main__":
    main()
