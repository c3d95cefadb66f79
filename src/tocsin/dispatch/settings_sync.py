"""Synchronization of this process with the stored queue settings and circuits."""

from tocsin.dispatch.circuit_registry import CircuitRegistry
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limits import QueueLimits
from tocsin.dispatch.partitions import Partitions
from tocsin.documents import Database
from tocsin.wakeups import Wakeups

POLL_SECONDS = 0.5
ALONE_POLL_SECONDS = 10.0
"""Interval while no other process could change them."""


class SettingsSync:
    """Loads the settings: at once when a queue has changed here, and periodically while there are other processes."""

    def __init__(
        self,
        database: Database,
        in_flight: InFlightRuns,
        circuits: CircuitRegistry,
        wakeups: Wakeups,
        partitions: Partitions,
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._in_flight = in_flight
        self._circuits = circuits
        self._partitions = partitions

    async def sync(self) -> float:
        """Load and apply the stored settings. Return the seconds until the next time."""
        queues = {queue["_id"]: queue async for queue in self._database.queues.find({})}
        limits = {
            name: QueueLimits(queue["concurrency"], queue["rate"], queue["paused"]) for name, queue in queues.items()
        }
        changed = self._in_flight.limiter.set_queue_limits(limits)
        await self._circuits.load()
        if changed:
            self._wakeups.runs_queued()
        return ALONE_POLL_SECONDS if self._partitions.is_alone else POLL_SECONDS
