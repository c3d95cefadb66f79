"""What is stored of the work: one Beanie document a collection. The hot paths use the same shapes as plain dicts."""

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
    """What a user saved: a job, a schedule, a retry policy; and what the engine remembers of it.

    `next_run_at` is the schedule's truth: null when nothing lies ahead. `active` names the scheduled runs that are not
    settled, or whose end is not yet counted here. `version` counts the owner's edits. `incident` counts scheduled
    successes: a mail about failing is sent once in each. `reconcile` says that the runs are still to be brought in line
    with an edit.
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

    It carries a copy of the task's job (secrets stay encrypted), so a worker reads nothing else. `fence` counts claims:
    an outcome is taken only from the claim that is still the latest. `final` is the status that a failing attempt leads
    to instead of RETRY (set by cancel and pause). A `blocked` run waits until the run named by `after` has ended
    (overlap QUEUE).
    `incident` is the task's when the run was made; null for a manual run, which tells nobody.
    One that is RUNNING and not `begun` is claimed and stands in line: it is told as QUEUED (`shown_status`).
    `interval_ms` is the shortest time between due times of the schedule, which default retries fit into.
    `replays` are the times that a person had it done again, at most the last 50: {replay: id, or null of a single
    retry, at, round}. A `pinned` run keeps its settings when its task is edited: a replay asked for the original ones.
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
    """The response body of one attempt, kept apart from the run so that lists stay light. Its id is `run id#number`."""

    text: str

    class Settings:
        name = "response_bodies"


class Worker(StoredDocument):
    """A process that makes attempts, and how long its lease on the runs it holds is good.

    A lease is `lease` seconds long. `ended` counts the attempts that it made in a minute, as [queue, owner, count].
    """

    until: datetime
    lease: float | None = None
    ended: list[list[Any]] = []

    class Settings:
        name = "workers"


class IdempotencyKey(StoredDocument):
    """What a mutation answered to (owner, mutation, key): kept 24 hours."""

    fingerprint: str
    thing: str
    round: int | None = None
    done: bool = False
    created_at: datetime

    class Settings:
        name = "idempotency_keys"
        indexes: ClassVar = [index("created_at", expireAfterSeconds=86_400)]


class Delivery(StoredDocument):
    """One mail that must reach a user; its id derives from its cause, so that no cause is told twice.

    It goes to its owner's address, or to the address `to` of someone who has no account yet. `sealed` is what stands
    for `{link}` in the text, encrypted: only the mail itself shows it.

    `link` is the path of the page that shows what the mail is about. `about` is what its mails go in order of:
    {type, id, incident, stage}; a later stage of an incident makes an earlier one outdated. What is of no use after
    `good_until` is not sent then.
    A mail that a job handed over itself (kind JOB) is noted with the names of its `attachments` once it has ended.

    `status` is QUEUED until it was taken by the mail server (DELIVERED), given up (FAILED), or outdated by a later
    mail before it could be delivered (SUPERSEDED). `claim` is the token of the process that sends it now, good until
    `lease_until`. `queued_at` orders what `tocsin mails list` shows.
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
    """What a key is for: JWT signs access tokens, DATA seals secrets."""

    JWT = "JWT"
    DATA = "DATA"


class StoredKey(StoredDocument):
    """A key of the installation. Its id is what tokens and sealed texts name it by.

    `sealed` is the key itself, sealed with the operator's encryption key; null stands for the operator's own key. Each
    process notes in `known_by` that it has read it; then it is activated, and of those that are not retired the one
    activated last is in use. From `retire_at` on a JWT key is of no use, and a DATA key is deleted as soon as nothing
    is sealed with it.
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
    """How far a limited caller is ahead of his rate: see `security/gcra.py`. Its id is `kind:digest of the caller`.

    `full_at` is in milliseconds since 1970, as a number, because the embedded database adds only numbers up. From then
    on the bucket says nothing, and is forgotten.
    """

    full_at: float
    forget_at: datetime

    class Settings:
        name = "rate_buckets"
        indexes: ClassVar = [index("forget_at", expireAfterSeconds=0)]


class MailCount(StoredDocument):
    """The times of the last mails that one limit counts: see `outbound/mail_limits.py`.

    Its id is `limit:digest of whom it is for`. `held_back` are mails that were not sent, and not told of yet.
    """

    times: list[datetime] = []
    held_back: int = 0
    forget_at: datetime

    class Settings:
        name = "mail_counts"
        indexes: ClassVar = [index("forget_at", expireAfterSeconds=0)]


class OwnerUsage(StoredDocument):
    """The usage of an owner of those quotas that are counted as things happen. Its id is the owner's.

    `counts` are by the quota's name: {at, used}, where `at` is the number of the window since 1970. `storage` is in
    bytes, and as exact as at `measured_at` plus what has been noted since.
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
