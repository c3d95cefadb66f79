"""What is stored of replays: dead letters that are sent again together."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from tocsin.documents.base import StoredDocument, index

if TYPE_CHECKING:
    from tocsin.documents.replay_documents import DeadLetterFilterDocument, SentBatchDocument
else:  # Pydantic would drop the keys that a TypedDict does not name
    DeadLetterFilterDocument = SentBatchDocument = dict[str, Any]


class ReplayStatus(StrEnum):
    """Where a replay is in its life. CANARY: one run was sent, and its end decides about the others."""

    CANARY = "CANARY"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    STOPPED = "STOPPED"
    FAILED = "FAILED"


class ReplaySettings(StrEnum):
    """By which settings a run is made again: those it had, or its task's present ones."""

    ORIGINAL = "ORIGINAL"
    CURRENT = "CURRENT"


class SkipReason(StrEnum):
    """Why a replay leaves out a dead letter."""

    WORKFLOW_STEP = "WORKFLOW_STEP"
    TASK_DELETED = "TASK_DELETED"
    ATTEMPTS_USED_UP = "ATTEMPTS_USED_UP"


class Replay(StoredDocument):
    """Dead letters of one owner that are sent again, the oldest first, at a rate.

    Only runs that finished up to `until` are taken, so that what fails again is not taken again; `cursor_at` and
    `cursor_id` are the last one that was looked at. `recent` are the sendings of the last minute, each written before
    its runs are sent. Which runs were sent, the runs say themselves: the counts here are those of the last look, and
    final once the replay is not `open`. `skips` counts by reason what was left out.

    `open`: something is still to be sent, or a run that was sent has not ended. From `next_at` on a process may take
    it; `claim` is the token of the one that has, good until `lease_until`.
    """

    owner: str
    filter: DeadLetterFilterDocument
    settings: ReplaySettings
    canary: bool
    canary_run: str | None = None
    per_minute: int
    status: ReplayStatus
    reason: str | None = None
    selected: int
    sent: int = 0
    succeeded: int = 0
    failed: int = 0
    skips: dict[str, int] = {}
    until: datetime
    cursor_at: datetime | None = None
    cursor_id: str | None = None
    recent: list[SentBatchDocument] = []
    open: bool = True
    next_at: datetime
    claim: str | None = None
    lease_until: datetime
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None

    class Settings:
        name = "replays"
        indexes: ClassVar = [
            index("owner", "created_at"),
            index("open", "next_at", partialFilterExpression={"open": True}),
        ]
