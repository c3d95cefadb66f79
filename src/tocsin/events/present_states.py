"""The present states of what changed, for subscribers that have just read the state of the database.

Changes arrive a little later than they are made. What was made just before the state was read would otherwise be told
after it, and so take a run back to an earlier status, or bring back a task that was deleted.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tocsin.documents import (
    Change,
    ChangeKind,
    Database,
    Hold,
    StepStatus,
    TaskStatus,
    WorkflowRunStatus,
    public_status,
)
from tocsin.events.change_filter import TASK_KINDS, WORKFLOW_KINDS

_K = ChangeKind


class Present(NamedTuple):
    """The stored documents of the things that changed, by their IDs."""

    runs: Mapping[str, Any]
    tasks: Mapping[str, Any]
    workflows: Mapping[str, Any]
    workflow_runs: Mapping[str, Any]


async def read_present_states(database: Database, changes: Sequence[Change]) -> list[Change]:
    """Return the changes with present statuses, as deletions where the task or workflow is gone. Raises PyMongoError.

    Those of runs that are not stored any more are returned as they are.
    """
    runs = await _read(database.runs, {change.run_id for change in changes}, {"status": 1, "begun": 1})
    owned = {change.task_id for change in changes if change.kind in TASK_KINDS}
    tasks = await _read(database.tasks, owned, {"status": 1, "hold": 1})
    workflows = await _read(database.workflows, {_defined_by(change) for change in changes}, {"deleted": 1})
    fields = {"status": 1} | {f"steps.{key}.status": 1 for change in changes for key, _ in change.steps}
    workflow_runs = await _read(database.workflow_runs, {change.workflow_run_id for change in changes}, fields)
    return [_update(change, Present(runs, tasks, workflows, workflow_runs)) for change in changes]


async def _read(collection: Any, ids: set[str | None], fields: Mapping[str, int]) -> dict[str, Any]:
    known = [each for each in ids if each is not None]
    if not known:
        return {}
    return {row["_id"]: row async for row in collection.find({"_id": {"$in": known}}, fields)}


def _defined_by(change: Change) -> str | None:
    """Return the workflow whose definition changed."""
    return change.workflow if change.kind in WORKFLOW_KINDS else None


def _update(change: Change, present: Present) -> Change:
    if change.run_id is not None:
        run = present.runs.get(change.run_id)
        return change if run is None or change.run_status is None else change._replace(run_status=public_status(run))
    if change.kind in TASK_KINDS:
        return _update_task(change, present.tasks.get(change.task_id or ""))
    if change.kind in WORKFLOW_KINDS:
        workflow = present.workflows.get(change.workflow or "")
        return change._replace(kind=_K.WORKFLOW_DELETED) if workflow is None or workflow["deleted"] else change
    found = present.workflow_runs.get(change.workflow_run_id or "")
    return change if found is None else _update_workflow_run(change, found)


def _update_task(change: Change, task: Any) -> Change:
    if task is None or task["hold"] == Hold.DELETED:
        return change._replace(kind=_K.TASK_DELETED, task_status=None, is_derived=False)
    if change.is_derived or change.task_status is not None:
        return change._replace(task_status=TaskStatus(task["status"]), is_derived=False)
    return change


def _update_workflow_run(change: Change, found: Any) -> Change:
    steps = tuple((key, StepStatus(found["steps"][key]["status"])) for key, _ in change.steps if key in found["steps"])
    status = None if change.workflow_status is None else WorkflowRunStatus(found["status"])
    return change._replace(workflow_status=status, steps=steps)
