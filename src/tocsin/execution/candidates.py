"""Which queued runs are looked at: all of them while they are few, else the first of each lane, lane after lane.

However many runs one owner has queued, and however many wait for a limit, the others' lanes are seen.
"""

import asyncio
import time

from tocsin.documents import Database, Doc, RunStatus
from tocsin.tasks.lanes import parts_of

FAR = 2**62
MORE = 100
"""So many more than there is room for are looked at before lanes are."""
HOPS = 100
"""New lanes that are looked for in one look; the next one goes on from there."""
HOP_SECONDS = 0.25
"""So long after all lanes were met new ones are looked for again."""
LANES = 200
"""Lanes that are read in one look; the next one goes on from there."""
READY: Doc = {"status": RunStatus.QUEUED.value, "rank": {"$gt": 0, "$lt": FAR}}
_SEEN = dict.fromkeys(("rank", "owner", "queue", "host", "lane", "fence"), 1)


class Candidates:
    """Reads what waits for a worker. Remembers the lanes that it has met."""

    def __init__(self, database: Database) -> None:
        self._runs = database.runs
        self._lanes: dict[str, None] = {}
        self._hop_from = ""
        self._hop_at = 0.0

    async def read(self, room: int, shut: set[tuple[str, str]], paused: set[str]) -> tuple[list[Doc], bool]:
        """Queued runs, as far as the order needs to know them, and whether there may be others.

        Lanes of `paused` queues, and those to hosts whose circuit is `shut` (by owner), are not looked into.
        """
        limit = room + MORE
        first = await self._runs.find(READY, _SEEN).sort("rank", 1).limit(limit).to_list()
        if len(first) < limit:
            self._lanes = {}
            return first, False
        await self._hop()
        found = {run["_id"]: run for run in first}
        lanes = [lane for lane in self._lanes if _is_open(lane, shut, paused)][:LANES]
        each = max(1, -(-room // max(1, len(lanes))))
        for runs in await asyncio.gather(*(self._head(lane, each) for lane in lanes)):
            found |= {run["_id"]: run for run in runs}
        return list(found.values()), True

    async def _head(self, lane: str, count: int) -> list[Doc]:
        which = {"status": RunStatus.QUEUED.value, "lane": lane, "rank": READY["rank"]}
        runs = await self._runs.find(which, _SEEN).sort("rank", 1).limit(count).to_list()
        self._lanes.pop(lane, None)
        if runs:
            self._lanes[lane] = None  # to the end: those that were not read now come first the next time
        return runs

    async def _hop(self) -> None:
        """Look for lanes that are not known yet: from one to the next, by the index."""
        if time.monotonic() < self._hop_at:
            return
        for _ in range(HOPS):
            beyond = {"status": RunStatus.QUEUED.value, "lane": {"$gt": self._hop_from}}
            found = await self._runs.find(beyond, {"lane": 1}).sort("lane", 1).limit(1).to_list()
            if not found:
                self._hop_from, self._hop_at = "", time.monotonic() + HOP_SECONDS
                return
            self._hop_from = found[0]["lane"]
            self._lanes.setdefault(self._hop_from, None)


def _is_open(lane: str, shut: set[tuple[str, str]], paused: set[str]) -> bool:
    queue, owner, host = parts_of(lane)
    return queue not in paused and (owner, host) not in shut
