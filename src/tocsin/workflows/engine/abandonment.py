"""The end of a workflow run that cannot be advanced. Pure."""

from datetime import datetime

from tocsin.documents import (
    SETTLED_STEP_STATUSES,
    Changes,
    ErrorKind,
    StepDocument,
    StepStatus,
    WorkflowRunDocument,
    WorkflowRunStatus,
)
from tocsin.workflows.engine.plan import WorkflowOutcome
from tocsin.workflows.engine.states import ItemState

_CANCELLED_ITEMS = str.maketrans(ItemState.PENDING + ItemState.RUNNING, ItemState.CANCELLED * 2)
_ABANDONED = WorkflowOutcome(
    WorkflowRunStatus.FAILED,
    error={
        "kind": ErrorKind.INTERNAL,
        "message": "An internal error stopped this workflow run. See the server log for details.",
        "hint": "Save the workflow again and start a new run, or resume this one once the cause is fixed.",
    },
)


def build_abandonment(document: WorkflowRunDocument, now: datetime) -> Changes:
    """Return the changes that end a workflow run as FAILED, with its open steps cancelled."""
    steps = document["steps"]  # as stored: converting them may be what fails
    ended = {key: _cancel_step(step, now) for key, step in steps.items() if step["status"] not in SETTLED_STEP_STATUSES}
    return {**_ABANDONED.to_fields(now), "steps": steps | ended, "done": len(steps)}


def _cancel_step(step: StepDocument, now: datetime) -> StepDocument:
    cancelled: StepDocument = {**step, "status": StepStatus.CANCELLED, "finished_at": now}
    cancelled.pop("reason", None)
    cancelled.pop("wake_at", None)
    cancelled.pop("remind_at", None)
    if "items" in step:
        cancelled["items"] = step["items"].translate(_CANCELLED_ITEMS)
    return cancelled
