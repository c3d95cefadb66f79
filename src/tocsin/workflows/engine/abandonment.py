"""Abandonment of workflow runs that fail with an internal error each time they are advanced."""

import json
from datetime import datetime

from tocsin.documents import SETTLED_STEP_STATUSES, Database, Doc, StepStatus, WorkflowRunStatus
from tocsin.documents.updates import change_when, has_value
from tocsin.jobs.base import ErrorKind
from tocsin.tasks.activity_log import log_workflow_run_status
from tocsin.workflows.engine.states import ItemState, WorkflowState

_ERROR: Doc = {
    "kind": ErrorKind.INTERNAL.value,
    "message": "An internal error stopped this workflow run. See the server log for details.",
    "hint": "Save the workflow again and start a new run, or resume this one once the cause is fixed.",
}
_CANCELLED_ITEMS = str.maketrans(ItemState.PENDING + ItemState.RUNNING, ItemState.CANCELLED * 2)
_SETTLED = frozenset(status.value for status in SETTLED_STEP_STATUSES)


async def abandon_workflow_run(
    database: Database, workflow_run: str, now: datetime
) -> tuple[Doc, WorkflowState, Doc] | None:
    """End a workflow run as FAILED. Returns its previous document, its new state, and the changes.

    Returns None if it has already ended, or if it was changed concurrently.
    """
    document = await database.workflow_runs.find_one({"_id": workflow_run})
    if document is None or not document["open"]:
        return None
    ended = {key: _cancelled(state, now) for key, state in document["steps"].items() if state["status"] not in _SETTLED}
    steps = document["steps"] | ended
    changes: Doc = {
        "status": WorkflowRunStatus.FAILED.value, "open": False, "reason": None, "error": _ERROR, "finished_at": now,
        "output": None, "wake_at": None, "steps": steps, "done": len(steps), "rev": document["rev"] + 1,
        "news": json.dumps(dict.fromkeys(ended, StepStatus.CANCELLED.value)),
    }  # fmt: skip
    update = change_when(has_value("rev", document["rev"]), changes)
    result = await database.workflow_runs.update_one({"_id": workflow_run}, [update])
    if not result.modified_count:
        return None
    log_workflow_run_status(workflow_run, WorkflowRunStatus.FAILED)
    return document, WorkflowState.from_document(document | changes), changes


def _cancelled(state: Doc, now: datetime) -> Doc:
    kept = {name: value for name, value in state.items() if name not in {"reason", "wake_at", "remind_at"}}
    if isinstance(items := kept.get("items"), str):
        kept["items"] = items.replace(ItemState.PENDING, ItemState.CANCELLED).replace(
            ItemState.RUNNING, ItemState.CANCELLED
        )
    return {**kept, "status": StepStatus.CANCELLED.value, "finished_at": now}
