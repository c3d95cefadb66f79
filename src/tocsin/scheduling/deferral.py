"""Which new runs are deferred, and their claim records (docs/adr/0046)."""

from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo.errors import DocumentTooLarge
from pymongo.synchronous.collection import Collection
from pymongo.synchronous.database import Database as SyncDatabase

from tocsin import telemetry
from tocsin.documents import ClaimRecordDocument, DeferredRun, DeferredRuns, RunDocument
from tocsin.scheduling.planning import TaskFiring

MIN_DEFERRED = 20
"""Minimum of runs that are deferred together. For fewer, a record costs as much as it saves."""
_RECORD_SIZE = 100


class RunDeferrer:
    """Defers the runs of a process that is alone. Without a worker, as long as it is not, it defers none."""

    def __init__(self, database: SyncDatabase[Any], deferred: DeferredRuns, worker: str | None) -> None:
        self._records: Collection[ClaimRecordDocument] = database["claim_records"]
        self._runs: Collection[RunDocument] = database["runs"]
        self._deferred, self._worker = deferred, worker

    def split(
        self, firings: list[TaskFiring], claimed: dict[str, RunDocument]
    ) -> tuple[list[TaskFiring], list[TaskFiring]]:
        """Return the firings whose run is to be deferred, and the others."""
        if self._worker is None:
            return [], firings
        simple = [firing for firing in firings if _is_simple(firing) and firing.runs[0]["_id"] in claimed]
        simple = self._without_stored(simple) if len(simple) >= MIN_DEFERRED else []
        if not simple:
            return [], firings
        chosen = {firing.task["_id"] for firing in simple}
        return simple, [firing for firing in firings if firing.task["_id"] not in chosen]

    def _without_stored(self, firings: list[TaskFiring]) -> list[TaskFiring]:
        """Return the firings whose run is not stored: after a crash, a task that is due may have one already."""
        doubtful = [firing.runs[0]["_id"] for firing in firings if firing.due_at <= self._deferred.sure_after]
        if not doubtful:
            return firings
        stored = {run["_id"] for run in self._runs.find({"_id": {"$in": doubtful}}, {"_id": 1})}
        return [firing for firing in firings if firing.runs[0]["_id"] not in stored]

    def doubt(self) -> None:
        """Note that a try to store runs has failed, and may have stored some."""
        self._deferred.doubt()

    def defer(self, firings: list[TaskFiring], now: datetime) -> tuple[list[TaskFiring], list[TaskFiring]]:
        """Write claim records of these firings, and register their runs.

        Return the deferred firings, and those that are too large for a record.
        """
        deferred: list[TaskFiring] = []
        too_large: list[TaskFiring] = []
        for start in range(0, len(firings), _RECORD_SIZE):
            some = firings[start : start + _RECORD_SIZE]
            try:
                self._write_record(some, now)
                deferred += some
            except DocumentTooLarge:
                too_large += some
        return deferred, too_large

    def _write_record(self, firings: list[TaskFiring], now: datetime) -> None:
        record, worker = str(ObjectId()), self._worker or ""
        self._records.insert_one({"_id": record, "worker": worker, "at": now, "runs": [f.runs[0] for f in firings]})
        self._deferred.add(
            DeferredRun(firing.runs[0], firing.build_late_advance, firing.next_run_at, record) for firing in firings
        )
        for firing in firings:
            firing.written = 1
            telemetry.RUNS_FIRED.labels(firing.runs[0]["status"]).inc()


def _is_simple(firing: TaskFiring) -> bool:
    """Return whether a firing makes one run that depends on no other."""
    return len(firing.runs) == 1 and not firing.open_before and not firing.adopted
