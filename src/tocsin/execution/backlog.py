"""The queued runs, as this process knows them: read once, then only what became ready since.

A database answers "the first by rank" by looking at all that wait (the embedded one does), or at all of a flood before
anything else. So what the order needs of each queued run is kept here, in lanes (queue, owner, target host), and a look
costs what is new and what is taken, however much waits. What is no longer as it was read is refused by the claim.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from heapq import heappop, heappush

from tocsin import clock
from tocsin.documents import Database, Doc, RunStatus

READY: Doc = {"status": RunStatus.QUEUED.value, "ready_at": {"$gt": clock.EPOCH}}
WHOLE = timedelta(seconds=30)
"""So often all is read again, in case another process's clock is behind; a large backlog more seldom."""
_LARGE = 5_000
_PORTION = 1000
"""Runs that are read at once: the event loop has others to serve while a large backlog is read."""
_OVERLAP = timedelta(seconds=1)
_SEEN = dict.fromkeys(("rank", "owner", "queue", "host", "lane", "fence", "ready_at", "timeout"), 1)


class Lane:
    """Queued runs of one queue, owner and host, by rank."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self._heap: list[tuple[int, str, Doc]] = []
        self._known: dict[str, Doc] = {}

    def add(self, run: Doc) -> None:
        """A run waits, or waits as it is now."""
        if (known := self._known.get(run["_id"])) is None or known != run:
            self._known[run["_id"]] = run
            heappush(self._heap, (run["rank"], run["_id"], run))

    def drop(self, run_id: str) -> None:
        """A run does not wait here any more."""
        self._known.pop(run_id, None)

    def first(self) -> Doc | None:
        """The run with the lowest rank; None: none waits."""
        while self._heap:
            run = self._heap[0][2]
            if self._known.get(run["_id"]) is run:
                return run
            heappop(self._heap)
        return None

    def pop(self) -> Doc:
        """Take the first one out. There must be one."""
        run = heappop(self._heap)[2]
        del self._known[run["_id"]]
        return run


class Backlog:
    """All queued runs by their lanes."""

    def __init__(self) -> None:
        self.lanes: dict[str, Lane] = {}
        self._lane_of: dict[str, str] = {}
        self._newest = clock.EPOCH
        self._whole_at: datetime | None = None

    def __len__(self) -> int:
        return len(self._lane_of)

    def add(self, runs: Iterable[Doc]) -> None:
        """These runs wait, as they are now."""
        for run in runs:
            name: str = run.get("lane") or run["owner"]
            former = self._lane_of.get(run["_id"], name)
            if former != name and former in self.lanes:
                self.lanes[former].drop(run["_id"])
            self._lane_of[run["_id"]] = name
            self.lanes.setdefault(name, Lane(run["owner"])).add(run)

    def forget(self, runs: Iterable[Doc]) -> None:
        """These runs were taken out of their lanes."""
        for run in runs:
            self._lane_of.pop(run["_id"], None)

    def distrust(self) -> None:
        """What is known may be wrong: read all the next time."""
        self._whole_at = None

    async def read(self, database: Database, now: datetime) -> None:
        """Learn what became ready since the last time."""
        if self._whole_at is None or now < self._whole_at or now - self._whole_at > self._patience():
            self.lanes, self._lane_of, self._newest = {}, {}, clock.EPOCH
            self._whole_at = now
        since = max(self._newest - _OVERLAP, clock.EPOCH)
        which = {"status": RunStatus.QUEUED.value, "ready_at": {"$gt": since}}
        try:
            async for run in database.runs.find(which, _SEEN).batch_size(_PORTION):
                self._newest = min(max(self._newest, run["ready_at"]), now)  # a clock may have been set back since
                self.add((run,))
        except BaseException:
            self.distrust()
            raise

    def _patience(self) -> timedelta:
        return WHOLE if len(self) < _LARGE else WHOLE * 10
