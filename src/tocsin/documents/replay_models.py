"""Models of replays: dead letters that are requeued together."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from tocsin.documents.base import StoredDocument, ascending_index

if TYPE_CHECKING:
    from tocsin.documents.replay_documents import DeadLetterFilterDocument, SentBatchDocument
else:  # Pydantic would drop the keys that a TypedDict does not name
    DeadLetterFilterDocument = SentBatchDocument = dict[str, Any]


class ReplayStatus(StrEnum):
    """The status of a replay. CANARY: one run is sent first, and its end decides about the others."""

    CANARY = "CANARY"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    STOPPED = "STOPPED"
    FAILED = "FAILED"


class ReplaySettings(StrEnum):
    """The settings of a repeated run: its original ones, or the current ones of its task."""

    ORIGINAL = "ORIGINAL"
    CURRENT = "CURRENT"


class SkipReason(StrEnum):
    """The reason why a replay skips a dead letter."""

    WORKFLOW_STEP = "WORKFLOW_STEP"
    TASK_DELETED = "TASK_DELETED"
    ATTEMPTS_USED_UP = "ATTEMPTS_USED_UP"


class Replay(StoredDocument):
    """A replay of dead letters of one owner: they are requeued oldest first, at a limited rate.

    Only runs that finished up to `until` are included, so that a run that fails again is not sent again. `cursor_at`
    and `cursor_id` are the position of the last processed run. `recent` has the batches of the last minute, each
    written before its runs are sent. The runs themselves record that they were sent: the counts here are those of the
    last count, and final once the replay is not `open`. `skips` counts skipped runs by reason.

    `open` is true while runs are still to be sent, or sent runs have not ended. A process may claim the replay from
    `next_at` on; `claim` is its token, valid until `lease_until`.
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
            ascending_index("owner", "created_at"),
            ascending_index("open", "next_at", partialFilterExpression={"open": True}),
        ]
