"""An in-memory view of the queued runs, read once and then updated with what became ready since.

To find the first run by rank, a database reads either all queued runs (the embedded one does) or all runs of one flood.
This view keeps the fields that decide the order, in lanes (queue, owner, target host), so that a refresh costs only
what is new and what is taken, however long the queue is. Stale entries are refused by the claim.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from heapq import heappop, heappush

from tocsin import clock
from tocsin.dispatch.partitions import ALL_PARTITIONS, Partitions, partition_of
from tocsin.documents import Database, Filter, RunDocument, RunStatus

READY_RUNS: Filter = {"status": RunStatus.QUEUED, "ready_at": {"$gt": clock.EPOCH}}
FULL_READ_INTERVAL = timedelta(seconds=30)
"""Interval of full reads, in case another process's clock is behind. Ten times longer for a large backlog."""
_LARGE = 5_000
_READ_BATCH = 1000
"""Batch size of reads, so that a large backlog does not block the event loop."""
_OVERLAP = timedelta(seconds=1)
_ADOPTED_PART = 4
"""One in so many of the newest runs of others is adopted, so that two processes seldom adopt the same ones."""
_FIELDS = dict.fromkeys(("rank", "owner", "queue", "host", "lane", "fence", "ready_at", "timeout"), 1)


class Lane:
    """Queued runs of one queue, owner and host, ordered by rank."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self._heap: list[tuple[int, str, RunDocument]] = []
        self._known: dict[str, RunDocument] = {}

    def push(self, run: RunDocument) -> None:
        """Add a run, or replace it with its current state."""
        if (known := self._known.get(run["_id"])) is None or known != run:
            self._known[run["_id"]] = run
            heappush(self._heap, (run["rank"] or 0, run["_id"], run))

    def discard(self, run_id: str) -> None:
        """Remove a run."""
        self._known.pop(run_id, None)

    def peek(self) -> RunDocument | None:
        """Return the run with the lowest rank, or None if the lane is empty."""
        while self._heap:
            run = self._heap[0][2]
            if self._known.get(run["_id"]) is run:
                return run
            heappop(self._heap)
        return None

    def pop(self) -> RunDocument:
        """Remove and return the run that `peek` returned."""
        run = heappop(self._heap)[2]
        del self._known[run["_id"]]
        return run


class Backlog:
    """The queued runs of this process's partitions, by lane. `has_foreign`: there may be runs of other partitions."""

    def __init__(self, partitions: Partitions = ALL_PARTITIONS) -> None:
        self._partitions = partitions
        self.has_foreign = False
        self.lanes: dict[str, Lane] = {}
        self._lane_of: dict[str, str] = {}
        self._newest = clock.EPOCH
        self._full_read_at: datetime | None = None

    def __len__(self) -> int:
        return len(self._lane_of)

    def add_runs(self, runs: Iterable[RunDocument]) -> None:
        """Add runs, or replace them with their current state."""
        for run in runs:
            name = run.get("lane") or run["owner"]
            former = self._lane_of.get(run["_id"], name)
            if former != name and former in self.lanes:
                self.lanes[former].discard(run["_id"])
            self._lane_of[run["_id"]] = name
            self.lanes.setdefault(name, Lane(run["owner"])).push(run)

    def discard_runs(self, runs: Iterable[RunDocument]) -> None:
        """Forget runs that were taken out of their lanes."""
        for run in runs:
            self._lane_of.pop(run["_id"], None)

    def first_runs(self) -> list[RunDocument]:
        """Return the first run of each lane, and drop the empty lanes."""
        heads = {name: run for name, lane in self.lanes.items() if (run := lane.peek()) is not None}
        self.lanes = {name: self.lanes[name] for name in heads}
        return list(heads.values())

    def invalidate(self) -> None:
        """Make the next refresh read all queued runs."""
        self._full_read_at = None

    async def refresh(self, database: Database, now: datetime) -> None:
        """Read the runs that became ready since the last call."""
        if self._full_read_at is None or now < self._full_read_at or now - self._full_read_at > self._read_interval():
            self.lanes, self._lane_of, self._newest = {}, {}, clock.EPOCH
            self._full_read_at = now
        since = max(self._newest - _OVERLAP, clock.EPOCH)
        which = {"status": RunStatus.QUEUED, "ready_at": {"$gt": since}}
        try:
            async for run in database.runs.find(which, _FIELDS).batch_size(_READ_BATCH):
                ready_at = run["ready_at"] or clock.EPOCH  # never null in a run that is ready
                self._newest = min(max(self._newest, ready_at), now)  # the clock may have been set back
                if self._partitions.serves(run["_id"]):
                    self.add_runs((run,))
                else:
                    self.has_foreign = True
        except BaseException:
            self.invalidate()
            raise

    async def adopt_runs(self, database: Database, count: int, name: str) -> bool:
        """Add some of the newest runs of other partitions, for a process with free places. Return whether there are.

        The process that serves them begins with the oldest ones. `name` is that of this process.
        """
        most = count * _ADOPTED_PART
        newest = await database.runs.find(READY_RUNS, _FIELDS).sort("ready_at", -1).limit(most).to_list()
        foreign = [run for run in newest if not self._partitions.serves(run["_id"])]
        self.has_foreign = bool(foreign) or len(newest) == most
        unknown = [run for run in foreign if run["_id"] not in self._lane_of]
        unknown.sort(key=lambda run: partition_of(name + run["_id"]))
        self.add_runs(unknown[:count])
        return bool(unknown)

    def _read_interval(self) -> timedelta:
        return FULL_READ_INTERVAL if len(self) < _LARGE else FULL_READ_INTERVAL * 10
