"""Profile: where the application's processor time goes in the burst, per run and group of functions.

Needs py-spy on the PATH (`pip install py-spy`), and the permission to trace processes. The benchmark slows down by
about a tenth, so take the rates from `benchmarks.burst`.
"""

import argparse
import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

from benchmarks import target
from benchmarks.load import first_due, save_tasks
from benchmarks.process import OWNERS, SUBSCRIBERS, CpuClock, in_fresh_process, listening, tocsin
from tocsin import clock

LEAD_SECONDS = 2.0
"""py-spy starts this long before the due time: it first reads the symbols of the program."""

GROUPS = (
    ("the benchmark itself", r"(_listen|_burst) \(benchmarks/"),
    ("logging", r"structlog/|tasks/activity_log|/logging/|telemetry/logging"),
    ("metrics", r"prometheus_client/|telemetry/metrics"),
    ("meter and quotas", r"tocsin/quotas/"),
    (
        "limiter and ready queue",
        r"dispatch/(limiter|claim_stages|run_rates|permit|ready_queue|in_flight|prefetch|owner_share|limits)"
        r"|gcra|host_rates",
    ),
    ("http job", r"tocsin/jobs/(?!http/job\.py:.*outbound/)(?!.*tocsin/outbound/)"),
    ("HTTP client: aiohttp", r"aiohttp/|yarl/|multidict/|send_request \(tocsin/outbound/protocol"),
    ("HTTP client: ours", r"tocsin/outbound/"),
    ("change delivery", r"tocsin/events/|documents/changes\.py"),
    ("scheduler thread: planning", r"scheduling/planning|tocsin/schedules/|tasks/runs\.py"),
    ("scheduler thread: inserting", r"scheduling/(run_writer|deferral)|_insert \("),
    ("scheduler thread: advancing", r"_advance \(.*fire_batch"),
    ("scheduler thread: the rest", r"tocsin/scheduling/|apscheduler/"),
    ("dispatcher", r"tocsin/dispatch/"),
    ("completer: building and effects", r"(execution/complet|run_effects|deferred_writes)(?!.*(pymongo|bson)/)"),
    ("completer: driver", r"execution/complet|run_effects|deferred_writes"),
    ("worker", r"execution/worker"),
    ("engine, the rest", r"tocsin/execution/"),
    ("driver: replies", r"pymongo/|bson/"),
    ("event loop", r"asyncio/|uvloop"),
)
"""Groups by a pattern that their stacks contain, from the outermost frame to the innermost. The first match counts."""


@contextlib.contextmanager
def _recording(out: Path) -> Iterator[None]:
    """Record the stacks of the thread that holds the interpreter's lock."""
    command = [
        "py-spy",
        "record",
        "--gil",
        "--pid",
        str(os.getpid()),
        "--rate",
        "500",
        "--format",
        "raw",
        "--output",
        str(out),
    ]
    spy = subprocess.Popen([*command, "--duration", "600"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield
    finally:
        spy.send_signal(signal.SIGINT)
        _, errors = spy.communicate(timeout=60)
    if not out.exists():
        raise RuntimeError(f"py-spy recorded nothing: {errors.decode()[-500:]}")


async def _burst(url: str, tasks: int, out: str) -> float:
    """Record one burst. Return the processor time of the application in microseconds per run."""
    async with tocsin() as process, listening(process) as listeners:
        due = first_due(tasks)
        await save_tasks(process.runtime.database, url, [due] * tasks)
        await asyncio.sleep((due - clock.now()).total_seconds() - LEAD_SECONDS)
        cpu = CpuClock(process.database_pid)
        async with asyncio.timeout(120):
            with _recording(Path(out)):
                while listeners.completed < tasks * (SUBSCRIBERS // OWNERS):
                    await asyncio.sleep(0.05)
        return cpu.read()[0] / tasks * 1e6


def _group_of(stack: str) -> str:
    return next((name for name, pattern in GROUPS if re.search(pattern, stack)), "other")


def measure(rounds: int = 3, tasks: int = 2000) -> tuple[dict[str, float], dict[tuple[str, str], float]]:
    """Return the microseconds per run of each group, and of each (group, innermost function)."""
    groups, functions = defaultdict[str, float](float), defaultdict[tuple[str, str], float](float)
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as directory, target.running() as url:
            out = Path(directory, "stacks")
            spent = in_fresh_process(_burst, url, tasks, str(out))
            samples = [line.rpartition(" ") for line in out.read_text().splitlines()]
        total = sum(int(count) for _, _, count in samples)
        for stack, _, count in samples:
            share = int(count) / total * spent / rounds
            groups[_group_of(stack)] += share
            functions[_group_of(stack), stack.rpartition(";")[2]] += share
    return groups, functions


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--functions", type=int, default=0, help="also print this many functions of each group")
    options = parser.parse_args()
    if shutil.which("py-spy") is None:
        sys.exit("there is no py-spy on the PATH; install it with pip")
    groups, functions = measure(options.rounds, options.tasks)
    total = sum(groups.values())
    for group, spent in sorted(groups.items(), key=itemgetter(1), reverse=True):
        print(f"{group:<36}{spent:8.1f} µs/run{spent / total:7.1%}")
        own = sorted(((each, name) for (of, name), each in functions.items() if of == group), reverse=True)
        for each, name in own[: options.functions]:
            print(f"    {each:8.1f}  {name}")
    print(f"{'in all':<36}{total:8.1f} µs/run")


if __name__ == "__main__":
    main()
