"""Inserts of the runs of due tasks, so that each due time is stored exactly once.

Two schedulers, or one before and after a crash, plan differently, because they plan at different times: a due time that
one runs is missed for the other. So the runs of a task are written in the order of their due times, and a scheduler
that finds an existing run plans again after the due times that it covers. The runs of a task thus form a chain in which
each starts where the previous one ends. The first runs of many tasks are written together.
"""

from datetime import datetime

from pymongo.errors import BulkWriteError
from pymongo.synchronous.collection import Collection

from tocsin import telemetry
from tocsin.documents import ChangeLog, RunDocument, RunStatus, Trigger, last_due_of
from tocsin.documents.inserts import existing_indexes
from tocsin.scheduling.planning import TaskFiring, next_due_after, replan_after
from tocsin.scheduling.retries import end_superseded_retries


class RunWriter:
    """A writer of the runs of firings."""

    def __init__(self, runs: Collection[RunDocument], changes: ChangeLog) -> None:
        self._runs, self._changes = runs, changes

    def write_runs(self, firings: list[TaskFiring]) -> None:
        """Write all planned runs. Afterwards, `runs` are the stored ones, of which `adopted` already existed."""
        while unfinished := [firing for firing in firings if firing.written < len(firing.runs)]:
            longest = max(len(firing.runs) - firing.written for firing in unfinished)
            if len(unfinished) < longest:  # as few inserts as possible
                stopped = [firing for firing in unfinished if not self._write_rest(firing)]
            else:
                stopped = self._write_next(unfinished)
            if stopped:
                self._adopt(stopped)

    def _write_next(self, firings: list[TaskFiring]) -> list[TaskFiring]:
        """Write the next run of each firing. Return the firings whose next run already exists."""
        existing = set(self._insert([firing.runs[firing.written] for firing in firings], ordered=False))
        for index, firing in enumerate(firings):
            if index not in existing:
                _note_written(firing, 1)
        return [firings[index] for index in existing]

    def _write_rest(self, firing: TaskFiring) -> bool:
        """Write all further runs of a firing. Return whether none of them already existed."""
        rest = firing.runs[firing.written :]
        existing = self._insert(rest, ordered=True)
        _note_written(firing, existing[0] if existing else len(rest))
        return not existing

    def _insert(self, runs: list[RunDocument], *, ordered: bool) -> list[int]:
        """Return the indexes of the runs that already exist. If `ordered`, stop at the first of these."""
        existing: list[int] = []
        try:
            self._runs.insert_many(runs, ordered=ordered)
        except BulkWriteError as error:
            existing = existing_indexes(error)
        self._changes.runs_created(_inserted(runs, existing, ordered=ordered))
        return existing

    def _adopt(self, firings: list[TaskFiring]) -> None:
        """Take the existing run in place of the next one of each firing, and plan what is due after it again."""
        existing = self._read([_next_id(firing) for firing in firings])
        self._changes.runs_moved(existing.values())  # whoever wrote them may have died before recording it
        behind = [
            firing for firing in firings if (run := existing.get(_next_id(firing))) and next_due_after(firing, run)
        ]
        retrying = [existing[_next_id(firing)] for firing in behind]
        if any(run["status"] == RunStatus.RETRY for run in retrying):  # their tasks are due again
            end_superseded_retries(self._runs, retrying, behind[0].now, self._changes)
            existing |= self._read([run["_id"] for run in retrying])
        later = self._read_later({firing.task["_id"]: existing[_next_id(firing)] for firing in behind}, firings[0].now)
        for firing in firings:
            if (run := existing.get(_next_id(firing))) is not None:
                replan_after(firing, run, later.get(firing.task["_id"], []))

    def _read_later(self, runs: dict[str, RunDocument], now: datetime) -> dict[str, list[RunDocument]]:
        """Return the existing runs after these, by task. There are none unless a clock was set back."""
        if not runs:
            return {}
        last = {task: last_due_of(run) for task, run in runs.items()}
        times = {"$gt": min(last.values()), "$lte": now}
        later: dict[str, list[RunDocument]] = {}
        for run in self._runs.find({"task": {"$in": list(runs)}, "due_at": times}).sort("due_at", 1):
            if run["trigger"] == Trigger.SCHEDULE and run["due_at"] > last[run["task"]]:
                later.setdefault(run["task"], []).append(run)
        return later

    def _read(self, run_ids: list[str]) -> dict[str, RunDocument]:
        return {run["_id"]: run for run in self._runs.find({"_id": {"$in": run_ids}})}


def _inserted(runs: list[RunDocument], existing: list[int], *, ordered: bool) -> list[RunDocument]:
    """Return the runs that were inserted: all but the existing ones, or, if `ordered`, those before the first."""
    if ordered:
        return runs[: existing[0]] if existing else runs
    present = set(existing)
    return [run for index, run in enumerate(runs) if index not in present]


def _next_id(firing: TaskFiring) -> str:
    return firing.runs[firing.written]["_id"]


def _note_written(firing: TaskFiring, count: int) -> None:
    for run in firing.runs[firing.written : firing.written + count]:
        telemetry.RUNS_FIRED.labels(run["status"]).inc()
    firing.written += count
