"""Changes, and their parsing from events of MongoDB's change stream. Pure."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NotRequired, TypedDict

from tocsin.documents import (
    Hold,
    RawDocument,
    RunStatus,
    StepStatus,
    TaskStatus,
    WorkflowRunStatus,
    owner_of,
    parent_of,
    public_status,
)
from tocsin.documents.updates import Pipeline


class ChangeKind(Enum):
    """The kind of a change. SNAPSHOT: the subscription starts, or changes were dropped; read the current state."""

    SNAPSHOT = "SNAPSHOT"
    TASK_CREATED = "TASK_CREATED"
    TASK_UPDATED = "TASK_UPDATED"
    TASK_DELETED = "TASK_DELETED"
    RUN_CREATED = "RUN_CREATED"
    RUN_UPDATED = "RUN_UPDATED"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a task, run or workflow run. Statuses are None if the change did not set them.

    `steps` holds the keys and new statuses of the changed steps of a workflow run.

    Three fields are for the engine, not for subscribers: `due_at`, a due or retry time that the change set;
    `queued`, if a run now waits for a worker; `cancel`, if a running run must be aborted.
    """

    kind: ChangeKind
    at: datetime
    task_id: str | None = None
    run_id: str | None = None
    task_status: TaskStatus | None = None
    run_status: RunStatus | None = None
    due_at: datetime | None = None
    queued: bool = False
    cancel_requested: bool = False
    workflow_run_id: str | None = None
    workflow_status: WorkflowRunStatus | None = None
    steps: tuple[tuple[str, StepStatus], ...] = ()


def subject_id(change: Change) -> str:
    """Return the ID of the task or workflow run that changed; empty for a SNAPSHOT of all."""
    return change.task_id or change.workflow_run_id or ""


@dataclass(frozen=True, slots=True)
class AccessChange:
    """A change that can invalidate the tokens of a user: their open connections must verify their token again."""

    user_id: str


PIPELINE: Pipeline = [
    {
        "$match": {
            "$or": [
                {"ns.coll": "runs", "operationType": {"$in": ["insert", "replace"]}},
                {"ns.coll": "runs", "updateDescription.updatedFields.status": {"$exists": True}},
                {"ns.coll": "runs", "updateDescription.updatedFields.begun": True},
                {"ns.coll": "runs", "updateDescription.updatedFields.rank": {"$exists": True}},
                {"ns.coll": "runs", "updateDescription.updatedFields.cancel_requested_at": {"$exists": True}},
                {"ns.coll": "tasks", "operationType": {"$in": ["insert", "replace", "delete"]}},
                {"ns.coll": "tasks", "updateDescription.updatedFields.status": {"$exists": True}},
                {"ns.coll": "tasks", "updateDescription.updatedFields.version": {"$exists": True}},
                {"ns.coll": "workflow_runs", "operationType": {"$in": ["insert", "update", "replace"]}},
                {"ns.coll": "users", "updateDescription.updatedFields.is_active": {"$exists": True}},
                {"ns.coll": {"$in": ["sessions", "api_tokens"]}, "operationType": "delete"},
            ]
        }
    },
    # Jobs, attempts and steps are large and not needed here.
    {
        "$unset": [
            *("fullDocument.job", "fullDocument.retry", "updateDescription.updatedFields.attempts"),
            *("fullDocument.steps", "fullDocument.inputs", "updateDescription.updatedFields.steps"),
        ]
    },
]
"""Aggregation pipeline of the change stream. It drops changes that are only bookkeeping of the engine."""


class UpdateDescription(TypedDict):
    """The fields that an update set. The names of nested ones have dots."""

    updatedFields: RawDocument


class DocumentKey(TypedDict):
    """The ID of the document of an event."""

    _id: str


class Namespace(TypedDict):
    """The collection of an event."""

    coll: str


class ChangeEvent(TypedDict):
    """An event of the change stream: the inserted document, or what an update set."""

    operationType: str
    documentKey: DocumentKey
    wallTime: datetime
    ns: Namespace
    updateDescription: NotRequired[UpdateDescription]
    fullDocument: NotRequired[RawDocument | None]


class _RunFields(TypedDict, total=False):
    """The fields of a run that an event may contain, of those that matter here."""

    status: RunStatus
    begun: bool
    rank: int | None
    retry_at: datetime | None
    cancel_requested_at: datetime | None


class _WorkflowRunFields(TypedDict, total=False):
    status: WorkflowRunStatus
    news: str


class _TaskFields(TypedDict, total=False):
    status: TaskStatus
    hold: Hold | None
    next_run_at: datetime | None


def parse_change(event: ChangeEvent) -> Change | AccessChange | None:
    """Parse an event of the change stream. Returns None for changes that concern nobody."""
    document_id, at, collection = event["documentKey"]["_id"], event["wallTime"], event["ns"]["coll"]
    fields = _fields(event)
    if collection == "runs":
        return _run_change(event["operationType"], document_id, at, fields)
    if collection == "workflow_runs":
        return _workflow_run_change(event["operationType"], document_id, at, fields)
    if collection != "tasks":
        return AccessChange(owner_of(document_id))
    return _task_change(event["operationType"], document_id, at, fields)


def _fields(event: ChangeEvent) -> Any:
    """Return the fields that the event contains. Their type follows from its collection."""
    if "updateDescription" in event:
        return event["updateDescription"]["updatedFields"]
    return event.get("fullDocument") or {}


def _run_change(operation: str, run_id: str, at: datetime, fields: _RunFields) -> Change | None:
    status, begun = fields.get("status"), fields.get("begun")
    cancel = fields.get("cancel_requested_at") is not None
    queued = status == RunStatus.QUEUED or fields.get("rank") is not None  # no longer waiting for another run
    if status is None and begun:
        status = RunStatus.RUNNING
    if begun is False and operation != "insert":
        status = None  # claimed, but still shown as QUEUED until the attempt begins
    if status is None and not cancel and not queued:
        return None
    return Change(
        ChangeKind.RUN_CREATED if operation == "insert" else ChangeKind.RUN_UPDATED,
        at,
        parent_of(run_id),
        run_id,
        run_status=status and public_status({"status": status, "begun": begun is not False}),
        due_at=fields.get("retry_at"),
        queued=queued,
        cancel_requested=cancel,
    )


def _workflow_run_change(operation: str, run_id: str, at: datetime, fields: _WorkflowRunFields) -> Change:
    status, news = fields.get("status"), json.loads(fields.get("news") or "{}")
    return Change(
        ChangeKind.RUN_CREATED if operation == "insert" else ChangeKind.RUN_UPDATED,
        at,
        workflow_run_id=run_id,
        workflow_status=status and WorkflowRunStatus(status),
        steps=tuple((key, StepStatus(step)) for key, step in news.items()),
    )


def _task_change(operation: str, task_id: str, at: datetime, fields: _TaskFields) -> Change | None:
    if operation == "delete":
        return None  # its owner already saw it deleted when it was hidden
    status = fields.get("status")
    kind = ChangeKind.TASK_CREATED if operation == "insert" else ChangeKind.TASK_UPDATED
    if fields.get("hold") == Hold.DELETED:
        kind = ChangeKind.TASK_DELETED
    return Change(kind, at, task_id, task_status=status and TaskStatus(status), due_at=fields.get("next_run_at"))
