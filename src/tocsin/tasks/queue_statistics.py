"""Numbers of waiting and running runs in the queues, for one owner or for all."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.documents import Database, Filter, QueueDocument, RunStatus
from tocsin.documents.workers import find_living_workers
from tocsin.tasks.queues import list_queues
from tocsin.tasks.ranking import DEFAULT_QUEUE, lane_range


@dataclass
class _ClaimedRuns:
    """Claimed runs by queue: those with an attempt in progress, and the times at which the others were queued."""

    running: Counter[str] = field(default_factory=Counter)
    waiting: dict[str, list[datetime | None]] = field(default_factory=dict)


class QueueStatistics:
    """Counts the runs of one owner, or of all owners (None), in the queues.

    What workers have claimed and ended is read once, for all queues, and the runs of a queue are counted once; make a
    new object for each request.
    """

    def __init__(self, database: Database, owner: str | None) -> None:
        self._database, self._owner = database, owner
        self._counting = asyncio.Lock()
        self._counting_queued = asyncio.Lock()
        self._queued: dict[str, int] = {}
        self._claimed: _ClaimedRuns | None = None
        self._ended: Counter[str] | None = None

    async def count_waiting(self, queue: str) -> int:
        """Count the runs that are queued, or claimed and not begun."""
        async with self._counting_queued:
            if queue not in self._queued:
                self._queued[queue] = await self._database.runs.count_documents(self._queued_in(queue))
        return self._queued[queue] + len((await self._claimed_runs()).waiting.get(queue, ()))

    async def count_running(self, queue: str) -> int:
        """Count the runs with an attempt in progress."""
        return (await self._claimed_runs()).running[queue]

    async def find_oldest_queued_at(self, queue: str) -> datetime | None:
        """Return the time at which the run that waits longest was queued, or None."""
        runs = self._database.runs.find(self._queued_in(queue), {"queued_at": 1}).sort("queued_at", 1).limit(1)
        waiting = [run["queued_at"] for run in await runs.to_list()] + (await self._claimed_runs()).waiting.get(
            queue, []
        )
        return min(filter(None, waiting), default=None)

    async def count_recent_attempts(self, queue: str, now: datetime) -> int:
        """Count the attempts that ended in the last minute, as the live workers report them."""
        async with self._counting:
            if self._ended is None:
                self._ended = await self._count_ended(now)
        return self._ended[queue]

    def _queued_in(self, queue: str) -> Filter:
        return {"status": RunStatus.QUEUED, "lane": lane_range(queue, self._owner)}

    async def _claimed_runs(self) -> _ClaimedRuns:
        async with self._counting:
            if self._claimed is None:
                self._claimed = await self._read_claimed()
        return self._claimed

    async def _count_ended(self, now: datetime) -> Counter[str]:
        counts = Counter[str]()
        for worker in await find_living_workers(self._database.db, now):
            for queue, owner, count in worker.get("ended", ()):
                counts[queue] += count if self._owner in (None, owner) else 0
        return counts

    async def _read_claimed(self) -> _ClaimedRuns:
        """Read them. There are at most as many as all workers can claim."""
        which: Filter = {"status": RunStatus.RUNNING, "worker": {"$gt": ""}}
        found = _ClaimedRuns()
        async for run in self._database.runs.find(which, dict.fromkeys(("queue", "owner", "begun", "queued_at"), 1)):
            queue = run.get("queue") or DEFAULT_QUEUE
            if self._owner not in (None, run["owner"]):
                continue
            if run.get("begun", True):
                found.running[queue] += 1
            else:
                found.waiting.setdefault(queue, []).append(run["queued_at"])
        return found


@dataclass(frozen=True, slots=True)
class LoadedQueue:
    """A queue, and the statistics that its numbers come from."""

    document: QueueDocument
    statistics: QueueStatistics


async def find_loaded_queues(
    database: Database, wanted: Sequence[tuple[str | None, str]]
) -> dict[tuple[str | None, str], LoadedQueue]:
    """Return the queues by owner and name. Those for one owner share their statistics."""
    queues = {queue["_id"]: queue for queue in await list_queues(database)}
    statistics = {owner: QueueStatistics(database, owner) for owner, _ in wanted}
    return {(owner, name): LoadedQueue(queues[name], statistics[owner]) for owner, name in wanted if name in queues}
