"""Queues (g): the cost of a look and of dispatching, the wait behind a backlog, throughput with limits on and off."""

import argparse
import asyncio
import time
from typing import Any

from benchmarks import target
from benchmarks.load import http_job
from benchmarks.process import database, freeze, in_fresh_process, owner, tocsin
from benchmarks.table import Row, middle, percentile, text
from tocsin import clock, schedules
from tocsin.clock import epoch_milliseconds
from tocsin.dispatch.backlog import Backlog
from tocsin.dispatch.circuit_breaker import CircuitConfig
from tocsin.dispatch.circuit_registry import CircuitRegistry
from tocsin.dispatch.dispatcher import Dispatcher
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.lane_turns import LaneTurns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.refusal import Refusal, refusal_of
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


LOOK = 200
"""The runs that a look takes."""


def _lane_runs(first: int, count: int, owner_id: str | None = None) -> list[Any]:
    """Return queued runs as a dispatcher reads them, each in a lane and to a host of its own."""
    rows = []
    for number in range(first, first + count):
        name, host = owner_id or owner(number), f"h{number}:80"
        row = {
            "_id": f"{name}/{number}",
            "owner": name,
            "rank": number,
            "fence": 0,
            "timeout": None,
            "queue": "default",
        }
        rows.append(row | {"host": host, "lane": f"default {name} {host}"})
    return rows


async def measure_look(lanes: int, *, refused: bool) -> float:
    """Return the median milliseconds of processor time to choose the next runs among those of so many lanes.

    `refused`: the circuit of each lane is open, and another owner's runs come.
    """
    limiter, now, took = RunLimiter(), clock.now(), []
    backlog, moment = Backlog(LaneTurns(limiter.contended_lanes)), epoch_milliseconds(now)

    def admit(run: RunDocument) -> Refusal | None:
        if (what := limiter.try_acquire(run, now)) is None:
            return None
        return refusal_of(run, what, limiter.find_saturation(run), short=True, now=moment, wait=60_000)

    rows = _lane_runs(0, lanes)
    for row in rows if refused else []:
        limiter.block_circuit(row["owner"], row["host"], None)
    limiter.pop_events()
    backlog.add_runs(rows)
    while refused and backlog.turns.select(LOOK, admit, moment)[1]:
        pass
    freeze()
    for look in range(max(1, min(50, lanes // LOOK))):
        if refused:
            backlog.add_runs(_lane_runs(lanes + look * LOOK, LOOK, "another"))
        begun = time.thread_time()
        backlog.turns.end_refusals(limiter.pop_events(), moment)
        chosen, _ = backlog.turns.select(LOOK, admit, moment)
        backlog.discard_runs(chosen)
        took.append((time.thread_time() - begun) * 1000)
        if len(chosen) != (LOOK if refused else min(LOOK, lanes)):
            raise RuntimeError(f"{len(chosen)} runs were chosen, not {LOOK}")
    return middle(took)


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


def measure_looks() -> list[Row]:
    """Measure the looks, each in its own process."""
    return [
        Row(
            f"(e) look of {LOOK} among {lanes:,} lanes{kind}: ms",
            in_fresh_process(measure_look, lanes, refused=refused),
            "< 10",
        )
        for refused, kind in ((False, ""), (True, ", all refused"))
        for lanes in (100, 10_000, 100_000)
    ]


def measure() -> list[Row]:
    """Measure all figures, each in its own process."""
    rows = measure_looks()
    rows += [Row(f"(g) 50 new and 50 claimed, {depth:,} queued: ms", in_fresh_process(measure_dispatch, depth), "flat")
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
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queues", description=__doc__)
    parser.add_argument("--looks", action="store_true", help="measure the looks only, which takes no database")
    print(text(measure_looks() if parser.parse_args().looks else measure()))


if __name__ == "__main__":
    main()
