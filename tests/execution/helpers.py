"""Workers that are dead or stopped, and what they leave."""

from datetime import timedelta
from typing import Any

from tests.harness import TargetServer
from tocsin import clock
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.documents import Database
from tocsin.execution.leases import WorkerLease
from tocsin.execution.rescuer import Rescuer
from tocsin.execution.throughput import Throughput
from tocsin.wakeups import Wakeups

LEASE = timedelta(seconds=15)


def worker_lease(database: Database, worker: str = "rescuer") -> WorkerLease:
    """Return the lease of a worker without runs."""
    in_flight = InFlightRuns(worker, 10, RunLimiter())
    return WorkerLease(database, in_flight, LEASE, Throughput(), Rescuer(database, in_flight, Wakeups()))


async def add_dead_worker(database: Database, worker: str = "w") -> None:
    """Insert a worker whose lease has expired."""
    await database.workers.insert_one({"_id": worker, "until": clock.now() - clock.MILLISECOND})


def outcomes(run: Any) -> list[str | None]:
    return [attempt.get("outcome") for attempt in run["attempts"]]


async def called(target: TargetServer, times: int) -> bool:
    return len(target.calls) >= times


async def mails(database: Database) -> list[str]:
    return [mail["kind"] async for mail in database.deliveries.find({}).sort("_id", 1)]
