"""Models of workflows, their versions and their runs."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from tocsin.documents.base import StoredDocument, ascending_index
from tocsin.documents.states import Trigger
from tocsin.documents.workflow_states import WorkflowRunReason, WorkflowRunStatus

if TYPE_CHECKING:
    from tocsin.documents.run_documents import ErrorDocument
    from tocsin.documents.workflow_documents import StepDocument
    from tocsin.schedules import ScheduleDocument
else:  # Pydantic would drop the keys that a TypedDict does not name
    ErrorDocument = ScheduleDocument = dict[str, Any]
    StepDocument = Any


class Workflow(StoredDocument):
    """A named graph of steps. `name_key` is `owner/name`, which is unique. `version` counts the saves with changes.

    `schedule` and `next_run_at` are as in tasks. `incident` increases with each scheduled run that completes within the
    incident it was started in. A workflow that its owner paused at `paused_at` has no next due time. A `deleted` one is
    hidden, but its open runs continue. It keeps `name_key` until another workflow takes the name. `secret_ids` are the
    IDs of the named secrets that its latest version references.
    """

    owner: str
    name: str
    name_key: str | None
    description: str
    version: int
    digest: str
    overlap: str
    schedule: ScheduleDocument | None
    next_run_at: datetime | None
    last_due_at: datetime | None = None
    incident: int = 0
    paused_at: datetime | None = None
    deleted: bool = False
    secret_ids: list[str] = []
    created_at: datetime
    updated_at: datetime

    class Settings:
        name = "workflows"
        indexes: ClassVar = [
            ascending_index("name_key", unique=True, partialFilterExpression={"name_key": {"$type": "string"}}),
            ascending_index("owner", "created_at"),
            ascending_index("owner", "deleted", "created_at"),
            ascending_index("next_run_at"),
            ascending_index("secret_ids", sparse=True),
        ]


class WorkflowVersion(StoredDocument):
    """A version of a workflow, immutable once saved. Its ID is `workflow id@version`.

    `definition` is a JSON text; `secrets` are its encrypted values, by their places in it.
    """

    owner: str
    workflow: str
    version: int
    definition: str
    secrets: dict[str, Any] = {}
    created_at: datetime

    class Settings:
        name = "workflow_versions"
        indexes: ClassVar = [
            ascending_index("workflow", "version"),
            ascending_index("workflow", "created_at"),
        ]


class WorkflowRun(StoredDocument):
    """An execution of a workflow. It contains all decisions about its steps, so that one conditional update on `rev`
    advances it. The runs of its steps follow from it, and are created again after a crash in between.

    `inputs` and `output` are JSON texts. `steps` has the states of the steps by key. `wake_at` is when the run must be
    advanced even if no event occurs. `incident` is the workflow's at the start of a scheduled run; null for others,
    whose failures are not mailed. `changed_at` is the time by the clock of the database at which it last changed.
    """

    owner: str
    workflow: str
    name: str
    version: int
    trigger: Trigger
    status: WorkflowRunStatus
    open: bool
    reason: WorkflowRunReason | None = None
    due_at: datetime
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    missed_until: datetime | None = None
    missed_count: int | None = None
    changed_at: datetime | None = None
    interval_ms: int | None = None
    inputs: str
    output: str | None = None
    error: ErrorDocument | None = None
    round: int = 0
    incident: int | None = None
    stopping: str | None = None
    deadline_at: datetime | None = None
    wake_at: datetime | None = None
    rev: int = 0
    total: int
    done: int = 0
    steps: dict[str, StepDocument] = {}

    class Settings:
        name = "workflow_runs"
        indexes: ClassVar = [
            ascending_index("owner", "created_at"),
            ascending_index("owner", "status", "created_at"),
            ascending_index("owner", "due_at"),
            ascending_index("owner", "changed_at"),
            ascending_index("workflow", "created_at"),
            ascending_index("workflow", "status", "created_at"),
            ascending_index("workflow", "open", partialFilterExpression={"open": True}),
            ascending_index("open", "wake_at", partialFilterExpression={"open": True}),
        ]


class PendingApproval(StoredDocument):
    """An approval step of a workflow run that waits for a decision since a time, by workflow run, step and round.

    The workflow run alone says whether it does. This is the list of those: it is stored before the step waits and
    deleted after that, so there may be one too many after a crash, until it is found.
    """

    owner: str
    run: str
    step: str
    since: datetime

    class Settings:
        name = "pending_approvals"
        indexes: ClassVar = [ascending_index("owner", "since"), ascending_index("since")]


class UntoldEnd(StoredDocument):
    """The end of a workflow run in this round with this status, of which its owner is to be told, by the ID of the
    event. It is stored before the end, so it may never come, and deleted when the owner was told.
    """

    run: str
    round: int
    status: WorkflowRunStatus

    class Settings:
        name = "untold_ends"
