"""Models of tasks, runs and workers. Hot paths use the documents in `run_documents` and `task_documents`."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import model_validator

from tocsin.clock import EPOCH
from tocsin.documents.base import StoredDocument, ascending_index
from tocsin.documents.states import Hold, Overlap, PauseReason, RunReason, RunStatus, TaskStatus, Trigger
from tocsin.documents.task_names import name_key

if TYPE_CHECKING:
    from tocsin.documents.run_documents import (
        AttemptDocument,
        CallbackDocument,
        ErrorDocument,
        FinalDocument,
        ProgressDocument,
        ReplayEntryDocument,
    )
    from tocsin.documents.task_documents import ActiveRunDocument, JobDocument, RetryDocument, SelfPauseDocument
    from tocsin.schedules import MisfireDocument, ScheduleDocument
else:  # Pydantic would drop the keys that a TypedDict does not name
    ActiveRunDocument = AttemptDocument = CallbackDocument = ErrorDocument = FinalDocument = dict[str, Any]
    ProgressDocument = SelfPauseDocument = dict[str, Any]
    JobDocument = MisfireDocument = ReplayEntryDocument = RetryDocument = ScheduleDocument = dict[str, Any]


class Task(StoredDocument):
    """A job with a schedule and a retry policy, as its owner saved it, and the engine's state of it.

    `next_run_at` is the next due time; null if there is none. `active` lists the scheduled runs that are open, or whose
    end is not yet counted here. `version` counts the owner's edits. `incident` counts scheduled successes: each value
    has one mail about failures. The owner is told from the failure `alert_after` in a row on, and the task pauses after
    `pause_after` of them (null: never), as `self_pause` then says. `pause_reason` is null if its owner paused it.
    `reconcile` is true while open runs still have to be updated after an edit.
    `name_key` is the name by which tasks are sorted and compared. `unique_name` means that no other task of the owner
    has it as its unique name. `applied` is a digest of the settings that were last applied by name, and of what they
    made of the task; null if that was never done.
    `uncounted` are the last runs that were taken out of the streak again, because they turned out to be INCONCLUSIVE.
    """

    owner: str
    name: str
    description: str = ""
    unique_name: bool = False
    name_key: str = ""
    applied: str | None = None
    tags: list[str] = []
    job: JobDocument
    schedule: ScheduleDocument
    misfire: MisfireDocument
    overlap: Overlap
    retry: RetryDocument | None
    timeout: float | None
    queue: str = "default"
    priority: int = 0
    alert_after: int = 1
    alert_on_missed: bool = False
    pause_after: int | None = None
    hold: Hold | None = None
    pause_reason: PauseReason | None = None
    self_pause: SelfPauseDocument | None = None
    status: TaskStatus
    next_run_at: datetime | None
    last_due_at: datetime | None = None
    active: list[ActiveRunDocument] = []
    last_end: TaskStatus = TaskStatus.COMPLETED
    last_run: str | None = None
    consecutive_failures: int = 0
    uncounted: list[str] = []
    incident: int = 0
    version: int = 1
    reconcile: bool = False
    created_at: datetime
    updated_at: datetime

    @model_validator(mode="after")
    def _derive_name_key(self) -> "Task":
        """Fill in the key of a task that is built; stored tasks have it."""
        self.name_key = self.name_key or name_key(self.name)
        return self

    class Settings:
        name = "tasks"
        indexes: ClassVar = [
            ascending_index("next_run_at"),
            ascending_index("owner", "created_at"),
            ascending_index("owner", "status", "created_at"),
            ascending_index("owner", "next_run_at", "created_at"),
            ascending_index("owner", "name_key"),
            ascending_index("reconcile", partialFilterExpression={"reconcile": True}),
            ascending_index("job.params.named_secrets.ids", sparse=True),
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
    keeps its settings when its task is edited, because a replay requested the original ones. `inconclusive_rounds`
    counts the rounds that ended INCONCLUSIVE and that Tocsin itself followed by another one.
    A WAITING run expects a callback until `callback_by`. `callback` is one that came before the outcome of its attempt
    was stored; the attempt takes it over when the run is settled by it.
    `settled_late_at` is set if the run settled long after it was created, or changed after that: then its end is not
    found by its creation. It is also set while the run is open if the end of an attempt was stored long after it.
    `progress` is what the job last told of itself. It is not reset: it counts only while its claim makes the attempt.
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
    callback_by: datetime | None = None
    callback: CallbackDocument | None = None
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
    settled_late_at: datetime | None = None
    replays: list[ReplayEntryDocument] = []
    pinned: bool = False
    inconclusive_rounds: int = 0
    progress: ProgressDocument | None = None

    class Settings:
        name = "runs"
        indexes: ClassVar = [
            ascending_index("owner", "due_at"),
            ascending_index("owner", "status", "due_at"),
            ascending_index("owner", "created_at"),
            ascending_index("task", "due_at"),
            ascending_index("task", "open", partialFilterExpression={"open": True}),
            ascending_index("status", "ready_at", partialFilterExpression={"status": "QUEUED"}),
            ascending_index("status", "lane", partialFilterExpression={"status": "QUEUED"}),
            ascending_index("status", "worker", partialFilterExpression={"status": "RUNNING"}),
            ascending_index("status", "retry_at", partialFilterExpression={"status": "RETRY"}),
            ascending_index("status", "callback_by", partialFilterExpression={"status": "WAITING"}),
            ascending_index("status", "owner", "callback_by", partialFilterExpression={"status": "WAITING"}),
            ascending_index("blocked", "after", partialFilterExpression={"blocked": True}),
            ascending_index("status", "owner", "finished_at", partialFilterExpression={"status": "FAILED"}),
            ascending_index("replays.replay", sparse=True),
            ascending_index("owner", "settled_late_at", partialFilterExpression={"settled_late_at": {"$gt": EPOCH}}),
        ]


class ResponseBody(StoredDocument):
    """The response body of an attempt, stored apart from the run to keep lists light. Its ID is `run id#number`."""

    text: str

    class Settings:
        name = "response_bodies"


class Worker(StoredDocument):
    """A process that makes attempts, and the end of its lease on the runs that it has claimed.

    A lease lasts `lease` seconds. `ended` counts the attempts of the last minute, as [queue, owner, count]. `beat`
    counts heartbeats, while there are other processes. `shares` is false while it acts as if there were none, without
    permits.
    """

    until: datetime
    lease: float | None = None
    ended: list[list[Any]] = []
    beat: int | None = None
    shares: bool | None = None

    class Settings:
        name = "workers"
