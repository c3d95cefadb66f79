"""Workflows and their runs as they are stored in MongoDB. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import NotRequired, TypedDict

from tocsin.documents.run_documents import ErrorDocument
from tocsin.documents.states import Trigger
from tocsin.documents.workflow_states import StepReason, StepStatus, WorkflowRunReason, WorkflowRunStatus
from tocsin.schedules import ScheduleDocument


class WorkflowDocument(TypedDict):
    """A stored workflow. See `tocsin.documents.Workflow` for the meaning of the fields."""

    _id: str
    owner: str
    name: str
    name_key: str | None
    description: str
    version: int
    digest: str
    overlap: str
    schedule: ScheduleDocument | None
    next_run_at: datetime | None
    last_due_at: datetime | None
    incident: NotRequired[int]
    paused_at: NotRequired[datetime | None]
    deleted: bool
    secret_ids: NotRequired[list[str]]
    created_at: datetime
    updated_at: datetime


class SealedSecretDocument(TypedDict):
    """A sealed secret of a version, and its place. Older ones have `place`, the newer ones the other three."""

    step: NotRequired[str]
    compensation: NotRequired[bool]
    path: NotRequired[list[str]]
    place: NotRequired[str]
    sealed: str


class VersionSecretsDocument(TypedDict):
    """The sealed secrets of a version."""

    all: NotRequired[list[SealedSecretDocument]]


class WorkflowVersionDocument(TypedDict):
    """A stored version of a workflow. `definition` is a JSON text."""

    _id: str
    owner: str
    workflow: str
    version: int
    definition: str
    secrets: VersionSecretsDocument
    created_at: datetime


class ApprovalDecisionDocument(TypedDict):
    """The decision of an approval: the address of who decided, the time as text, and their comment."""

    by: str | None
    at: str | None
    comment: NotRequired[str]


class StepDocument(TypedDict):
    """The state of a step within its workflow run. Fields at their defaults are left out.

    `items` has one letter for the state of each item; `values` their JSON texts.
    """

    status: StepStatus
    reason: NotRequired[StepReason]
    round: NotRequired[int]
    started_at: NotRequired[datetime]
    finished_at: NotRequired[datetime]
    error: NotRequired[ErrorDocument]
    items: NotRequired[str]
    values: NotRequired[list[str]]
    wake_at: NotRequired[datetime]
    remind_at: NotRequired[datetime]
    reminders: NotRequired[int]
    asks: NotRequired[str]
    message: NotRequired[str]
    decision: NotRequired[ApprovalDecisionDocument]
    undo: NotRequired[str]


class WorkflowRunDocument(TypedDict):
    """A stored workflow run. See `tocsin.documents.WorkflowRun` for the meaning of the fields."""

    _id: str
    owner: str
    workflow: str
    name: str
    version: int
    trigger: Trigger
    status: WorkflowRunStatus
    open: bool
    reason: WorkflowRunReason | None
    due_at: datetime
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    missed_until: datetime | None
    missed_count: int | None
    changed_at: NotRequired[datetime | None]
    interval_ms: NotRequired[int | None]
    inputs: str
    output: str | None
    error: ErrorDocument | None
    round: int
    incident: NotRequired[int | None]
    stopping: str | None
    deadline_at: datetime | None
    wake_at: datetime | None
    rev: int
    total: int
    done: int
    steps: dict[str, StepDocument]


class PendingApprovalDocument(TypedDict):
    """A stored request for a decision. See `tocsin.documents.PendingApproval` for the meaning of the fields."""

    _id: str
    owner: str
    run: str
    step: str
    since: datetime


class UntoldEndDocument(TypedDict):
    """A stored end that is to be told. See `tocsin.documents.UntoldEnd` for the meaning of the fields."""

    _id: str
    run: str
    round: int
    status: WorkflowRunStatus
