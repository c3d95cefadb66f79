"""An in-memory view of the queued runs, read once and then updated with what became ready since.

To find the first run by rank, a database reads either all queued runs (the embedded one does) or all runs of one flood.
This view keeps the fields that decide the order, in lanes (queue, owner, target host), so that a refresh costs only
what is new and what is taken, however long the queue is. Stale entries are refused by the claim.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from time import monotonic

from tocsin import clock
from tocsin.dispatch.lane import Lane
from tocsin.dispatch.lane_turns import LaneTurns
from tocsin.dispatch.partitions import ALL_PARTITIONS, Partitions, partition_of
from tocsin.documents import Database, Filter, RunDocument, RunStatus

READY_RUNS: Filter = {"status": RunStatus.QUEUED, "ready_at": {"$gt": clock.EPOCH}}
FULL_READ_INTERVAL = timedelta(seconds=30)
"""Interval of full reads, in case another process's clock is behind. Ten times longer for a large backlog."""
_LARGE = 5_000
_READ_BATCH = 250
"""Batch size of reads: a batch blocks the event loop for about 4 ms."""
_OVERLAP = timedelta(seconds=1)
"""Time by which a read looks back, for runs that were stored later than they became ready."""
_LOOK_BACK_PAUSE = 10
"""A read that has looked back is followed by a time ten times as long in which no read does."""
_ADOPTED_PART = 4
"""One in so many of the newest runs of others is adopted, so that two processes seldom adopt the same ones."""
_FIELDS = dict.fromkeys(("rank", "owner", "queue", "host", "lane", "fence", "ready_at", "timeout"), 1)


class Backlog:
    """The queued runs of this process's partitions, by lane. `turns` are those of the lanes.

    `has_foreign`: there may be runs of other partitions.
    """

    def __init__(self, turns: LaneTurns | None = None, partitions: Partitions = ALL_PARTITIONS) -> None:
        self.turns = turns or LaneTurns()
        self._partitions = partitions
        self.has_foreign = False
        self.lanes: dict[str, Lane] = {}
        self._lane_of: dict[str, str] = {}
        self._newest = clock.EPOCH
        self._full_read_at: datetime | None = None
        self._look_back_at = clock.EPOCH

    def __len__(self) -> int:
        return len(self._lane_of)

    def add_runs(self, runs: Iterable[RunDocument]) -> None:
        """Add runs, or replace them with their current state."""
        for run in runs:
            name = run.get("lane") or run["owner"]
            if self._lane_of.get(run["_id"], name) != name:
                self._forget(run["_id"])
            self._lane_of[run["_id"]] = name
            lane = self.lanes.setdefault(name, Lane(name, run["owner"]))
            lane.push(run)
            self.turns.list_lane(lane)

    def discard_runs(self, runs: Iterable[RunDocument]) -> None:
        """Forget runs."""
        for run in runs:
            self._forget(run["_id"])

    def _forget(self, run_id: str) -> None:
        if (lane := self.lanes.get(self._lane_of.pop(run_id, ""))) is None:
            return
        lane.discard(run_id)
        self.turns.list_lane(lane)
        if lane.listed is None:
            del self.lanes[lane.name]

    def invalidate(self) -> None:
        """Make the next refresh read all queued runs."""
        self._full_read_at = None

    async def refresh(self, database: Database, now: datetime) -> None:
        """Read the runs that became ready since the last call."""
        seen: set[str] | None = None
        if self._full_read_at is None or now < self._full_read_at or now - self._full_read_at > self._read_interval():
            seen, self._newest, self._full_read_at, self._look_back_at = set(), clock.EPOCH, now, now
            self.has_foreign = False
        began_at, looks_back = monotonic(), now >= self._look_back_at
        since = max(self._newest - (_OVERLAP if looks_back else clock.MILLISECOND), clock.EPOCH)
        which = {"status": RunStatus.QUEUED, "ready_at": {"$gt": since}}
        try:
            async for run in database.runs.find(which, _FIELDS).batch_size(_READ_BATCH):
                ready_at = run["ready_at"] or clock.EPOCH  # never null in a run that is ready
                self._newest = min(max(self._newest, ready_at), now)  # the clock may have been set back
                if not self._partitions.serves(run["_id"]):
                    self.has_foreign = True
                    continue
                self.add_runs((run,))
                if seen is not None:
                    seen.add(run["_id"])
        except BaseException:
            self.invalidate()
            raise
        if looks_back:
            self._look_back_at = now + timedelta(seconds=_LOOK_BACK_PAUSE * (monotonic() - began_at))
        if seen is not None:
            for run_id in self._lane_of.keys() - seen:
                self._forget(run_id)

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
