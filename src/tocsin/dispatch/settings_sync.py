"""Synchronization of this process with queue settings, live workers and circuits."""

import asyncio
from datetime import datetime

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.dispatch.circuit_registry import Circuits
from tocsin.dispatch.in_flight import WorkerHand
from tocsin.dispatch.limiter import Part, Rule
from tocsin.documents import Database
from tocsin.documents.workers import is_alive

SECONDS = 0.5
log = telemetry.logger(__name__)


class Order:
    """The loop that loads the settings, twice a second and at once when `woken` is set."""

    def __init__(self, database: Database, in_flight: WorkerHand, circuits: Circuits) -> None:
        self._database = database
        self._in_flight = in_flight
        self._circuits = circuits
        self.woken = asyncio.Event()

    async def load(self) -> None:
        """Load and apply the stored settings."""
        queues = {queue["_id"]: queue async for queue in self._database.queues.find({})}
        limits = {name: Rule(queue["concurrency"], queue["rate"], queue["paused"]) for name, queue in queues.items()}
        changed = self._in_flight.gate.rule(limits, await self._find_share(clock.now()))
        await self._circuits.load()
        if changed:
            self._in_flight.limit_hosts()
            self._in_flight.wake()

    async def run(self) -> None:
        """Synchronize until cancelled."""
        while True:
            try:
                async with asyncio.timeout(SECONDS):
                    await self.woken.wait()
            except TimeoutError:
                pass
            self.woken.clear()
            try:
                await self.load()
            except PyMongoError as error:
                log.warning("queue settings not loaded, using the last known ones", error=str(error)[:300])

    async def _find_share(self, now: datetime) -> Part:
        """Return this worker's position among the workers with a valid lease, by name."""
        workers = self._database.workers.find({}, {"until": 1, "lease": 1})
        alive = {each["_id"] async for each in workers if is_alive(each, now)}
        names = sorted(alive | {self._in_flight.worker})
        return Part(names.index(self._in_flight.worker), len(names))
