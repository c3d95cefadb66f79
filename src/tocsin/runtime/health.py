"""The state of the parts of a process, for /ready and /metrics."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from pymongo.errors import PyMongoError

from tocsin import telemetry
from tocsin.dispatch.claims import count_queued
from tocsin.documents import Database
from tocsin.errors import DatabaseUnavailable

MAX_COUNTED_RUNS = 1_000
CACHE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """The health of one part. `note` is a message to the operator, shown instead of the state."""

    is_healthy: bool
    note: str | None = None

    def __str__(self) -> str:
        return self.note or ("ready" if self.is_healthy else "unavailable")


class HealthCheck:
    """Checks the database and asks the other parts, at most twice a second: anyone may ask, as often as they like.

    `components` returns the state of the parts that know it themselves, `database_problem` what is known to be wrong
    with a database that does not answer.
    """

    def __init__(
        self,
        database: Database,
        components: Callable[[], dict[str, ComponentHealth]],
        database_problem: Callable[[], str | None],
    ) -> None:
        self._database, self._components, self._database_problem = database, components, database_problem
        self._checking = asyncio.Lock()
        self._result: dict[str, ComponentHealth] = {}
        self._checked_at = float("-inf")

    async def check(self) -> dict[str, ComponentHealth]:
        """Return the state of each part."""
        async with self._checking:
            if time.monotonic() - self._checked_at >= CACHE_SECONDS:
                self._result = await self._check_now()
                self._checked_at = time.monotonic()
        return self._result

    async def _check_now(self) -> dict[str, ComponentHealth]:
        waiting = 0
        try:
            async with asyncio.timeout(2):
                await self._database.ping()
            database = ComponentHealth(True)
            waiting = await self._count_waiting()
        except (DatabaseUnavailable, TimeoutError):
            database = ComponentHealth(False, self._database_problem())
        runs = {"runs": ComponentHealth(True, _describe_waiting(waiting))} if waiting else {}
        return {"database": database, **self._components(), **runs}

    async def _count_waiting(self) -> int:
        """Count waiting runs, no further than the message says."""
        with contextlib.suppress(PyMongoError, TimeoutError):
            async with asyncio.timeout(1):
                return await count_queued(self._database, MAX_COUNTED_RUNS)
        return 0


async def refresh_metrics(database: Database) -> None:
    """Set the metrics that are read from the database. If it does not answer, they keep their values."""
    with contextlib.suppress(PyMongoError, TimeoutError):
        async with asyncio.timeout(2):
            telemetry.RUNS_QUEUED.set(await count_queued(database))


def _describe_waiting(count: int) -> str:
    more = " or more" if count >= MAX_COUNTED_RUNS else ""
    return f"{count}{more} waiting for a worker, a host, a queue or their owner's share"
