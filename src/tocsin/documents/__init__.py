"""The documents stored in MongoDB: their models and types, their states, and conditional updates."""

from tocsin.documents.account_enums import AuditAction, LinkPurpose, Scope
from tocsin.documents.account_models import ApiToken, AuditEntry, Link, Session, User
from tocsin.documents.availability import is_unavailable
from tocsin.documents.base import Doc
from tocsin.documents.database import Database, connect, connect_sync
from tocsin.documents.delivery_documents import DeliveryAboutDocument, DeliveryDocument
from tocsin.documents.delivery_models import Delivery
from tocsin.documents.ids import (
    from_global_id,
    is_workflow_run_id,
    new_id,
    owner_of,
    parent_of,
    run_log_ids,
    step_of,
    to_global_id,
)
from tocsin.documents.key_models import KeyKind, StoredKey
from tocsin.documents.limit_models import IdempotencyKey
from tocsin.documents.models import ResponseBody, Run, Task, Worker
from tocsin.documents.queue_documents import CircuitDocument, IdempotencyDocument, QueueDocument, WorkerDocument
from tocsin.documents.queue_models import Circuit, Queue
from tocsin.documents.replay_documents import DeadLetterFilterDocument, ReplayDocument, SentBatchDocument
from tocsin.documents.replay_models import Replay, ReplaySettings, ReplayStatus, SkipReason
from tocsin.documents.run_documents import (
    AttemptDocument,
    ErrorDocument,
    FinalDocument,
    JobSnapshot,
    QueuedFields,
    QueuePlacement,
    ReplayEntryDocument,
    RunDocument,
)
from tocsin.documents.runs import NEW_RETRY_BUDGET, RequeuedFields, new_run, requeued
from tocsin.documents.states import (
    INITIAL_STATUSES,
    MOVES,
    OPEN_STATUSES,
    SETTLED_STATUSES,
    AttemptOutcome,
    DeliveryStatus,
    ErrorKind,
    Hold,
    Overlap,
    RunReason,
    RunStatus,
    TaskStatus,
    Trigger,
    WaitingFor,
    public_status,
)
from tocsin.documents.task_documents import ActiveRunDocument, BackoffDocument, JobDocument, RetryDocument, TaskDocument
from tocsin.documents.workflow_documents import (
    StepDocument,
    WorkflowDocument,
    WorkflowRunDocument,
    WorkflowVersionDocument,
)
from tocsin.documents.workflow_models import Workflow, WorkflowRun, WorkflowVersion
from tocsin.documents.workflow_states import (
    OPEN_WORKFLOW_RUN_STATUSES,
    SETTLED_STEP_STATUSES,
    StepReason,
    StepStatus,
    WorkflowRunReason,
    WorkflowRunStatus,
)

__all__ = [
    "INITIAL_STATUSES",
    "MOVES",
    "NEW_RETRY_BUDGET",
    "OPEN_STATUSES",
    "OPEN_WORKFLOW_RUN_STATUSES",
    "SETTLED_STATUSES",
    "SETTLED_STEP_STATUSES",
    "ActiveRunDocument",
    "ApiToken",
    "AttemptDocument",
    "AttemptOutcome",
    "AuditAction",
    "AuditEntry",
    "BackoffDocument",
    "Circuit",
    "CircuitDocument",
    "Database",
    "DeadLetterFilterDocument",
    "Delivery",
    "DeliveryAboutDocument",
    "DeliveryDocument",
    "DeliveryStatus",
    "Doc",
    "ErrorDocument",
    "ErrorKind",
    "FinalDocument",
    "Hold",
    "IdempotencyDocument",
    "IdempotencyKey",
    "JobDocument",
    "JobSnapshot",
    "KeyKind",
    "Link",
    "LinkPurpose",
    "Overlap",
    "Queue",
    "QueueDocument",
    "QueuePlacement",
    "QueuedFields",
    "Replay",
    "ReplayDocument",
    "ReplayEntryDocument",
    "ReplaySettings",
    "ReplayStatus",
    "RequeuedFields",
    "ResponseBody",
    "RetryDocument",
    "Run",
    "RunDocument",
    "RunReason",
    "RunStatus",
    "Scope",
    "SentBatchDocument",
    "Session",
    "SkipReason",
    "StepDocument",
    "StepReason",
    "StepStatus",
    "StoredKey",
    "Task",
    "TaskDocument",
    "TaskStatus",
    "Trigger",
    "User",
    "WaitingFor",
    "Worker",
    "WorkerDocument",
    "Workflow",
    "WorkflowDocument",
    "WorkflowRun",
    "WorkflowRunDocument",
    "WorkflowRunReason",
    "WorkflowRunStatus",
    "WorkflowVersion",
    "WorkflowVersionDocument",
    "connect",
    "connect_sync",
    "from_global_id",
    "is_unavailable",
    "is_workflow_run_id",
    "new_id",
    "new_run",
    "owner_of",
    "parent_of",
    "public_status",
    "requeued",
    "run_log_ids",
    "step_of",
    "to_global_id",
]  # fmt: skip
