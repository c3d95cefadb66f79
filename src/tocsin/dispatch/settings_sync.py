"""Synchronization of this process with queue settings, live workers and circuits."""

from datetime import datetime

from tocsin import clock
from tocsin.dispatch.circuit_registry import CircuitRegistry
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limits import QueueLimits, WorkerShare
from tocsin.documents import Database
from tocsin.documents.workers import LEASE_FIELDS, find_living_workers
from tocsin.wakeups import Wakeups

POLL_SECONDS = 0.5


class SettingsSync:
    """Loads the settings, twice a second and at once when a queue has changed."""

    def __init__(
        self, database: Database, in_flight: InFlightRuns, circuits: CircuitRegistry, wakeups: Wakeups
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._in_flight = in_flight
        self._circuits = circuits

    async def sync(self) -> None:
        """Load and apply the stored settings."""
        queues = {queue["_id"]: queue async for queue in self._database.queues.find({})}
        limits = {
            name: QueueLimits(queue["concurrency"], queue["rate"], queue["paused"]) for name, queue in queues.items()
        }
        changed = self._in_flight.limiter.set_queue_limits(limits, await self._find_share(clock.now()))
        await self._circuits.load()
        if changed:
            self._in_flight.ready_queue.set_host_limit(self._in_flight.limiter.host_limit())
            self._wakeups.runs_queued()

    async def _find_share(self, now: datetime) -> WorkerShare:
        """Return this worker's position among the workers with a valid lease, by name."""
        alive = await find_living_workers(self._database.db, now, LEASE_FIELDS)
        names = sorted({worker["_id"] for worker in alive} | {self._in_flight.worker_id})
        return WorkerShare(names.index(self._in_flight.worker_id), len(names))
