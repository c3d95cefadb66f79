"""What is stored, in which states, and how it changes."""

from tocsin.documents.access import AuditAction, LinkPurpose, Scope
from tocsin.documents.account_models import ApiToken, AuditEntry, Link, Session, User
from tocsin.documents.database import Database, connect, connect_thread
from tocsin.documents.models import (
    Delivery,
    IdempotencyKey,
    KeyKind,
    ResponseBody,
    Run,
    StoredKey,
    Task,
    Worker,
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
from tocsin.documents.stored import Doc, new_id, owner_of, task_of

__all__ = [
    "BIRTHS", "MOVES", "OPEN", "SETTLED", "ApiToken", "AttemptOutcome", "AuditAction", "AuditEntry", "Database",
    "Delivery", "Doc", "Hold", "IdempotencyKey", "KeyKind", "Link", "LinkPurpose", "Overlap", "ResponseBody", "Run",
    "RunReason", "RunStatus", "Scope", "Session", "StoredKey", "Task", "TaskStatus", "Trigger", "User", "Worker",
    "connect", "connect_thread", "new_id", "owner_of", "task_of",
]  # fmt: skip
