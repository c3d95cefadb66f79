"""Run all benchmarks and print one table of their figures."""

import argparse
from functools import partial

from benchmarks import burst, events, fire_cycle, flood, spread, workflows
from benchmarks.table import Row, text


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the burst (default 5)")
    rounds = parser.parse_args().rounds
    rows: list[Row] = []
    parts = (spread.measure, fire_cycle.measure, events.measure, flood.measure, workflows.measure)
    for measure in (partial(burst.measure, rounds), *parts):
        part = measure()
        rows += part
        print(f"{text(part)}\n", flush=True)  # printed at once, in case a later part fails
    print(text(rows))


if __name__ == "__main__":
    main()
