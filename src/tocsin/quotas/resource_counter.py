"""Counts of resources that exist until they are deleted: tasks, workflows, versions, API tokens.

Counting takes time in proportion to the count. So counts are cached, incremented as resources are created in this
process, and refreshed when they are a minute old or when the limit seems to be reached, but never so often that
counting takes more than a twentieth of the time. The count of an owner is locked while a resource is created, so that
concurrent requests can't exceed the limit together. Another process can, by what it creates within that minute.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection

from tocsin import clock
from tocsin.documents import Database, Filter, TaskStatus, aggregate
from tocsin.quotas.limits import Quota

MAX_COUNT_AGE = 60.0
_PAUSE_FACTOR = 20
"""The pause between two counts, as a multiple of the time that counting took."""
_MAX_WAIT = 2.0
_MAX_CACHED = 5_000
_UNFINISHED = [status.value for status in (TaskStatus.PENDING, TaskStatus.RUNNING, TaskStatus.RETRY, TaskStatus.PAUSED)]


@dataclass(slots=True)
class Reservation:
    """A reservation of `wanted` resources, beside the `used` ones that exist."""

    used: int
    wanted: int

    def cancel(self) -> None:
        """Count nothing, because nothing was created."""
        self.wanted = 0


@dataclass(slots=True)
class CachedCount:
    """The number at `counted_at` (monotonic seconds), plus what was created since. -1 if not known."""

    used: int = -1
    counted_at: float = 0.0
    took: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def cooldown_left(self, now: float) -> float:
        """Return the seconds until it may be counted again."""
        return self.counted_at + self.took * _PAUSE_FACTOR - now

    def is_stale(self, now: float, *, doubted: bool) -> bool:
        """Return whether to count again. Set `doubted` if the limit seems to be reached."""
        age = now - self.counted_at
        return (
            self.used < 0
            or age > max(MAX_COUNT_AGE, self.took * _PAUSE_FACTOR)
            or (doubted and self.cooldown_left(now) <= 0)
        )


class ResourceCounter:
    """The counts of all owners, as cached by this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counts: OrderedDict[tuple[str, Quota], CachedCount] = OrderedDict()

    async def count_used(self, owner: str, quota: Quota) -> int:
        """Return the number of existing resources."""
        count = self._get_count(owner, quota)
        async with count.lock:
            return await self._refresh(owner, quota, count, doubted=True)

    @asynccontextmanager
    async def reserve(self, owner: str, quota: Quota, limit: int, wanted: int) -> AsyncIterator[Reservation]:
        """Yield a reservation, and count what it wants if the context neither raises nor cancels it."""
        count = self._get_count(owner, quota)
        async with count.lock:
            used = await self._refresh(owner, quota, count, doubted=count.used + wanted > limit, waits=True)
            reservation = Reservation(used, wanted)
            yield reservation
            count.used += reservation.wanted

    async def _refresh(
        self, owner: str, quota: Quota, count: CachedCount, *, doubted: bool, waits: bool = False
    ) -> int:
        """Return the count. With `waits`, wait for a refresh rather than refuse by an old count."""
        if waits and doubted and 0 < (rest := count.cooldown_left(time.monotonic())) <= _MAX_WAIT:
            await asyncio.sleep(rest)
        began = time.monotonic()
        if count.is_stale(began, doubted=doubted):
            count.used = await _COUNTS[quota](self._database, owner)
            count.counted_at = time.monotonic()
            count.took = count.counted_at - began
        return count.used

    def _get_count(self, owner: str, quota: Quota) -> CachedCount:
        count = self._counts.setdefault((owner, quota), CachedCount())
        self._counts.move_to_end((owner, quota))
        if len(self._counts) > _MAX_CACHED:
            oldest = next(iter(self._counts))
            if not self._counts[oldest].lock.locked():
                del self._counts[oldest]
        return count


async def _count_tasks(database: Database, owner: str) -> int:
    return await _count_matching(database.tasks, owner, {"status": {"$in": _UNFINISHED}})


async def _count_workflows(database: Database, owner: str) -> int:
    return await _count_matching(database.workflows, owner, {"deleted": False})


async def _count_matching(collection: AsyncCollection[Any], owner: str, condition: Filter) -> int:
    """Count in two stages, because only the first one uses an index on the embedded database."""
    of_owner = {"owner": owner, "created_at": {"$gte": clock.EPOCH}}
    rows = await aggregate(collection, [{"$match": of_owner}, {"$match": condition}, {"$count": "n"}])
    return int(rows[0]["n"]) if rows else 0


async def _count_versions(database: Database, owner: str) -> int:
    return await database.workflow_versions.count_documents({"_id": make_owner_filter(owner)})


async def _count_api_tokens(database: Database, owner: str) -> int:
    return await database.api_tokens.count_documents({"owner": owner, "created_at": {"$gte": clock.EPOCH}})


def make_owner_filter(owner: str) -> dict[str, str]:
    """Return the condition on `_id` for documents of this owner, whose ids begin with the owner's."""
    return {"$gte": f"{owner}/", "$lt": f"{owner}0"}  # 0 comes after / in ASCII


_COUNTS: dict[Quota, Callable[[Database, str], Awaitable[int]]] = {
    Quota.TASKS: _count_tasks,
    Quota.WORKFLOWS: _count_workflows,
    Quota.WORKFLOW_VERSIONS: _count_versions,
    Quota.API_TOKENS: _count_api_tokens,
}
COUNTED_QUOTAS = frozenset(_COUNTS)
