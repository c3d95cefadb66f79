"""The changes of a workflow run after an advance, in their stored form. Pure."""

import json
from datetime import datetime

from tocsin.documents import OPEN_WORKFLOW_RUN_STATUSES, Doc, WorkflowRunStatus
from tocsin.workflows.engine.plan import Plan, WorkflowOutcome, find_next_wake
from tocsin.workflows.engine.states import WorkflowState


def build_update(document: Doc, flow: WorkflowState, move: Plan, now: datetime) -> Doc:
    """Return the changed fields of the workflow run; empty if nothing changed."""
    steps = {key: state.to_document() for key, state in flow.steps.items()}
    news = {key: state["status"] for key, state in steps.items() if state != document["steps"][key]}
    changes: Doc = {
        "steps": steps,
        "stopping": flow.stopping,
        "done": flow.count_settled(),
        "status": WorkflowRunStatus.RUNNING.value,
        "started_at": document["started_at"] or now,
        "wake_at": find_next_wake(flow),
        **(_finished(move.outcome, now) if move.outcome is not None else {}),
    }
    changes = {name: value for name, value in changes.items() if document.get(name) != value}
    return {**changes, "news": json.dumps(news)} if changes else {}


def _finished(finish: WorkflowOutcome, now: datetime) -> Doc:
    return {
        "status": finish.status.value,
        "open": finish.status in OPEN_WORKFLOW_RUN_STATUSES,
        "reason": finish.reason and finish.reason.value,
        "finished_at": now,
        "output": finish.output,
        "error": finish.error,
        "wake_at": None,
    }


def estimate_size(document: Doc) -> int:
    """Return the approximate size of a workflow run in bytes."""
    return len(document["inputs"]) + sum(sum(map(len, state.get("values", ()))) for state in document["steps"].values())
