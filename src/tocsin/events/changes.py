"""The form in which changes are sent to other processes. Pure."""

from datetime import datetime
from typing import cast

from tocsin.documents import (
    AccessChange,
    Change,
    ChangeKind,
    RecordedChange,
    RunStatus,
    StepStatus,
    TaskStatus,
    WorkflowRunStatus,
    parent_of,
)
from tocsin.documents.change_documents import ChangeRecord


def subject_id(change: Change) -> str:
    """Return the ID of the task, workflow run, user or workflow that changed; empty for a SNAPSHOT of all."""
    return change.task_id or change.workflow_run_id or change.notified or change.workflow or ""


def encode_change(change: RecordedChange) -> ChangeRecord:
    """Return the record of a change. What has its default is left out."""
    if isinstance(change, AccessChange):
        return {"user": change.user_id}
    fields: dict[str, object] = {
        "kind": change.kind.value,
        "run": change.run_id,
        "task": change.task_id if change.run_id is None else None,
        "workflow_run": change.workflow_run_id,
        "status": change.run_status or change.task_status or change.workflow_status,
        "due": change.due_at,
        "queued": change.queued,
        "cancel": change.cancel_requested,
        "derived": change.is_derived,
        "notified": change.notified,
        "attempted": [list(each) for each in change.attempted],
        "acknowledged": list(change.acknowledged),
        "workflow": change.workflow,
        "steps": [[key, status] for key, status in change.steps],
    }
    return cast("ChangeRecord", {name: value for name, value in fields.items() if value})


def decode_change(record: ChangeRecord, at: datetime) -> RecordedChange:
    """Return the change of a record. `at` is the time at which the record was stored."""
    if "user" in record:
        return AccessChange(record["user"])
    run, task, workflow_run = record.get("run"), record.get("task"), record.get("workflow_run")
    status = record.get("status")
    return Change(
        ChangeKind(record["kind"]),
        at,
        task_id=task if run is None else parent_of(run),
        run_id=run,
        task_status=TaskStatus(status) if status and task else None,
        run_status=RunStatus(status) if status and run else None,
        due_at=record.get("due"),
        queued=record.get("queued", False),
        cancel_requested=record.get("cancel", False),
        workflow_run_id=workflow_run,
        workflow_status=WorkflowRunStatus(status) if status and workflow_run else None,
        steps=tuple((key, StepStatus(step)) for key, step in record.get("steps", ())),
        is_derived=record.get("derived", False),
        notified=record.get("notified"),
        attempted=tuple((delivery_id, number) for delivery_id, number in record.get("attempted", ())),
        acknowledged=tuple(record.get("acknowledged", ())),
        workflow=record.get("workflow"),
    )
