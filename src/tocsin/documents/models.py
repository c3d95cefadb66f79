"""Models of tasks, runs, deliveries and keys: one Beanie document for each collection. Hot paths use plain dicts."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from beanie import Document

from tocsin.documents.account_models import ApiToken, AuditEntry, Link, Session, User
from tocsin.documents.base import StoredDocument, index
from tocsin.documents.queue_models import Circuit, Queue
from tocsin.documents.replay_models import Replay
from tocsin.documents.states import DeliveryStatus, Hold, Overlap, RunReason, RunStatus, TaskStatus, Trigger
from tocsin.documents.workflow_models import Workflow, WorkflowRun, WorkflowVersion

if TYPE_CHECKING:
    from tocsin.documents.delivery_documents import DeliveryAboutDocument
    from tocsin.documents.run_documents import AttemptDocument, ErrorDocument, FinalDocument, ReplayEntryDocument
    from tocsin.documents.task_documents import ActiveRunDocument, JobDocument, RetryDocument
    from tocsin.schedules import MisfireDocument, ScheduleDocument
else:  # Pydantic would drop the keys that a TypedDict does not name
    ActiveRunDocument = AttemptDocument = DeliveryAboutDocument = ErrorDocument = FinalDocument = dict[str, Any]
    JobDocument = MisfireDocument = ReplayEntryDocument = RetryDocument = ScheduleDocument = dict[str, Any]


class Task(StoredDocument):
    """A job with a schedule and a retry policy, as its owner saved it, and the engine's state of it.

    `next_run_at` is the next due time; null if there is none. `active` lists the scheduled runs that are open, or whose
    end is not yet counted here. `version` counts the owner's edits. `incident` counts scheduled successes: each value
    has one mail about failures. `reconcile` is true while open runs still have to be updated after an edit.
    """

    owner: str
    name: str
    tags: list[str] = []
    job: JobDocument
    schedule: ScheduleDocument
    misfire: MisfireDocument
    overlap: Overlap
    retry: RetryDocument | None
    timeout: float | None
    queue: str = "default"
    priority: int = 0
    hold: Hold | None = None
    status: TaskStatus
    next_run_at: datetime | None
    last_due_at: datetime | None = None
    active: list[ActiveRunDocument] = []
    last_end: TaskStatus = TaskStatus.COMPLETED
    last_run: str | None = None
    consecutive_failures: int = 0
    incident: int = 0
    version: int = 1
    reconcile: bool = False
    created_at: datetime
    updated_at: datetime

    class Settings:
        name = "tasks"
        indexes: ClassVar = [
            index("next_run_at"),
            index("owner", "created_at"),
            index("reconcile", partialFilterExpression={"reconcile": True}),
        ]


class Run(StoredDocument):
    """One occurrence of a task: due once, attempted one or more times, settled once.

    A run contains a copy of the task's job, with secrets encrypted, so that a worker reads nothing else. `fence` counts
    claims: only the latest claim can store an outcome. `final` is set by a pause or cancellation: the status that a
    failing attempt leads to instead of RETRY. A `blocked` run waits for the end of the run `after` (overlap QUEUE).
    `incident` is the task's when the run was created; null for a manual run, whose failures are not mailed.
    A RUNNING run that has not `begun` is claimed but waits in a worker: the API shows it as QUEUED (`public_status`).
    `interval_ms` is the shortest time between due times of the schedule, which default retries must fit into.
    `replays` are the last 50 times that a user repeated the run; `replay` is null for a single retry. A `pinned` run
    keeps its settings when its task is edited, because a replay requested the original ones.
    """

    owner: str
    task: str
    task_name: str
    task_version: int
    trigger: Trigger
    status: RunStatus
    open: bool
    reason: RunReason | None = None
    due_at: datetime
    created_at: datetime
    queued_at: datetime | None = None
    rank: int | None = None
    ready_at: datetime | None = None
    queue: str = "default"
    priority: int = 0
    host: str | None = None
    lane: str | None = None
    blocked: bool = False
    after: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    retry_at: datetime | None = None
    worker: str | None = None
    fence: int = 0
    claim: str | None = None
    begun: bool = True
    cancel_requested_at: datetime | None = None
    final: FinalDocument | None = None
    job: JobDocument
    retry: RetryDocument | None
    interval_ms: int | None = None
    timeout: float | None
    incident: int | None
    round: int = 0
    budget_from: int = 0
    lost: int = 0
    attempts: list[AttemptDocument] = []
    result: Any = None
    error: ErrorDocument | None = None
    missed_until: datetime | None = None
    missed_count: int | None = None
    discarded_at: datetime | None = None
    replays: list[ReplayEntryDocument] = []
    pinned: bool = False

    class Settings:
        name = "runs"
        indexes: ClassVar = [
            index("owner", "due_at"),
            index("owner", "created_at"),
            index("task", "due_at"),
            index("task", "open", partialFilterExpression={"open": True}),
            index("status", "ready_at", partialFilterExpression={"status": "QUEUED"}),
            index("status", "lane", partialFilterExpression={"status": "QUEUED"}),
            index("status", "worker", partialFilterExpression={"status": "RUNNING"}),
            index("status", "retry_at", partialFilterExpression={"status": "RETRY"}),
            index("blocked", "after", partialFilterExpression={"blocked": True}),
            index("status", "owner", "finished_at", partialFilterExpression={"status": "FAILED"}),
            index("replays.replay", sparse=True),
        ]


class ResponseBody(StoredDocument):
    """The response body of an attempt, stored apart from the run to keep lists light. Its ID is `run id#number`."""

    text: str

    class Settings:
        name = "response_bodies"


class Worker(StoredDocument):
    """A process that makes attempts, and the end of its lease on the runs that it has claimed.

    A lease lasts `lease` seconds. `ended` counts the attempts of the last minute, as [queue, owner, count].
    """

    until: datetime
    lease: float | None = None
    ended: list[list[Any]] = []

    class Settings:
        name = "workers"


class IdempotencyKey(StoredDocument):
    """The result of a mutation for (owner, mutation, key), kept for 24 hours."""

    fingerprint: str
    thing: str
    round: int | None = None
    done: bool = False
    created_at: datetime

    class Settings:
        name = "idempotency_keys"
        indexes: ClassVar = [index("created_at", expireAfterSeconds=86_400)]


class Delivery(StoredDocument):
    """A mail to a user. Its ID derives from its cause, so that no cause is mailed twice.

    It is sent to its owner's address, or to `to` if the recipient has no account yet. `sealed` is the encrypted
    replacement of `{link}` in the text: only the mail itself contains it in plain text.

    `link` is the path of the page about its subject. `about` orders the mails about one subject: a later stage of an
    incident supersedes earlier ones. A delivery is not sent after `good_until`.
    A mail that a job sends itself (kind JOB) is recorded once it has ended, with the names of its `attachments`.

    `status` is QUEUED until the mail server accepts the mail (DELIVERED), it is given up (FAILED), a later mail
    replaces it (SUPERSEDED), or its recipient must not get it (SUPPRESSED). `claim` is the token of the process that
    sends it, valid until `lease_until`. `queued_at` sorts `tocsin mails list`.
    """

    owner: str
    kind: str
    run: str | None
    link: str | None = None
    about: DeliveryAboutDocument | None = None
    attachments: list[str] = []
    good_until: datetime | None = None
    to: str | None = None
    subject: str
    text: str
    sealed: str | None = None
    status: DeliveryStatus = DeliveryStatus.QUEUED
    queued_at: datetime
    next_try_at: datetime
    lease_until: datetime | None = None
    claim: str | None = None
    tries: int = 0
    last_error: str | None = None
    delivered_at: datetime | None = None

    class Settings:
        name = "deliveries"
        indexes: ClassVar = [
            index("status", "next_try_at", partialFilterExpression={"status": "QUEUED"}),
            index("status", "owner", "next_try_at", partialFilterExpression={"status": "QUEUED"}),
            index("status", "about.id", partialFilterExpression={"status": "QUEUED"}),
            index("queued_at"),
        ]


class KeyKind(StrEnum):
    """The purpose of a key: JWT signs access tokens, DATA encrypts secrets."""

    JWT = "JWT"
    DATA = "DATA"


class StoredKey(StoredDocument):
    """A key of the installation. Tokens and sealed secrets refer to it by its ID.

    `sealed` is the key, encrypted with the operator's key; null for the operator's own key. Each process adds itself to
    `known_by` when it has read the key. Then the key is activated: the last activated key that is not retired is in
    use. From `retire_at` on a JWT key is invalid, and a DATA key is deleted once no secret is sealed with it.
    """

    kind: KeyKind
    sealed: str | None
    created_at: datetime
    activated_at: datetime | None = None
    retire_at: datetime | None = None
    known_by: list[str] = []

    class Settings:
        name = "keys"


class RateBucket(StoredDocument):
    """The state of a rate limiter for one caller (see `security/gcra.py`). Its ID is `kind:digest of the caller`.

    `full_at` is in milliseconds since 1970, because the embedded database can only add numbers. From then on the caller
    has the full rate again, and the document is deleted.
    """

    full_at: float
    forget_at: datetime

    class Settings:
        name = "rate_buckets"
        indexes: ClassVar = [index("forget_at", expireAfterSeconds=0)]


class MailCount(StoredDocument):
    """The times of the last mails that one limit counts: see `outbound/mail_limits.py`.

    Its ID is `limit:digest of the recipient`. `held_back` counts mails that were suppressed and not yet logged.
    """

    times: list[datetime] = []
    held_back: int = 0
    forget_at: datetime

    class Settings:
        name = "mail_counts"
        indexes: ClassVar = [index("forget_at", expireAfterSeconds=0)]


class OwnerUsage(StoredDocument):
    """The usage of an owner for quotas that are counted incrementally. Its ID is the owner's.

    `counts` has {at, used} for each quota, by name; `at` is the number of the window since 1970. `storage` is in bytes:
    the size at `measured_at` plus the changes recorded since.
    """

    counts: dict[str, dict[str, int]] = {}
    storage: int = 0
    measured_at: datetime | None = None

    class Settings:
        name = "owner_usages"


MODELS: list[type[Document]] = [
    User, Session, ApiToken, Link, AuditEntry, Task, Run, ResponseBody, Worker, IdempotencyKey, Delivery, StoredKey,
    RateBucket, MailCount, Workflow, WorkflowVersion, WorkflowRun, Queue, Circuit, Replay, OwnerUsage,
]  # fmt: skip
