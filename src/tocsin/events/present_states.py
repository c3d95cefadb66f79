"""The present statuses of what changed, for subscribers that have just read the state of the database.

Changes arrive a little later than they are made. What was made just before the state was read would otherwise be told
after it, and so take a run back to an earlier status.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tocsin.documents import (
    Change,
    Database,
    StepStatus,
    TaskStatus,
    WorkflowRunStatus,
    public_status,
)


async def read_present_states(database: Database, changes: Sequence[Change]) -> list[Change]:
    """Return the changes with present statuses; as they are where nothing is stored (any more). Raises PyMongoError."""
    runs = await _read(database.runs, {change.run_id for change in changes}, {"status": 1, "begun": 1})
    owned = {change.task_id for change in changes if change.run_id is None}
    tasks = await _read(database.tasks, owned, {"status": 1})
    fields = {"status": 1} | {f"steps.{key}.status": 1 for change in changes for key, _ in change.steps}
    workflow_runs = await _read(database.workflow_runs, {change.workflow_run_id for change in changes}, fields)
    return [_update(change, runs, tasks, workflow_runs) for change in changes]


async def _read(collection: Any, ids: set[str | None], fields: Mapping[str, int]) -> dict[str, Any]:
    known = [each for each in ids if each is not None]
    if not known:
        return {}
    return {row["_id"]: row async for row in collection.find({"_id": {"$in": known}}, fields)}


def _update(
    change: Change, runs: Mapping[str, Any], tasks: Mapping[str, Any], workflow_runs: Mapping[str, Any]
) -> Change:
    if change.run_id is not None:
        run = runs.get(change.run_id)
        return change if run is None or change.run_status is None else change._replace(run_status=public_status(run))
    if change.task_id is not None:
        task = tasks.get(change.task_id)
        is_told = task is not None and (change.is_derived or change.task_status is not None)
        return change._replace(task_status=TaskStatus(task["status"]), is_derived=False) if task and is_told else change
    found = workflow_runs.get(change.workflow_run_id or "")
    return change if found is None else _update_workflow_run(change, found)


def _update_workflow_run(change: Change, found: Any) -> Change:
    steps = tuple((key, StepStatus(found["steps"][key]["status"])) for key, _ in change.steps if key in found["steps"])
    status = None if change.workflow_status is None else WorkflowRunStatus(found["status"])
    return change._replace(workflow_status=status, steps=steps)
