"""Tasks as they are stored in MongoDB. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import Any, NotRequired, TypedDict

from tocsin.documents.states import Hold, Overlap, PauseReason, TaskStatus
from tocsin.schedules import MisfireDocument, ScheduleDocument


class JobDocument(TypedDict):
    """A job: the name of its kind, and its parameters as that kind stores them, with secrets sealed."""

    kind: str
    params: dict[str, Any]


class BackoffDocument(TypedDict):
    """Growing waits between attempts. `initial` and `maximum` are in milliseconds."""

    initial: int
    factor: float
    maximum: int
    jitter: float


class RetryDocument(TypedDict):
    """A retry policy. Null fields are filled in from the server's defaults. `offsets` are in milliseconds."""

    max_retries: int | None
    offsets: list[int]
    backoff: BackoffDocument | None
    statuses: list[int] | None


class ActiveRunDocument(TypedDict):
    """A scheduled run that is open, or whose end is not yet counted in the task. `shows` is the status it implies."""

    run: str
    shows: TaskStatus


class SelfPauseDocument(TypedDict):
    """How a task came to be paused without its owner: after so many failures in a row, of which `run` was counted last.

    A task that cannot be read has no such run. `is_told` is true once its owner has been notified.
    """

    run: str | None
    failures: int
    at: datetime
    is_told: bool


class TaskSettings(TypedDict):
    """The fields of a task that its owner sets."""

    name: str
    description: str
    unique_name: bool
    tags: list[str]
    job: JobDocument
    schedule: ScheduleDocument
    misfire: MisfireDocument
    overlap: Overlap
    retry: RetryDocument | None
    timeout: float | None
    queue: str
    priority: int
    alert_after: int
    alert_on_missed: bool
    pause_after: int | None


class TaskChanges(TypedDict, total=False):
    """The fields of a task that an update sets, as stored. `change_task` adds the status."""

    name: str
    description: str
    unique_name: bool
    name_key: str
    applied: str | None
    tags: list[str]
    job: JobDocument
    schedule: ScheduleDocument
    misfire: MisfireDocument
    overlap: Overlap
    retry: RetryDocument | None
    timeout: float | None
    queue: str
    priority: int
    alert_after: int
    alert_on_missed: bool
    pause_after: int | None
    hold: Hold | None
    pause_reason: PauseReason | None
    self_pause: SelfPauseDocument | None
    consecutive_failures: int
    next_run_at: datetime | None
    last_due_at: datetime | None
    last_end: TaskStatus
    version: int
    reconcile: bool
    updated_at: datetime


class TaskDocument(TypedDict):
    """A stored task. See `tocsin.documents.Task` for the meaning of the fields."""

    _id: str
    owner: str
    name: str
    description: NotRequired[str]
    unique_name: NotRequired[bool]
    name_key: str
    applied: NotRequired[str | None]
    tags: list[str]
    job: JobDocument
    schedule: ScheduleDocument
    misfire: MisfireDocument
    overlap: Overlap
    retry: RetryDocument | None
    timeout: float | None
    queue: NotRequired[str]
    priority: NotRequired[int]
    alert_after: NotRequired[int]
    alert_on_missed: NotRequired[bool]
    pause_after: NotRequired[int | None]
    hold: Hold | None
    pause_reason: NotRequired[PauseReason | None]
    self_pause: NotRequired[SelfPauseDocument | None]
    status: TaskStatus
    next_run_at: datetime | None
    last_due_at: datetime | None
    active: list[ActiveRunDocument]
    last_end: TaskStatus
    last_run: str | None
    consecutive_failures: int
    uncounted: NotRequired[list[str]]
    incident: int
    version: int
    reconcile: bool
    created_at: datetime
    updated_at: datetime
