"""Burst (a): many one-off tasks due at the same time, each a GET, every run recorded, 100 subscribers listening."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import peers, target
from benchmarks.load import Result, first_due, run_load
from benchmarks.process import in_fresh_process, listening, tocsin
from benchmarks.table import Row, middle, percentile, text

RECORDED_GOAL = ">= 2,500, > BullMQ"
SYSTEMS = ("ours", "bullmq", "apscheduler", "bare")


@dataclass(frozen=True, slots=True)
class Round:
    """The results of all systems in one round."""

    ours: Result
    bullmq: Result | None
    apscheduler: Result
    bare: Result


async def ours(url: str, tasks: int, **changes: Any) -> Result:
    """Run the burst in a new Tocsin. `changes` are settings."""
    async with tocsin(**changes) as process, listening(process) as listeners:
        due = first_due(tasks)
        result, _ = await run_load(process, listeners, url, [due] * tasks)
        return result


def measure(rounds: int = 5, tasks: int = 2000) -> list[Row]:
    """Return the medians of the rounds. In each, every system takes its turn in its own process and directory."""
    done = []
    with target.running() as url:
        for number in range(rounds):
            one = Round(
                in_fresh_process(ours, url, tasks),
                peers.run_bullmq(url, [0.0] * tasks),
                in_fresh_process(peers.run_apscheduler, url, [0.0] * tasks),
                in_fresh_process(peers.run_bare_client, url, tasks),
            )
            print(f"(a) round {number + 1}: {_rate(one.ours):,.0f} runs/s", flush=True)
            done.append(one)
    return rows(done, tasks)


def rows(done: list[Round], tasks: int) -> list[Row]:
    """Return the rows of the table. Of the peers, only BullMQ keeps what it has done."""
    goal = tasks / 2500 * 1000
    return [
        _row(f"(a) {tasks:,} at once: runs/s", done, _rate),
        _row("    recorded runs/s", done, lambda one: one.runs / one.recorded, RECORDED_GOAL, ("ours", "bullmq")),
        _row("    lateness p50, ms", done, lambda one: percentile(one.late, 0.5)),
        _row("    lateness p99, ms", done, lambda one: percentile(one.late, 0.99), f"~ {goal:,.0f}"),
        _row("    CPU of the app, ms/run", done, lambda one: one.app_cpu / one.runs * 1000),
        _row("    CPU of the database, ms/run", done, lambda one: one.database_cpu / one.runs * 1000),
    ]


def _row(
    figure: str, done: list[Round], value: Callable[[Result], float], goal: str = "", systems: Sequence[str] = SYSTEMS
) -> Row:
    middles: dict[str, float] = {}
    for name in systems:
        if values := [value(result) for one in done if (result := getattr(one, name)) is not None]:
            middles[name] = middle(values)
    return Row(figure, goal=goal, **middles)


def _rate(result: Result) -> float:
    return result.runs / result.took


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.burst", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=2000)
    options = parser.parse_args()
    print(text(measure(options.rounds, options.tasks)))


if __name__ == "__main__":
    main()
