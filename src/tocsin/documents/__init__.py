"""What is stored, in which states, and how it changes."""

from tocsin.documents.database import Database, connect, connect_thread
from tocsin.documents.models import (
    Delivery,
    Doc,
    IdempotencyKey,
    ResponseBody,
    Run,
    Task,
    User,
    Worker,
    new_id,
    owner_of,
    task_of,
)
from tocsin.documents.states import (
    BIRTHS,
    MOVES,
    OPEN,
    SETTLED,
    AttemptOutcome,
    Hold,
    Overlap,
    RunReason,
    RunStatus,
    TaskStatus,
    Trigger,
)

__all__ = [
    "BIRTHS", "MOVES", "OPEN", "SETTLED", "AttemptOutcome", "Database", "Delivery", "Doc", "Hold", "IdempotencyKey",
    "Overlap", "ResponseBody", "Run", "RunReason", "RunStatus", "Task", "TaskStatus", "Trigger", "User", "Worker",
    "connect", "connect_thread", "new_id", "owner_of", "task_of",
]  # fmt: skip
