"""Leases of workers. When a worker dies, its lease expires and its runs are requeued."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.dispatch.claims import rescue_runs
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.documents import Database, Doc, RunStatus
from tocsin.documents.workers import is_alive
from tocsin.execution.throughput import Throughput
from tocsin.tasks import reconciliation, run_effects
from tocsin.wakeups import Wakeups

RESCUE_BATCH = 500
RENEWALS_PER_LEASE = 3
_DIED = "The worker that made this attempt stopped before its outcome was recorded."
log = telemetry.get_logger(__name__)


class WorkerLease:
    """The lease of this worker, and the checks that go with it: lost claims and dead workers."""

    def __init__(
        self,
        database: Database,
        in_flight: InFlightRuns,
        lease: timedelta,
        throughput: Throughput,
        wakeups: Wakeups,
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._in_flight = in_flight
        self._lease = lease
        self._throughput = throughput
        self._disturbed_at = clock.EPOCH

    async def renew(self) -> None:
        """Renew the lease."""
        now = clock.now()
        ended = self._throughput.count_last_minute(now)
        known = {"until": now + self._lease, "lease": self._lease.total_seconds(), "ended": ended}
        await self._database.workers.update_one({"_id": self._in_flight.worker_id}, {"$set": known}, upsert=True)

    async def run(self) -> None:
        """Renew and tick until cancelled, concurrently: a long tick must not let the lease expire."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._repeat(self.renew))
            group.create_task(self._repeat(self.reconcile_claims))

    async def _repeat(self, duty: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / RENEWALS_PER_LEASE)
            try:
                await duty()
            except Exception as error:
                self._disturbed_at = clock.now()
                unknown = not isinstance(error, PyMongoError)
                log.warning("lease tick failed, retrying", error=str(error)[:300], exc_info=unknown)

    async def reconcile_claims(self) -> None:
        """Renew the lease, compare claims, rescue runs of dead workers, and apply pending edits of tasks."""
        await self.renew()
        await self._compare_claims()
        now = clock.now()
        if abs(now - self._disturbed_at) > self._lease:  # after an outage, other workers get time to renew theirs
            await self._rescue_dead_workers(now)
        await reconciliation.reconcile_tasks(self._database, now)

    async def release(self) -> None:
        """Delete the lease. This worker must have no claimed runs left."""
        await self._database.workers.delete_one({"_id": self._in_flight.worker_id})

    async def _compare_claims(self) -> None:
        """Abort runs that were cancelled or lost, and rescue runs claimed for this worker but unknown to it."""
        fields = {"fence": 1, "cancel_requested_at": 1, "attempts.started_at": 1}
        found = {
            run["_id"]: run
            async for run in self._database.runs.find(runs_claimed_by(self._in_flight.worker_id), fields)
        }
        for run_id, claimed in list(self._in_flight.runs.items()):
            run = found.pop(run_id, None)
            claimed.missed_lookups = (
                0 if run is not None and run["fence"] == claimed.run["fence"] else claimed.missed_lookups + 1
            )
            if claimed.missed_lookups >= 2 or (run is not None and run.get("cancel_requested_at") is not None):
                claimed.abort()
        now = clock.now()
        await self._rescue_strays(
            {
                run_id: run["fence"]
                for run_id, run in found.items()
                if abs(now - run["attempts"][-1]["started_at"]) > self._lease
            }
        )

    async def _rescue_strays(self, fences: dict[str, int]) -> None:
        """Rescue runs that were claimed for this worker by a write whose acknowledgement was lost."""
        if fences:
            found = await self._database.runs.find({"_id": {"$in": list(fences)}}).to_list()
            runs = [
                run for run in found if run["fence"] == fences[run["_id"]] and run["_id"] not in self._in_flight.runs
            ]
            await rescue_runs(self._database, runs, clock.now(), _DIED)
            await reconciliation.align_stale_runs(self._database, runs, clock.now())

    async def _rescue_dead_workers(self, now: datetime) -> None:
        known = {worker["_id"]: worker async for worker in self._database.workers.find({})}
        for worker in await self._find_dead_workers(known, now):
            log.warning("a worker died, its runs are requeued", worker=worker)
            await rescue_all(self._database, runs_claimed_by(worker), now)
            await run_effects.repair_tasks(self._database)
            if worker in known:  # unless it has renewed its lease meanwhile
                await self._database.workers.delete_one({"_id": worker, "until": known[worker]["until"]})
            self._wakeups.runs_queued()

    async def _find_dead_workers(self, known: dict[str, Doc], now: datetime) -> set[str]:
        """Return the workers whose lease has expired, and those with claimed runs but no lease."""
        running = {"status": RunStatus.RUNNING.value, "worker": {"$gt": ""}}
        holding = {run["worker"] async for run in self._database.runs.find(running, {"worker": 1})}
        ended = {name for name, worker in known.items() if not is_alive(worker, now)}
        return (ended | (holding - set(known))) - {self._in_flight.worker_id}


def runs_claimed_by(worker: str) -> Doc:
    """Return a filter for the runs that a worker has claimed and not settled."""
    return {"status": RunStatus.RUNNING.value, "worker": {"$in": [worker]}}


async def rescue_all(
    database: Database, found_by: Doc, now: datetime, message: str = _DIED, *, counts: bool = True
) -> int:
    """Close the attempts of all matching runs as LOST and requeue the runs. Return their number."""
    count = 0
    while runs := await database.runs.find(found_by).limit(RESCUE_BATCH).to_list():
        await rescue_runs(database, runs, now, message, counts=counts)
        await reconciliation.align_stale_runs(database, runs, now)
        count += len(runs)
    return count


async def recover_at_start(database: Database) -> None:
    """Rescue all running runs at the start of a process with an embedded database: no other process can hold them."""
    now = clock.now()
    lost = await rescue_all(database, {"status": RunStatus.RUNNING.value, "worker": {"$gt": ""}}, now)
    await database.workers.delete_many({})
    edited = await reconciliation.reconcile_tasks(database, now)
    mended = await run_effects.repair_tasks(database)
    if lost or edited or mended:
        log.info("recovered", runs_taken_back=lost, tasks_reconciled=edited, summaries_checked=mended)
