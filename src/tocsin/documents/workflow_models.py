"""What is stored of workflows."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from tocsin.documents.base import StoredDocument, index
from tocsin.documents.workflow_states import WorkflowRunReason, WorkflowRunStatus

if TYPE_CHECKING:
    from tocsin.documents.run_documents import ErrorDocument
    from tocsin.documents.workflow_documents import StepDocument
    from tocsin.schedules import ScheduleDocument
else:  # Pydantic would drop the keys that a TypedDict does not name
    ErrorDocument = ScheduleDocument = dict[str, Any]
    StepDocument = Any


class Workflow(StoredDocument):
    """A named graph of steps. `name_key` is `owner/name`, unique. `version` counts the saves that changed anything.

    `schedule` and `next_run_at` are as a task's, and so is `incident`: it grows with each scheduled run that completes
    in the incident it was begun in. `deleted` hides it: what it began goes on, and its name is free again.
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
    deleted: bool = False
    created_at: datetime
    updated_at: datetime

    class Settings:
        name = "workflows"
        indexes: ClassVar = [
            index("name_key", unique=True, partialFilterExpression={"name_key": {"$type": "string"}}),
            index("owner", "created_at"),
            index("next_run_at"),
        ]


class WorkflowVersion(StoredDocument):
    """One version of a workflow, as it was saved: never changed. Its id is `workflow id@version`.

    `definition` is a JSON text; `secrets` are what it keeps encrypted, by their places in it.
    """

    owner: str
    workflow: str
    version: int
    definition: str
    secrets: dict[str, Any] = {}
    created_at: datetime

    class Settings:
        name = "workflow_versions"
        indexes: ClassVar = [index("workflow", "version")]


class WorkflowRun(StoredDocument):
    """One execution of a workflow. All that is decided about its steps stands here, so that one conditional update,
    on `rev`, moves it: the steps' runs follow from it and are made again if a crash came in between.

    `inputs` and `output` are JSON texts. `steps` are the states of the steps by their keys. `wake_at` is when it must
    be looked at next though nothing happened. `news` is a JSON text: the steps that the latest update changed, for
    subscribers. `incident` is the workflow's when a scheduled run began; null for others, which tell nobody.
    """

    owner: str
    workflow: str
    name: str
    version: int
    trigger: str
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
    news: str = "{}"
    total: int
    done: int = 0
    steps: dict[str, StepDocument] = {}

    class Settings:
        name = "workflow_runs"
        indexes: ClassVar = [
            index("owner", "created_at"),
            index("owner", "due_at"),
            index("workflow", "created_at"),
            index("workflow", "open", partialFilterExpression={"open": True}),
            index("open", "wake_at", partialFilterExpression={"open": True}),
        ]
