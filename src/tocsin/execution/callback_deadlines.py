"""The ends of waits for callbacks, found by index. Runs that need not wait any longer are settled, owners in turn."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import chain

from tocsin import clock, telemetry
from tocsin.documents import Database, Filter, RunDocument, RunStatus, aggregate, is_unavailable, run_log_ids
from tocsin.documents.updates import Pipeline
from tocsin.execution.callbacks import CallbackSettler
from tocsin.fair_queue import RoundRobin
from tocsin.periodic import Periodic

POLL_SECONDS = 10.0
"""Interval of looks, in case the news of a deadline was lost."""
BACKOFF = (0.5, POLL_SECONDS)
SLICE = 200
"""Runs that are settled together."""
WINDOW = 1_000
"""Overdue runs that are read at once, the earliest first. If there are more, those of each owner are read instead."""
MAX_PER_OWNER = 1_000
"""Overdue runs of one owner that are settled before the next ones are looked for, if there are more than a window."""
MAX_OWNERS = 10
"""Owners that take turns then. Together they have a bounded number of runs in memory."""
_ANY_TIME = datetime.max.replace(tzinfo=UTC)
log = telemetry.get_logger(__name__)


class CallbackDeadlines:
    """Settles overdue runs of the owners whom this process serves. `serves` tells whether it serves an owner."""

    def __init__(self, database: Database, settler: CallbackSettler, serves: Callable[[str], bool]) -> None:
        self._database, self._settler, self._serves = database, settler, serves
        self._periodic = Periodic(
            "callback-deadlines", self.settle_overdue, POLL_SECONDS, first_delay=0, backoff=BACKOFF
        )
        self._next_look = _ANY_TIME

    def start(self) -> None:
        """Start to look for deadlines."""
        self._periodic.start()

    async def stop(self) -> None:
        """Stop looking."""
        await self._periodic.stop()

    def look_again(self) -> None:
        """Look now: the owners whom this process serves have changed."""
        self._periodic.trigger()

    def expect_deadline(self, at: datetime | None) -> None:
        """Note that a run waits until this time. None is ignored."""
        if at is not None and at < self._next_look:
            self._periodic.trigger()

    async def settle_overdue(self) -> float:
        """Settle the runs that are overdue. Return the seconds until the next deadline, or the next look."""
        self._next_look = _ANY_TIME  # a deadline that is set from here on may be missed below
        await self._settler.finish_interrupted()
        while await self._settle_window(now := clock.now()):
            pass
        return await self._find_wait(now)

    async def _settle_window(self, now: datetime) -> int:
        """Settle overdue runs: all if they are few, otherwise some of each owner. Return how many were settled."""
        rows = self._database.runs.find(_waiting({"$lte": now}), {"owner": 1}).sort("callback_by", 1).limit(WINDOW)
        found = await rows.to_list()
        if len(found) < WINDOW:
            return await self._settle_in_turn(found)
        return await self._settle_of_each_owner(now)

    async def _settle_of_each_owner(self, now: datetime) -> int:
        """Settle the earliest overdue runs of each owner, so that none waits for all of another. Return how many."""
        stages: Pipeline = [{"$match": _waiting({"$lte": now})}, {"$group": {"_id": "$owner"}}]
        rows = await aggregate(self._database.runs, stages)
        owners, settled = [row["_id"] for row in rows if self._serves(row["_id"])], 0
        for start in range(0, len(owners), MAX_OWNERS):
            found = [await self._read(owner, now) for owner in owners[start : start + MAX_OWNERS]]
            settled += await self._settle_in_turn(chain.from_iterable(found))
        return settled

    async def _read(self, owner: str, now: datetime) -> list[RunDocument]:
        query = {**_waiting({"$lte": now}), "owner": owner}
        rows = self._database.runs.find(query, {"owner": 1}).sort("callback_by", 1).limit(MAX_PER_OWNER)
        return await rows.to_list()

    async def _settle_in_turn(self, rows: Iterable[RunDocument]) -> int:
        """Settle overdue runs, of which the ID and owner are given, owners in turn. Return how many were settled."""
        overdue, settled = RoundRobin[str](), 0
        for row in rows:
            if self._serves(row["owner"]):
                overdue.add(row["owner"], row["_id"])
        while ids := overdue.take(SLICE):
            runs = await self._database.runs.find({"_id": {"$in": ids}}).to_list()
            settled += await self._settle([run for run in runs if run["status"] == RunStatus.WAITING])
        return settled

    async def _settle(self, runs: list[RunDocument]) -> int:
        """Settle runs; if some cannot be settled, all the others. Raises PyMongoError without a database."""
        try:
            return await self._settler.settle(runs, clock.now())
        except Exception as error:
            if is_unavailable(error):
                raise
            if len(runs) > 1:
                return sum([await self._settle([run]) for run in runs])
            log.exception("a run that expects a callback cannot be settled", **run_log_ids(runs[0]["_id"]))
            return 0

    async def _find_wait(self, looked_at: datetime) -> float:
        """Return the seconds until the next deadline after a look, or the next look. It may have passed meanwhile."""
        now = clock.now()
        later = _waiting({"$gt": looked_at})
        ahead = self._database.runs.find(later, {"callback_by": 1}).sort("callback_by", 1).limit(1)
        times = [run.get("callback_by") or now async for run in ahead]
        wait = max(min([(at - now).total_seconds() for at in times] + [POLL_SECONDS]), 0.0)
        self._next_look = now + clock.MILLISECOND * int(wait * 1000)
        return wait


def _waiting(times: Filter) -> Filter:
    """Return a filter for runs that expect a callback by one of these times."""
    return {"status": RunStatus.WAITING, "callback_by": times}
