"""Spread (b): the lateness of tasks that are spread evenly over some seconds."""

import argparse
from collections.abc import Callable
from datetime import timedelta

from benchmarks import peers, target
from benchmarks.load import Result, first_due, run_load
from benchmarks.process import in_fresh_process, listening, tocsin
from benchmarks.table import Row, percentile, text

LIMIT = "< 15"
_Systems = tuple[Result, Result | None, Result]
"""The results of Tocsin, BullMQ and stock APScheduler."""


async def ours(url: str, offsets: list[float]) -> Result:
    """Run the load in a new Tocsin."""
    async with tocsin() as process, listening(process) as listeners:
        first = first_due(len(offsets))
        dues = [first + timedelta(seconds=offset) for offset in offsets]
        result, _ = await run_load(process, listeners, url, dues)
        return result


def measure(tasks: int = 200, seconds: float = 20.0) -> list[Row]:
    """Measure one round of all systems."""
    offsets = [number * seconds / tasks for number in range(tasks)]
    with target.running() as url:
        mine = in_fresh_process(ours, url, offsets)
        bullmq = peers.run_bullmq(url, offsets)
        stock = in_fresh_process(peers.run_apscheduler, url, offsets)
    systems = (mine, bullmq, stock)
    label = f"(b) {tasks} over {seconds:g} s: "
    return [
        _row(f"{label}lateness p50, ms", systems, _late(0.5)),
        _row("    lateness p99, ms", systems, _late(0.99), LIMIT),
        _row("    lateness at most, ms", systems, _late(1.0)),
        _row("    CPU of the app, ms/run", systems, lambda one: one.app_cpu / one.runs * 1000),
    ]


def _row(figure: str, systems: _Systems, value: Callable[[Result], float], goal: str = "") -> Row:
    mine, bullmq, stock = (None if one is None else value(one) for one in systems)
    assert mine is not None
    return Row(figure, mine, goal, bullmq, stock)


def _late(share: float) -> Callable[[Result], float]:
    return lambda one: percentile(one.late, share)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spread", description=__doc__)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    print(text(measure(options.tasks, options.seconds)))


if __name__ == "__main__":
    main()
