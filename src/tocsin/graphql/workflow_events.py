"""Changes of workflow runs, as they are told."""

from datetime import datetime
from enum import Enum

import strawberry

from tocsin import events
from tocsin.documents import StepStatus, WorkflowRunStatus
from tocsin.events import ChangeKind
from tocsin.graphql import ids
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe
from tocsin.graphql.workflow_run_types import WorkflowRun, load_workflow_run


class WorkflowRunEventKind(Enum):
    """What an event of a workflow run tells of."""

    SNAPSHOT = "SNAPSHOT"
    CREATED = "CREATED"
    UPDATED = "UPDATED"


describe(
    WorkflowRunEventKind,
    "What an event of a workflow run tells of.",
    {
        "SNAPSHOT": "Listening begins here, or changes were dropped: read the present state.",
        "CREATED": "A workflow run was made.",
        "UPDATED": "A workflow run or one of its steps changed.",
    },
)
_KINDS = {ChangeKind.SNAPSHOT: WorkflowRunEventKind.SNAPSHOT, ChangeKind.RUN_CREATED: WorkflowRunEventKind.CREATED}


@strawberry.type(description="What a step became.")
class StepChange:
    key: str = strawberry.field(description="The step's key.")
    status: StepStatus = strawberry.field(description="The status as of the change.")


@strawberry.type(
    description=(
        "A change of one of your workflow runs. The statuses are as of the change, the object as of its delivery."
    )
)
class WorkflowRunEvent:
    change: strawberry.Private[events.Change]
    owner: strawberry.Private[str]
    kind: WorkflowRunEventKind = strawberry.field(description="What happened.")
    at: datetime = strawberry.field(description="When it happened, by the database's clock.")
    workflow_run_id: strawberry.ID | None = strawberry.field(
        description="The workflow run; null in the SNAPSHOT of all."
    )
    status: WorkflowRunStatus | None = strawberry.field(
        description="The status that the workflow run got; null if that did not change."
    )
    steps: list[StepChange] = strawberry.field(description="The steps that changed.")

    @strawberry.field(description="The workflow run as it is now; null in the SNAPSHOT of all.")
    async def workflow_run(self, info: Info) -> WorkflowRun | None:
        run_id = self.change.workflow_run_id
        return None if run_id is None else await load_workflow_run(info, self.owner, run_id)


def workflow_event(change: events.Change, owner: str) -> WorkflowRunEvent:
    """A change as it is told to its owner."""
    run_id = change.workflow_run_id
    return WorkflowRunEvent(
        change=change,
        owner=owner,
        kind=_KINDS.get(change.kind, WorkflowRunEventKind.UPDATED),
        at=change.at,
        workflow_run_id=None if run_id is None else strawberry.ID(ids.encode("WorkflowRun", run_id)),
        status=change.workflow_status,
        steps=[StepChange(key=key, status=status) for key, status in change.steps],
    )
