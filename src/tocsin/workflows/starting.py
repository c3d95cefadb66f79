"""The start of workflow runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from tocsin import schedules
from tocsin.documents import (
    OPEN_WORKFLOW_RUN_STATUSES,
    Database,
    Doc,
    Trigger,
    WorkflowRun,
    WorkflowRunReason,
    WorkflowRunStatus,
)
from tocsin.schedules import Gap
from tocsin.tasks import idempotency
from tocsin.tasks.activity_log import log_workflow_run, log_workflow_run_status
from tocsin.workflows.engine.states import StepState
from tocsin.workflows.language.definition import WorkflowDefinition
from tocsin.workflows.language.inputs import inputs_to_json, parse_inputs_in_thread
from tocsin.workflows.ownership import require_workflow
from tocsin.workflows.versions import VersionCache


@dataclass(frozen=True, slots=True)
class NewWorkflowRun:
    """The fields of a new workflow run that its workflow does not determine. A MISSED one covers a `gap`."""

    run_id: str
    trigger: Trigger
    due_at: datetime
    status: WorkflowRunStatus = WorkflowRunStatus.PENDING
    reason: WorkflowRunReason | None = None
    gap: Gap | None = None


async def start_workflow(
    database: Database,
    versions: VersionCache,
    owner: str,
    name: str,
    given: Any,
    now: datetime,
    key: idempotency.IdempotentCall | None = None,
) -> WorkflowRun:
    """Start a run of the workflow's newest version. An idempotency key that was used before returns its run.

    Raises NotFound, and InvalidInput with the invalid inputs.
    """
    workflow = await require_workflow(database, owner, name)
    version = await versions.get(workflow["_id"], workflow["version"])
    inputs = await parse_inputs_in_thread(version.definition, given)
    record = await idempotency.claim_key(database, key, f"{owner}/w{ObjectId()}", now)
    if not record["done"]:
        born = NewWorkflowRun(record["thing"], Trigger.MANUAL, now)
        await insert_workflow_run(database, new_workflow_run(workflow, version.definition, inputs, born, now))
        log_workflow_run("workflow run requested", record["thing"])
        await idempotency.mark_done(database, record)
    run = await WorkflowRun.get(record["thing"])
    if run is None:
        raise idempotency.deleted_result("workflow run")
    return run


async def validate_inputs(database: Database, versions: VersionCache, owner: str, name: str, given: Any) -> None:
    """Validate the inputs as `execute` does. Raises NotFound, and SeveralInvalid with the invalid inputs."""
    workflow = await require_workflow(database, owner, name)
    await parse_inputs_in_thread((await versions.get(workflow["_id"], workflow["version"])).definition, given)


async def insert_workflow_run(database: Database, document: Doc) -> bool:
    """Insert a workflow run, unless it exists. Returns whether it was inserted."""
    try:
        await database.workflow_runs.insert_one(document)
    except DuplicateKeyError:
        return False
    log_workflow_run_status(document["_id"], WorkflowRunStatus(document["status"]), document["reason"])
    return True


def new_workflow_run(
    workflow: Doc, definition: WorkflowDefinition, inputs: Mapping[str, Any], born: NewWorkflowRun, now: datetime
) -> Doc:
    """Build a workflow run of this version, with all steps PENDING. Raises InvalidInput if the inputs are too large."""
    is_open = born.status in OPEN_WORKFLOW_RUN_STATUSES
    deadline = definition.timeout and born.due_at + timedelta(seconds=definition.timeout)
    return {
        "_id": born.run_id,
        "owner": workflow["owner"],
        "workflow": workflow["_id"],
        "name": workflow["name"],
        "version": workflow["version"],
        "trigger": born.trigger.value,
        "status": born.status.value,
        "open": is_open,
        "reason": born.reason and born.reason.value,
        "due_at": born.due_at,
        "created_at": now,
        "started_at": None,
        "finished_at": None if is_open else now,
        "cancel_requested_at": None,
        "interval_ms": schedules.shortest_interval_ms(workflow.get("schedule"), now)
        if born.trigger is Trigger.SCHEDULE
        else None,
        "missed_until": born.gap and born.gap.until,
        "missed_count": born.gap and born.gap.count,
        "inputs": inputs_to_json(inputs),
        "output": None,
        "error": None,
        "round": 0,
        "stopping": None,
        "deadline_at": deadline or None,
        "wake_at": None,
        "rev": 0,
        "news": "{}",
        "total": len(definition.steps),
        "done": 0,
        "steps": {step.key: StepState().to_document() for step in definition.steps},
    }
