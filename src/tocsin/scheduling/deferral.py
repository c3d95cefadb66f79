"""Which new runs are deferred, and their claim records (docs/adr/0046)."""

from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo.errors import DocumentTooLarge, OperationFailure, PyMongoError
from pymongo.synchronous.collection import Collection
from pymongo.synchronous.database import Database as SyncDatabase

from tocsin import telemetry
from tocsin.documents import ClaimRecordDocument, DeferredRun, DeferredRuns, RunDocument, TaskDocument
from tocsin.scheduling.planning import TaskFiring

MIN_DEFERRED = 20
"""Minimum of runs that are deferred together. For fewer, a record costs as much as it saves."""
_RECORD_SIZE = 100


class RunDeferrer:
    """Defers the runs of a process that is alone. Without a worker, as long as it is not, it defers none."""

    def __init__(self, database: SyncDatabase[Any], deferred: DeferredRuns, worker: str | None) -> None:
        self._records: Collection[ClaimRecordDocument] = database["claim_records"]
        self._runs: Collection[RunDocument] = database["runs"]
        self._tasks: Collection[TaskDocument] = database["tasks"]
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
        """Return the firings whose run is not stored.

        A task may have been read as due just before its run was stored, or have been left due by a crash.
        """
        ids = [firing.runs[0]["_id"] for firing in firings]
        stored = {run["_id"] for run in self._runs.find({"_id": {"$in": ids}}, {"_id": 1})}
        return [firing for firing in firings if firing.runs[0]["_id"] not in stored]

    def take_back(self, firings: list[TaskFiring]) -> None:
        """Forget that the runs of these firings were deferred. What is to become of them is not changed."""
        found = (self._deferred.get(firing.runs[0]["_id"]) for firing in firings)
        self._deferred.remove([each for each in found if each is not None])

    def take_back_outdated(self, firings: list[TaskFiring]) -> list[TaskFiring]:
        """Return those of these firings whose task its owner has changed since it was read, no longer deferred.

        A change that comes later finds the run deferred (`tasks/deferred_writes.py`).
        """
        ids = [firing.task["_id"] for firing in firings]
        found = self._tasks.find({"_id": {"$in": ids}}, {"version": 1, "next_run_at": 1})
        current = {task["_id"]: (task["version"], task["next_run_at"]) for task in found}
        outdated = [each for each in firings if current.get(each.task["_id"]) != (each.task["version"], each.due_at)]
        self.take_back(outdated)
        return outdated

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
            except (DocumentTooLarge, OperationFailure):
                too_large += some
        return deferred, too_large

    def _write_record(self, firings: list[TaskFiring], now: datetime) -> None:
        record, worker = str(ObjectId()), self._worker or ""
        runs = [firing.runs[0] for firing in firings]
        try:
            self._records.insert_one({"_id": record, "worker": worker, "at": now, "runs": runs})
        except PyMongoError:
            self._deferred.finished_records.append(record)  # it may be stored all the same
            raise
        self._deferred.add(
            [DeferredRun(firing.runs[0], firing.build_late_advance, firing.next_run_at, record) for firing in firings]
        )
        for firing in firings:
            firing.written = 1
            telemetry.RUNS_FIRED.labels(firing.runs[0]["status"]).inc()


def _is_simple(firing: TaskFiring) -> bool:
    """Return whether a firing makes one run that depends on no other."""
    return len(firing.runs) == 1 and not firing.open_before and not firing.adopted
