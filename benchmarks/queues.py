"""Queues (g): the cost of dispatching, the wait behind a backlog, and throughput with the limits on and off."""

import argparse
import asyncio
import time
from typing import Any

from benchmarks import target
from benchmarks.load import http_job
from benchmarks.process import database, in_fresh_process, owner, tocsin
from benchmarks.table import Row, middle, percentile, text
from tocsin import clock, schedules
from tocsin.dispatch.circuit_breaker import CircuitConfig
from tocsin.dispatch.circuit_registry import CircuitRegistry
from tocsin.dispatch.dispatcher import Dispatcher
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.transport import LocalTransport
from tocsin.documents import Database, RunDocument, RunStatus, Trigger, connect
from tocsin.tasks.runs import new_task_run
from tocsin.wakeups import Wakeups

_BATCH = 5000
_SCHEDULE = schedules.schedule_to_document(schedules.Cron("0 4 * * *", "UTC"))


def queued_run(number: int, owner_id: str, url: str, priority: int = 0) -> Any:
    """Return a queued run."""
    task: Any = {
        "_id": f"{owner_id}/t{number}", "owner": owner_id, "name": "benchmark", "version": 1, "incident": 0,
        "job": http_job(url), "retry": None, "timeout": None, "schedule": _SCHEDULE, "priority": priority,
    }  # fmt: skip
    now = clock.now()
    return new_task_run(task, f"{owner_id}/t{number}:m", now, Trigger.MANUAL, now)


async def _fill(opened: Database, runs: list[Any]) -> None:
    for start in range(0, len(runs), _BATCH):
        await opened.runs.insert_many(runs[start : start + _BATCH], ordered=False)


async def measure_dispatch(depth: int, looks: int = 20, new: int = 50) -> float:
    """Return the median milliseconds in which the dispatcher reads 50 new runs and claims 50, among `depth` queued."""
    async with database() as server:
        opened = await connect(server.uri, "tocsin")
        await _fill(opened, [queued_run(number, owner(number), "http://h/") for number in range(depth)])
        in_flight = InFlightRuns("benchmark", 1_000_000, RunLimiter())
        transport = LocalTransport(in_flight, Wakeups(), asyncio.get_running_loop())
        circuits = CircuitRegistry(opened, in_flight, CircuitConfig(0, 1))
        dispatcher = Dispatcher(opened, in_flight, transport, circuits)
        await dispatcher.claim_batch(new)  # the first one reads everything
        await asyncio.sleep(1.5)  # the period in which runs are read twice, in case clocks differ
        took = []
        for number in range(looks):
            await _fill(
                opened, [queued_run(1_000_000 + number * new + each, owner(each), "http://h/") for each in range(new)]
            )
            begun = time.perf_counter()
            runs, _ = await dispatcher.claim_batch(new)
            took.append((time.perf_counter() - begun) * 1000)
            if len(runs) != new:
                raise RuntimeError(f"{len(runs)} runs were claimed, not {new}")
            in_flight.remove(runs)
            await asyncio.sleep(1.1)
        await opened.close()
        return middle(took)


async def measure_waits(url: str, flood: int, lone: str, priority: int, count: int = 50) -> list[float]:
    """Return the milliseconds that single runs wait for their attempt, behind a backlog of owner0."""
    async with tocsin() as process:
        opened, wakeups = process.runtime.database, process.runtime.process.wakeups
        await _fill(opened, [queued_run(number, "owner0", url) for number in range(flood)])
        wakeups.runs_queued()
        await asyncio.sleep(0.5)
        ids = []
        for number in range(count):
            run = queued_run(1_000_000 + number, lone, url, priority)
            ids.append(run["_id"])
            await opened.runs.insert_one(run)
            wakeups.runs_queued()
            await asyncio.sleep(0.03)
        left = await opened.runs.count_documents({"status": RunStatus.QUEUED.value})
        print(f"(g) {lone}, priority {priority}: {left} of the backlog were still queued at the end", flush=True)
        done = {"_id": {"$in": ids}, "status": RunStatus.COMPLETED.value}
        while len(runs := await opened.runs.find(done).to_list()) < count:
            await asyncio.sleep(0.1)
        return [_wait(run) for run in runs]


def _wait(run: RunDocument) -> float:
    """Milliseconds from being queued to the attempt's start."""
    queued_at = run["queued_at"]
    assert queued_at is not None  # only runs that were never queued have none
    return (run["attempts"][0]["started_at"] - queued_at).total_seconds() * 1000


async def measure_throughput(url: str, count: int, changes: dict[str, Any]) -> float:
    """Return the runs a second at which a backlog of `count` is processed."""
    async with tocsin(**changes) as process:
        opened, wakeups = process.runtime.database, process.runtime.process.wakeups
        await _fill(opened, [queued_run(number, owner(number), url) for number in range(count)])
        begun = time.perf_counter()
        wakeups.runs_queued()
        while await opened.runs.count_documents({"status": RunStatus.COMPLETED.value}) < count:
            await asyncio.sleep(0.05)
        return count / (time.perf_counter() - begun)


def measure() -> list[Row]:
    """Measure all figures, each in its own process."""
    rows = [Row(f"(g) 50 new and 50 claimed, {depth:,} queued: ms", in_fresh_process(measure_dispatch, depth), "flat")
            for depth in (1_000, 10_000, 100_000)]  # fmt: skip
    with target.running() as url:
        urgent = in_fresh_process(measure_waits, url, 10_000, "owner0", 10)
        lone = in_fresh_process(measure_waits, url, 10_000, "owner1", 0)
        rows.append(
            Row("    wait of a high priority behind 10,000 of the same owner: p99, ms", percentile(urgent, 0.99))
        )
        rows.append(Row("    wait of another owner's behind 10,000: p99, ms", percentile(lone, 0.99)))
        limits: dict[str, dict[str, Any]] = {"on": {}, "off": {"host_concurrency": 10_000, "circuit_failures": 0}}
        for name, changes in limits.items():
            rows.append(
                Row(
                    f"    5,000 processed, limits {name}: runs/s",
                    in_fresh_process(measure_throughput, url, 5000, changes),
                )
            )
    return rows


def main() -> None:
    """Run from the command line."""
    argparse.ArgumentParser(prog="python -m benchmarks.queues", description=__doc__).parse_args()
    print(text(measure()))


if __name__ == "__main__":
    main()
