"""Numbers of waiting and running runs in the queues, for one owner or for all."""

import asyncio
from collections import Counter
from datetime import datetime

from tocsin.documents import Database, Filter, RunStatus
from tocsin.documents.workers import find_living_workers
from tocsin.tasks.ranking import DEFAULT_QUEUE, lane_range

Claimed = Counter[tuple[str, bool]]
"""Claimed runs by queue and by whether their attempt has begun."""


class QueueStatistics:
    """Counts the runs of one owner, or of all owners (None), in the queues.

    What workers have claimed and ended is read once, for all queues; make a new object for each request.
    """

    def __init__(self, database: Database, owner: str | None) -> None:
        self._database, self._owner = database, owner
        self._counting = asyncio.Lock()
        self._claimed: Claimed | None = None
        self._ended: Counter[str] | None = None

    async def count_waiting(self, queue: str) -> int:
        """Count the runs that are queued, or claimed and not begun."""
        queued = await self._database.runs.count_documents(self._queued_in(queue))
        return queued + (await self._claimed_runs())[queue, False]

    async def count_running(self, queue: str) -> int:
        """Count the runs with an attempt in progress."""
        return (await self._claimed_runs())[queue, True]

    async def find_oldest_queued_at(self, queue: str) -> datetime | None:
        """Return the time at which the run that waits longest was queued, or None."""
        runs = self._database.runs.find(self._queued_in(queue), {"queued_at": 1}).sort("queued_at", 1).limit(1)
        return next((run["queued_at"] for run in await runs.to_list()), None)

    async def count_recent_attempts(self, queue: str, now: datetime) -> int:
        """Count the attempts that ended in the last minute, as the live workers report them."""
        async with self._counting:
            if self._ended is None:
                self._ended = await self._count_ended(now)
        return self._ended[queue]

    def _queued_in(self, queue: str) -> Filter:
        return {"status": RunStatus.QUEUED, "lane": lane_range(queue, self._owner)}

    async def _claimed_runs(self) -> Claimed:
        async with self._counting:
            if self._claimed is None:
                self._claimed = await self._count_claimed()
        return self._claimed

    async def _count_ended(self, now: datetime) -> Counter[str]:
        counts = Counter[str]()
        for worker in await find_living_workers(self._database.db, now):
            for queue, owner, count in worker.get("ended", ()):
                counts[queue] += count if self._owner in (None, owner) else 0
        return counts

    async def _count_claimed(self) -> Claimed:
        """Count them by queue. There are at most as many as all workers can claim."""
        which: Filter = {"status": RunStatus.RUNNING, "worker": {"$gt": ""}}
        counts = Claimed()
        async for run in self._database.runs.find(which, {"queue": 1, "owner": 1, "begun": 1}):
            if self._owner in (None, run["owner"]):
                counts[run.get("queue") or DEFAULT_QUEUE, run.get("begun", True)] += 1
        return counts
