"""Alerts and incidents as they are stored in MongoDB. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import NotRequired, TypedDict

from tocsin.documents.incident_states import AlertEnding, AlertSubject, IncidentCause, IncidentNews
from tocsin.documents.states import ErrorKind


class FailureErrorDocument(TypedDict):
    """An excerpt of an error, without what may be secret. The kind is null if it is unknown."""

    kind: ErrorKind | None
    message: str
    hint: str


class FailureDocument(TypedDict):
    """A failure of a run or workflow run, with what is told of it. `stage` is that of the alert.

    `called` is what a task called; `steps` are those that failed of a workflow.
    """

    run: str
    stage: int
    at: datetime
    name: str
    called: str | None
    steps: list[str]
    error: FailureErrorDocument
    attempts: int
    due_at: datetime
    retry_at: datetime | None
    reason: str | None
    status_code: int | None


class AlertDocument(TypedDict):
    """A stored alert. See `tocsin.documents.Alert` for the meaning of the fields."""

    _id: str
    owner: str
    subject_type: AlertSubject
    subject: str
    number: int
    name: str
    priority: int
    host: str | None
    opened_at: datetime
    last_failure_at: datetime
    last_due_at: datetime
    stage: int
    failed_runs: list[str]
    failures: int
    failure: FailureDocument
    open: bool
    ended_at: datetime | None
    ending: AlertEnding | None
    incident: str | None
    pending: bool
    rev: int


class IncidentSubjectDocument(TypedDict):
    """One of the subjects of an incident, as it was when that was told. `next_due` is the next due time of a task.

    `ending` is why its alert has ended; null if it goes on, in this incident or another one.
    """

    subject_type: AlertSubject
    subject: str
    next_due: datetime | None
    failure: FailureDocument
    ending: NotRequired[AlertEnding | None]


class PrunedAlertsDocument(TypedDict):
    """The totals of those alerts of an incident that were deleted before it.

    `alerts` are the IDs of those that are counted here and about to be deleted. `turn` counts the changes.
    """

    failures: int
    subjects: int
    last_failure_at: datetime
    alerts: list[str]
    turn: int


class IncidentDocument(TypedDict):
    """A stored incident. See `tocsin.documents.Incident` for the meaning of the fields."""

    _id: str
    owner: str
    cause: IncidentCause
    cause_key: str
    latest: bool
    host: str | None
    error_kind: ErrorKind | None
    opened_at: datetime
    began_at: datetime
    reopened: int
    sequence: int
    open: bool
    over_at: datetime | None
    acknowledged_at: datetime | None
    stage: int
    recovered: bool
    last_failure_at: datetime
    tell_at: datetime
    escalate_at: datetime
    check_at: datetime
    told: list[IncidentNews]
    told_at: list[datetime]
    reminders: int
    untold: IncidentNews | None
    untold_at: datetime | None
    subjects: list[IncidentSubjectDocument]
    subject_count: int
    events: list[str]
    pending: bool
    handle_at: datetime | None
    rev: int
    pruned: NotRequired[PrunedAlertsDocument | None]
