"""The ends of waits for callbacks, found by index. Runs that need not wait any longer are settled, owners in turn."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from tocsin import clock, telemetry
from tocsin.documents import Database, Filter, RunDocument, RunStatus, is_unavailable, run_log_ids
from tocsin.execution.callbacks import CallbackSettler
from tocsin.fair_queue import RoundRobin
from tocsin.periodic import Periodic

POLL_SECONDS = 10.0
"""Interval of looks, in case the news of a deadline was lost."""
BACKOFF = (0.5, POLL_SECONDS)
SLICE = 200
"""Runs that are settled together."""
MAX_PER_OWNER = 1_000
"""Maximum overdue runs of one owner that are settled before others are looked for."""
_READ_BATCH = 5_000
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
        while await self._settle_batch():
            pass
        return await self._find_wait()

    async def _settle_batch(self) -> int:
        """Settle overdue runs, up to a maximum of each owner. Return how many were settled."""
        overdue, settled = await self._read_overdue(clock.now()), 0
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

    async def _read_overdue(self, now: datetime) -> RoundRobin[str]:
        """Return the IDs of overdue runs, those of each owner by deadline."""
        overdue, counts = RoundRobin[str](), Counter[str]()
        rows = self._database.runs.find(_waiting({"$lte": now}), {"owner": 1}).sort("callback_by", 1)
        async for row in rows.batch_size(_READ_BATCH):
            owner = row["owner"]
            counts[owner] += 1
            if counts[owner] <= MAX_PER_OWNER and self._serves(owner):
                overdue.add(owner, row["_id"])
        return overdue

    async def _find_wait(self) -> float:
        now = clock.now()
        ahead = self._database.runs.find(_waiting({"$gt": now}), {"callback_by": 1}).sort("callback_by", 1).limit(1)
        times = [run.get("callback_by") or now async for run in ahead]
        wait = min([(at - now).total_seconds() for at in times] + [POLL_SECONDS])
        self._next_look = now + clock.MILLISECOND * int(wait * 1000)
        return wait


def _waiting(times: Filter) -> Filter:
    """Return a filter for runs that expect a callback by one of these times."""
    return {"status": RunStatus.WAITING, "callback_by": times}
