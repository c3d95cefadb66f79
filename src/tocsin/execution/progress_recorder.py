"""The progress that jobs tell of their attempts: stored once a second at most for each run, the last one always.

What was told is of no use once the attempt has ended, so it is written only while that is made, and never waited for.
"""

from dataclasses import dataclass
from datetime import datetime

from pymongo import UpdateOne

from tocsin import clock
from tocsin.compute.progress import MAX_TEXT_LENGTH
from tocsin.dispatch.ready_queue import ClaimedRun
from tocsin.documents import (
    ChangeKind,
    Database,
    ProgressDocument,
    RunChanges,
    RunStatus,
    StepStatus,
    is_workflow_run_id,
    parent_of,
    step_of,
)
from tocsin.documents.updates import all_of, change_when, has_value

WRITE_INTERVAL_SECONDS = 1.0
_MAX_INT = 2**31 - 1  # of GraphQL's Int


@dataclass(frozen=True, slots=True)
class _Told:
    """The last progress that the job of a claimed run reported, until it is stored."""

    claimed: ClaimedRun
    progress: ProgressDocument

    @property
    def run_id(self) -> str:
        return self.claimed.run["_id"]


class ProgressRecorder:
    """A recorder of what jobs tell. Telling is cheap and does no I/O; `write` stores it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: dict[str, _Told] = {}

    def tell(self, claimed: ClaimedRun, done: int, all: int, text: str | None = None) -> None:
        """Record how far the attempt of a run is."""
        progress = build_progress(claimed.run["fence"], clock.now(), done, all, text)
        self._told[claimed.run["_id"]] = _Told(claimed, progress)

    async def write(self) -> None:
        """Store what was told since the last time, of attempts that are still being made."""
        if not self._told:
            return
        told, self._told = self._told, {}
        current = [each for each in told.values() if each.claimed.attempt_task is not None]
        stored = [each for each in current if self._database.deferred.get(each.run_id) is None]
        for each in current:
            if each not in stored:  # the run itself is not stored yet
                self._told.setdefault(each.run_id, each)
        if not stored:
            return
        result = await self._database.runs.bulk_write([_build_update(each) for each in stored], ordered=False)
        if result.modified_count:
            await self._record_changes([each.run_id for each in stored])

    async def _record_changes(self, run_ids: list[str]) -> None:
        """Record the changes of runs of tasks, and of the steps that the others belong to."""
        changes = self._database.changes
        changes.runs_progressed([run_id for run_id in run_ids if not is_workflow_run_id(run_id)])
        by_parent: dict[str, dict[str, StepStatus]] = {}
        for run_id in run_ids:
            key = step_of(run_id)
            if key is not None and not run_id.endswith("!undo"):
                by_parent.setdefault(parent_of(run_id), {})[key] = StepStatus.RUNNING
        if not by_parent:
            return
        found = self._database.workflow_runs.find({"_id": {"$in": list(by_parent)}}, {"workflow": 1})
        async for row in found:
            steps = by_parent[row["_id"]].items()
            changes.workflow_run_changed(ChangeKind.RUN_UPDATED, row["_id"], steps=steps, workflow=row["workflow"])


def build_progress(fence: int, at: datetime, done: int, all: int, text: str | None) -> ProgressDocument:
    """Return what a job told, within the limits: `done` is from 0 to `all`, and a long text is cut off."""
    total = min(max(int(all), 0), _MAX_INT)
    said = None if text is None else str(text)[:MAX_TEXT_LENGTH].encode("utf-8", "replace").decode()
    return {"fence": fence, "at": at, "done": min(max(int(done), 0), total), "all": total, "text": said}


def _build_update(told: _Told) -> UpdateOne:
    """Return the update, which changes nothing once the run has another claim or its attempt has ended."""
    is_ours = all_of(has_value("status", RunStatus.RUNNING), has_value("fence", told.progress["fence"]))
    changes: RunChanges = {"progress": told.progress}
    return UpdateOne({"_id": told.run_id}, [change_when(is_ours, changes)])
