"""Restart (k): a start with many tasks due at once, beside another owner's task that is due every second."""

import argparse
import asyncio
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks import target
from benchmarks.load import http_job, save_tasks
from benchmarks.process import Process, database, in_fresh_process, tocsin
from benchmarks.table import Row, percentile, text
from tocsin import clock, schedules
from tocsin.documents import RunStatus, Task, TaskStatus, connect, new_id
from tocsin.tasks.saving import TaskDraft

PROBE_OWNER = "probe"


@dataclass(frozen=True, slots=True)
class Restart:
    """Seconds until the parts were started, runs a second of the backlog, and the probe's lateness in milliseconds."""

    started: float
    rate: float
    late: list[float]
    skipped: int


async def _save_probe(url: str) -> str:
    now = clock.now()
    draft = TaskDraft(name="probe", job=http_job(url), schedule=schedules.Every(timedelta(seconds=1), now))
    probe = Task(
        id=new_id(PROBE_OWNER), owner=PROBE_OWNER, status=TaskStatus.PENDING, next_run_at=now + timedelta(seconds=1),
        created_at=now, updated_at=now, **draft.document_fields(),
    )  # fmt: skip
    await probe.insert()
    return probe.id


async def measure_restart(url: str, count: int) -> Restart:
    """Save the backlog into a database, then start Tocsin over it."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as directory:
        async with tocsin(directory=Path(directory)):
            pass  # makes the keys
        async with database(Path(directory)) as server:
            opened = await connect(server.uri, "tocsin")
            await save_tasks(opened, url, [clock.now() - timedelta(seconds=5)] * count)
            probe = await _save_probe(url)
            await opened.close()
        begun = time.perf_counter()
        async with tocsin(directory=Path(directory)) as process:
            started, runs = time.perf_counter() - begun, process.runtime.database.runs
            await _until_recorded(process, count)
            rate = count / (time.perf_counter() - begun - started)
            made = [run for run in await runs.find({"task": probe}).to_list() if run["due_at"] < clock.now()]
            late = [
                (run["attempts"][0]["started_at"] - run["due_at"]) / timedelta(milliseconds=1)
                for run in made
                if run["attempts"]
            ]
            return Restart(started, rate, late[1:], sum(run["status"] == RunStatus.SKIPPED for run in made))


async def _until_recorded(process: Process, count: int) -> None:
    """Wait until all runs of the backlog are stored.

    Watches the memory of this process, since counting the runs in between would cost the database a fifth of its time.
    """
    held, runs = process.runtime.process.engine.in_flight.runs, process.runtime.database.runs
    done: dict[str, Any] = {"status": RunStatus.COMPLETED, "owner": {"$ne": PROBE_OWNER}}
    async with asyncio.timeout(300):
        while True:
            await asyncio.sleep(0.05)
            if not held and await runs.count_documents(done) >= count:
                return


def measure(count: int = 20_000) -> list[Row]:
    """Measure one restart."""
    with target.running() as url:
        found = in_fresh_process(measure_restart, url, count)
    return [
        Row(f"(k) start with {count:,} due: started after, s", found.started),
        Row("    processed, runs/s", found.rate, ">= 1,500"),
        Row("    another owner's task, lateness p99, ms", percentile(found.late, 0.99), "< 1,000"),
        Row("    of its due times, skipped", found.skipped, "0"),
    ]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.restart", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    print(text(measure(parser.parse_args().count)))


if __name__ == "__main__":
    main()
