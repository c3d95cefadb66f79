"""Scheduler passes triggered by the test, one at a time, over the real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tocsin import clock
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.transport import LocalTransport
from tocsin.documents import Database, connect_sync
from tocsin.quotas import UsageMeter
from tocsin.scheduling import Scheduler
from tocsin.scheduling.fire_batch import BatchFirer
from tocsin.scheduling.job_store import DueJobStore
from tocsin.wakeups import Wakeups


@dataclass
class Passes:
    """A job store, the in-flight runs it fills, and the scheduler that applies its effects."""

    store: DueJobStore
    in_flight: InFlightRuns
    scheduler: Scheduler

    @property
    def firer(self) -> BatchFirer:
        """The part of the store that fires batches."""
        return self.store._firer

    async def make(self) -> None:
        """Make one pass and apply its effects."""
        await asyncio.to_thread(self._pass)
        await self.settle()

    async def settle(self) -> None:
        """Wait for the effects of a pass."""
        await asyncio.sleep(0)
        while self.scheduler._afterwards:
            await asyncio.wait(self.scheduler._afterwards)

    def _pass(self) -> None:
        for job in self.store.get_due_jobs(clock.now()):
            self.store.collected.append(job)
        self.store.get_next_run_time()


@asynccontextmanager
async def passes(database: Database, room: int = 0, meter: UsageMeter | None = None) -> AsyncIterator[Passes]:
    """Passes over this database. `room` is the maximum number of in-flight runs; `meter` limits owners."""
    in_flight = InFlightRuns(f"worker-{room}", room, RunLimiter())
    transport = LocalTransport(in_flight, Wakeups(), asyncio.get_running_loop())
    scheduler = Scheduler(database, transport)
    scheduler._loop = asyncio.get_running_loop()
    store = DueJobStore(connect_sync(database.uri, database.name), transport, scheduler, meter=meter)
    try:
        yield Passes(store, in_flight, scheduler)
    finally:
        await asyncio.to_thread(store.shutdown)


def statuses(runs: list[Any]) -> list[tuple[str, str | None]]:
    """Return the status and reason of each run."""
    return [(run["status"], run["reason"]) for run in runs]
