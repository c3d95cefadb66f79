"""Leases of workers. When a worker dies, its lease expires and its runs are requeued."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from tocsin import clock, telemetry
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.documents import Database
from tocsin.execution.rescuer import Rescuer, runs_claimed_by
from tocsin.execution.throughput import Throughput
from tocsin.periodic import Periodic
from tocsin.tasks import reconciliation

RENEWALS_PER_LEASE = 3
log = telemetry.get_logger(__name__)


class WorkerLease:
    """The lease of this worker, and the checks that go with it: lost claims and dead workers."""

    def __init__(
        self,
        database: Database,
        in_flight: InFlightRuns,
        lease: timedelta,
        throughput: Throughput,
        rescuer: Rescuer,
        *,
        embedded: bool = False,
    ) -> None:
        self._database = database
        self._rescuer = rescuer
        self._in_flight = in_flight
        self._lease = lease
        self._throughput = throughput
        self._disturbed_at = clock.EPOCH
        self._embedded = embedded

    async def renew(self) -> None:
        """Renew the lease."""
        now = clock.now()
        ended = self._throughput.count_last_minute(now)
        known = {"until": now + self._lease, "lease": self._lease.total_seconds(), "ended": ended}
        await self._database.workers.update_one({"_id": self._in_flight.worker_id}, {"$set": known}, upsert=True)

    def make_periodics(self) -> list[Periodic]:
        """Return the two duties of a lease. They run concurrently: a long check must not let the lease expire."""
        interval = self._lease.total_seconds() / RENEWALS_PER_LEASE
        return [
            Periodic("lease-renewal", partial(self._note_outage, self.renew), interval),
            Periodic("lease-check", partial(self._note_outage, self.reconcile_claims), interval),
        ]

    async def _note_outage(self, duty: Callable[[], Awaitable[None]]) -> None:
        try:
            await duty()
        except Exception:
            self._disturbed_at = clock.now()
            raise

    async def reconcile_claims(self) -> None:
        """Compare claims, rescue runs of dead workers, and apply pending edits of tasks.

        With the embedded database there are no other workers: the start has rescued what earlier ones left.
        """
        await self._compare_claims()
        now = clock.now()
        has_settled = abs(now - self._disturbed_at) > self._lease  # after an outage, others get time to renew theirs
        if has_settled and not self._embedded:
            await self._rescuer.rescue_dead_workers(now)
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
            if run is None and self._database.deferred.get(run_id) is not None:
                continue
            claimed.missed_lookups = (
                0 if run is not None and run["fence"] == claimed.run["fence"] else claimed.missed_lookups + 1
            )
            if claimed.missed_lookups >= 2 or (run is not None and run.get("cancel_requested_at") is not None):
                claimed.abort()
        now = clock.now()
        await self._rescuer.rescue_strays(
            {
                run_id: run["fence"]
                for run_id, run in found.items()
                if abs(now - run["attempts"][-1]["started_at"]) > self._lease
            }
        )
