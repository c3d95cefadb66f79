"""Run all benchmarks, or the named ones, and print one table of their figures."""

import argparse
import importlib
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from benchmarks.table import Row, text

PARTS: tuple[tuple[str, Mapping[str, Any], Mapping[str, Any]], ...] = (
    ("burst", {}, {"rounds": 1, "tasks": 500}),
    ("spread", {}, {"tasks": 50, "seconds": 5.0}),
    ("fire_cycle", {}, {"sizes": (1_000, 10_000), "passes": 5}),
    ("events", {}, {"burst": 500}),
    ("flood", {}, {"count": 50, "seconds": 5.0}),
    ("workflows", {}, {"rounds": 1}),
    ("queues", {}, {}),
    ("countries", {}, {"rounds": 1, "count": 5_000}),
    ("pages", {}, {"sizes": (1_000,)}),
    ("sharing", {}, {"processes": (1, 2)}),
    ("restart", {}, {"count": 2_000}),
    ("idle", {}, {"seconds": 5.0}),
    ("edge", {}, {"seconds": 2.0, "plain": False}),
    ("subscribers", {}, {"seconds": 5.0}),
    ("statistics", {}, {"sizes": (1_000,)}),
    ("public_status", {}, {"sizes": (1_000,)}),
    ("dashboard", {}, {"seconds": 8}),
    ("mails", {}, {"storm": 50, "outage": 2.0}),
    ("notifications", {}, {"rounds": 1, "tasks": 400}),
    ("prefetch", {}, {"rounds": 1, "tasks": 500, "values": (0, 2_500)}),
)
"""The module of each part, and the arguments of its `measure` in a full and in a quick run."""


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = list(dict.fromkeys(name for name, _, _ in PARTS))
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"default all: {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="small loads: to see that everything runs, not to compare")
    options = parser.parse_args()
    if unknown := [name for name in options.parts if name not in names]:
        parser.error(f"there is no part {unknown[0]}")
    rows, failed = run([part for part in PARTS if not options.parts or part[0] in options.parts], quick=options.quick)
    print(text(rows))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def run(parts: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]], *, quick: bool) -> tuple[list[Row], list[str]]:
    """Run these parts. Return their figures, and the names of those that failed, which do not stop the others."""
    rows: list[Row] = []
    failed = []
    for name, full, small in parts:
        try:
            part = importlib.import_module(f"benchmarks.{name}").measure(**(small if quick else full))
        except Exception:
            traceback.print_exc()
            failed.append(name)
        else:
            rows += part
            print(f"{text(part)}\n", flush=True)  # printed at once: a full run takes long
    return rows, failed


if __name__ == "__main__":
    main()
