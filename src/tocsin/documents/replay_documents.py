"""Replays as they are stored in MongoDB. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import NotRequired, TypedDict

from tocsin.documents.replay_models import ReplaySettings, ReplayStatus
from tocsin.documents.states import ErrorKind


class DeadLetterFilterDocument(TypedDict, total=False):
    """A filter of dead letters. Conditions that were not set are left out."""

    task: str
    workflow: str
    host: str
    error_kind: ErrorKind
    finished_after: datetime
    finished_before: datetime


class SentBatchDocument(TypedDict):
    """Runs of a replay that were requeued together."""

    at: datetime
    count: int


class ReplayDocument(TypedDict):
    """A stored replay. See `tocsin.documents.Replay` for the meaning of the fields.

    `left` is not stored: it is true in a claimed replay whose former claim was never released.
    """

    _id: str
    owner: str
    filter: DeadLetterFilterDocument
    settings: ReplaySettings
    canary: bool
    canary_run: str | None
    per_minute: int
    status: ReplayStatus
    reason: str | None
    selected: int
    sent: int
    succeeded: int
    failed: int
    skips: dict[str, int]
    until: datetime
    cursor_at: datetime | None
    cursor_id: str | None
    recent: list[SentBatchDocument]
    open: bool
    next_at: datetime
    claim: str | None
    lease_until: datetime
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    left: NotRequired[bool]


class ReplayChanges(TypedDict, total=False):
    """The fields of a replay that an update sets, as stored."""

    canary_run: str | None
    status: ReplayStatus
    reason: str | None
    sent: int
    succeeded: int
    failed: int
    skips: dict[str, int]
    cursor_at: datetime | None
    cursor_id: str | None
    recent: list[SentBatchDocument]
    open: bool
    next_at: datetime
    claim: str | None
    lease_until: datetime
    updated_at: datetime
    finished_at: datetime | None
