"""Models of alerts and incidents."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from tocsin.documents.base import StoredDocument, ascending_index
from tocsin.documents.incident_states import AlertEnding, AlertSubject, IncidentCause, IncidentNews
from tocsin.documents.states import ErrorKind

if TYPE_CHECKING:
    from tocsin.documents.incident_documents import FailureDocument, IncidentSubjectDocument, PrunedAlertsDocument
else:  # Pydantic would drop the keys that a TypedDict does not name
    FailureDocument = IncidentSubjectDocument = PrunedAlertsDocument = dict[str, Any]


class Alert(StoredDocument):
    """The failures in a row of a task or scheduled workflow. Its ID is `subject:number`; `number` is the incident
    number that its runs carry.

    `failure` is the latest one. `failed_runs` are the last runs that failed for good, `failures` their number.
    `incident` is the incident that it belongs to; null until it is due for one. `pending` is true until the keeper of
    incidents has seen its latest change, and `rev` counts these changes.
    """

    owner: str
    subject_type: AlertSubject
    subject: str
    number: int
    name: str
    priority: int = 0
    host: str | None = None
    opened_at: datetime
    last_failure_at: datetime
    last_due_at: datetime
    stage: int
    failed_runs: list[str] = []
    failures: int = 0
    failure: FailureDocument
    open: bool = True
    ended_at: datetime | None = None
    ending: AlertEnding | None = None
    incident: str | None = None
    pending: bool = True
    rev: int = 1

    class Settings:
        name = "alerts"
        indexes: ClassVar = [
            ascending_index("open", "subject", partialFilterExpression={"open": True}),
            ascending_index("open", "incident", partialFilterExpression={"open": True}),
            ascending_index("pending", "owner", "incident", partialFilterExpression={"pending": True}),
            ascending_index("incident", "opened_at"),
            ascending_index("owner", "last_failure_at"),
        ]


class Incident(StoredDocument):
    """Alerts with one cause. Its ID is `cause_key:sequence`, with the sequence at its opening.

    `sequence` numbers the openings of incidents with this cause, and rises when an incident is reopened; `latest` is
    true for the newest incident of its cause. `began_at` is the first failure of the present opening; `stage`,
    `recovered` (whether an alert ended with a success), `told` and `reminders` are about that. An opening is told at
    `tell_at` at the earliest, a run that failed for good at `escalate_at`. `told_at` has the times of the last notices.

    `untold` is news that is decided and not told yet; `subjects` (the most important) and `subject_count` are as of
    then. `events` are the IDs of the last notifications. The keeper looks at a `pending` incident at `handle_at`, and
    at the tasks behind it at `check_at`. `pruned` has the totals of its alerts that were deleted before it; null if
    there are none.
    """

    owner: str
    cause: IncidentCause
    cause_key: str
    latest: bool = True
    host: str | None = None
    error_kind: ErrorKind | None = None
    opened_at: datetime
    began_at: datetime
    reopened: int = 0
    sequence: int
    open: bool = True
    over_at: datetime | None = None
    acknowledged_at: datetime | None = None
    stage: int
    recovered: bool = False
    last_failure_at: datetime
    tell_at: datetime
    escalate_at: datetime
    check_at: datetime
    told: list[IncidentNews] = []
    told_at: list[datetime] = []
    reminders: int = 0
    untold: IncidentNews | None = None
    untold_at: datetime | None = None
    subjects: list[IncidentSubjectDocument] = []
    subject_count: int = 0
    events: list[str] = []
    pending: bool = True
    handle_at: datetime | None
    rev: int = 1
    pruned: PrunedAlertsDocument | None = None

    class Settings:
        name = "incidents"
        indexes: ClassVar = [
            ascending_index("pending", "handle_at", partialFilterExpression={"pending": True}),
            ascending_index("pending", "owner", "handle_at", partialFilterExpression={"pending": True}),
            ascending_index("latest", "cause_key", partialFilterExpression={"latest": True}),
            ascending_index("owner", "opened_at"),
            ascending_index("owner", "open", "opened_at"),
        ]
