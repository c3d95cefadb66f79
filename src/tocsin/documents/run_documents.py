"""Runs as they are stored in MongoDB, for the code that reads and writes them without Beanie.

The rules of all `*Document` classes in this package:

- A field is `NotRequired` if an insert may leave it out. Read it with `.get` and the default of the Beanie model, and
  likewise a required field that documents of an earlier release may lack.
- A projection returns a document with some of its fields only, under the same type. Read the fields that the projection
  names and no others: mypy cannot check this.
- Enum fields are declared with their `StrEnum`. A value from the database is a plain `str`, which equals its member and
  has the same hash. Compare with `==` and `in`, never with `is`, and convert with `RunStatus(value)` before `match`.
"""

from datetime import datetime
from typing import Any, NotRequired, TypedDict

from tocsin.documents.states import AttemptOutcome, CallbackStatus, ErrorKind, RunReason, RunStatus, Trigger
from tocsin.documents.task_documents import JobDocument, RetryDocument


class ErrorDocument(TypedDict):
    """The error of an attempt, a run, a step or a workflow run."""

    kind: ErrorKind
    message: str
    hint: str | None


class RequestDocument(TypedDict):
    """The request of an attempt. `headers` are (name, value) pairs, with secrets masked."""

    method: str
    url: str
    headers: list[tuple[str, str]]


class CallbackDocument(TypedDict):
    """The callback that the target of an attempt (by its number) made."""

    attempt: int
    status: CallbackStatus
    message: str | None
    received_at: datetime


class AttemptDocument(TypedDict):
    """An attempt of a run. The fields that are not required are written when it ends.

    `has_body` is true if the response body is stored in `response_bodies`. `body_bytes` is its size in UTF-8.
    `accepted_at` is the time of a response after which a callback was expected: only that one ended the attempt.
    `is_inconclusive` is true if the attempt failed while the network of this installation was down.
    """

    number: int
    started_at: datetime
    worker: str
    finished_at: NotRequired[datetime]
    outcome: NotRequired[AttemptOutcome]
    request: NotRequired[RequestDocument | None]
    status_code: NotRequired[int | None]
    response_headers: NotRequired[list[list[str]]]
    response_truncated: NotRequired[bool]
    has_body: NotRequired[bool]
    body_bytes: NotRequired[int]
    redirects: NotRequired[int]
    timings: NotRequired[dict[str, Any] | None]
    error: NotRequired[ErrorDocument | None]
    accepted_at: NotRequired[datetime]
    callback: NotRequired[CallbackDocument]
    is_inconclusive: NotRequired[bool]


class FinalDocument(TypedDict):
    """The status and reason that a failing attempt leads to instead of a retry, after a pause or a cancellation."""

    status: RunStatus
    reason: RunReason


class ReplayEntryDocument(TypedDict):
    """A request to repeat a run: by a replay, or (null) by a single retry. `round` is the one that it began."""

    replay: str | None
    at: datetime
    round: int


class ProgressDocument(TypedDict):
    """Progress that a job reported, and when. It belongs to the claim with this `fence`."""

    fence: int
    at: datetime
    done: int
    all: int
    text: str | None


class QueuedFields(TypedDict):
    """The fields that place a run among the queued runs of its lane. They are null while it is not queued."""

    queued_at: datetime | None
    rank: int | None
    ready_at: datetime | None


class QueuePlacement(TypedDict):
    """The queue of a run, its priority there, the host that it calls, and the lane of runs that share all three."""

    queue: str
    priority: int
    host: str | None
    lane: str


class JobSnapshot(QueuePlacement):
    """The fields that a run copies from its task or step, so that a worker reads nothing else.

    `interval_ms` is the shortest time between due times, which default retries must fit into.
    """

    job: JobDocument
    retry: RetryDocument | None
    timeout: float | None
    interval_ms: int | None


class RunDocument(QueuedFields, JobSnapshot):
    """A stored run. See `tocsin.documents.Run` for the meaning of the fields, and `new_run` for what is inserted."""

    _id: str
    owner: str
    task: str
    task_name: str
    task_version: int
    trigger: Trigger
    status: RunStatus
    open: bool
    reason: RunReason | None
    due_at: datetime
    created_at: datetime
    fence: int
    incident: int | None
    round: int
    budget_from: int
    lost: int
    attempts: list[AttemptDocument]
    blocked: NotRequired[bool]
    after: NotRequired[str | None]
    started_at: NotRequired[datetime | None]
    finished_at: NotRequired[datetime | None]
    retry_at: NotRequired[datetime | None]
    callback_by: NotRequired[datetime | None]
    callback: NotRequired[CallbackDocument | None]
    worker: NotRequired[str | None]
    claim: NotRequired[str | None]
    begun: NotRequired[bool]
    cancel_requested_at: NotRequired[datetime | None]
    final: NotRequired[FinalDocument | None]
    result: NotRequired[Any]
    error: NotRequired[ErrorDocument | None]
    missed_until: NotRequired[datetime | None]
    missed_count: NotRequired[int | None]
    discarded_at: NotRequired[datetime | None]
    settled_late_at: NotRequired[datetime | None]
    replays: NotRequired[list[ReplayEntryDocument]]
    pinned: NotRequired[bool]
    inconclusive_rounds: NotRequired[int]
    progress: NotRequired[ProgressDocument | None]


class RunChanges(TypedDict, total=False):
    """The fields of a run that an update sets, as stored. `move_run` adds the status and `open`."""

    task_name: str
    task_version: int
    reason: RunReason | None
    queued_at: datetime | None
    rank: int | None
    ready_at: datetime | None
    queue: str
    priority: int
    host: str | None
    lane: str
    job: JobDocument
    retry: RetryDocument | None
    timeout: float | None
    interval_ms: int | None
    fence: int
    round: int
    lost: int
    attempts: list[AttemptDocument]
    blocked: bool
    after: str | None
    started_at: datetime | None
    finished_at: datetime | None
    retry_at: datetime | None
    callback_by: datetime | None
    callback: CallbackDocument | None
    worker: str | None
    claim: str | None
    begun: bool
    cancel_requested_at: datetime | None
    final: FinalDocument | None
    result: Any
    error: ErrorDocument | None
    discarded_at: datetime | None
    settled_late_at: datetime | None
    pinned: bool
    inconclusive_rounds: int
    progress: ProgressDocument | None


class ResponseBodyDocument(TypedDict):
    """A stored response body of an attempt. Its ID is `run id#number`."""

    _id: str
    text: str


class ClaimRecordDocument(TypedDict):
    """Runs that a worker claimed as they were made, with the time of their claim."""

    _id: str
    worker: str
    at: datetime
    runs: list[RunDocument]
