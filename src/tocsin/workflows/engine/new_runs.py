"""New workflow runs: how one is built, and inserted only once. Pure, except for the insertion."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import DuplicateKeyError

from tocsin.documents import (
    OPEN_WORKFLOW_RUN_STATUSES,
    ChangeKind,
    Database,
    Trigger,
    WorkflowDocument,
    WorkflowRunDocument,
    WorkflowRunReason,
    WorkflowRunStatus,
)
from tocsin.schedules import Gap, shortest_interval_ms
from tocsin.workflows.activity_log import log_workflow_run_status
from tocsin.workflows.engine.states import StepState
from tocsin.workflows.language.definition import WorkflowDefinition
from tocsin.workflows.language.inputs import inputs_to_json


@dataclass(frozen=True, slots=True)
class NewWorkflowRun:
    """The fields of a new workflow run that its workflow does not determine. A MISSED one covers a `gap`."""

    run_id: str
    trigger: Trigger
    due_at: datetime
    status: WorkflowRunStatus = WorkflowRunStatus.PENDING
    reason: WorkflowRunReason | None = None
    gap: Gap | None = None


def new_workflow_run(
    workflow: WorkflowDocument,
    definition: WorkflowDefinition,
    inputs: Mapping[str, Any],
    new: NewWorkflowRun,
    now: datetime,
) -> WorkflowRunDocument:
    """Build a workflow run of this version, with all steps PENDING. Raises InvalidInput if the inputs are too large."""
    is_open = new.status in OPEN_WORKFLOW_RUN_STATUSES
    deadline = definition.timeout and new.due_at + timedelta(seconds=definition.timeout)
    return {
        "_id": new.run_id,
        "owner": workflow["owner"],
        "workflow": workflow["_id"],
        "name": workflow["name"],
        "version": workflow["version"],
        "trigger": new.trigger,
        "status": new.status,
        "open": is_open,
        "reason": new.reason,
        "due_at": new.due_at,
        "created_at": now,
        "started_at": None,
        "finished_at": None if is_open else now,
        "cancel_requested_at": None,
        "interval_ms": shortest_interval_ms(workflow.get("schedule"), now) if new.trigger is Trigger.SCHEDULE else None,
        "missed_until": new.gap.until if new.gap is not None else None,
        "missed_count": new.gap.count if new.gap is not None else None,
        "inputs": inputs_to_json(inputs),
        "output": None,
        "error": None,
        "round": 0,
        "stopping": None,
        "deadline_at": deadline or None,
        "wake_at": None,
        "rev": 0,
        "total": len(definition.steps),
        "done": 0,
        "steps": {step.key: StepState().to_document() for step in definition.steps},
    }


async def insert_workflow_run(database: Database, document: WorkflowRunDocument) -> bool:
    """Insert a workflow run, unless it exists. Returns whether it was inserted."""
    try:
        await database.workflow_runs.insert_one({**document, "changed_at": database.changes.now()})
    except DuplicateKeyError:
        return False
    status = WorkflowRunStatus(document["status"])
    database.changes.workflow_run_changed(
        ChangeKind.RUN_CREATED, document["_id"], status, workflow=document["workflow"]
    )
    log_workflow_run_status(document["_id"], status, document["reason"])
    return True
