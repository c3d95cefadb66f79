"""Events of workflow runs."""

from datetime import datetime
from enum import Enum

import strawberry

from tocsin import events
from tocsin.documents import StepStatus, WorkflowRunStatus
from tocsin.events import ChangeKind
from tocsin.graphql import ids
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.event_arguments import CURSOR
from tocsin.graphql.node import WORKFLOW_RUN, load_node
from tocsin.graphql.workflows.run_types import WorkflowRun


class WorkflowRunEventKind(Enum):
    """The kind of a workflow run event."""

    SNAPSHOT = "SNAPSHOT"
    RESYNC = "RESYNC"
    CREATED = "CREATED"
    UPDATED = "UPDATED"


describe_enum(
    WorkflowRunEventKind,
    "The kind of a workflow run event.",
    {
        "SNAPSHOT": "The stream started: read the current state.",
        "RESYNC": (
            "Changes were dropped, or what `afterCursor` names is no longer known: read the current state again. The "
            "stream goes on from here."
        ),
        "CREATED": "A workflow run was created.",
        "UPDATED": "A workflow run or one of its steps changed.",
    },
)
_KINDS = {
    ChangeKind.SNAPSHOT: WorkflowRunEventKind.SNAPSHOT,
    ChangeKind.RESYNC: WorkflowRunEventKind.RESYNC,
    ChangeKind.RUN_CREATED: WorkflowRunEventKind.CREATED,
}
CHANGE_KINDS = {
    WorkflowRunEventKind.CREATED: ChangeKind.RUN_CREATED,
    WorkflowRunEventKind.UPDATED: ChangeKind.RUN_UPDATED,
}
"""The kind of change of each kind of event that tells of one."""


@strawberry.type(description="A change of a step.")
class StepChange:
    key: str = strawberry.field(description="Key of the step.")
    status: StepStatus = strawberry.field(description="Status of the step at the time of the change.")


@strawberry.type(
    description=(
        "A change of one of your workflow runs. Statuses are those at the time of the change, the object that at the "
        "time of delivery."
    )
)
class WorkflowRunEvent:
    change: strawberry.Private[events.Change]
    owner: strawberry.Private[str]
    kind: WorkflowRunEventKind = strawberry.field(description="Kind of the change.")
    at: datetime = strawberry.field(description="Time of the change, by the clock of the database.")
    cursor: str = strawberry.field(description=CURSOR)
    workflow_run_id: strawberry.ID | None = strawberry.field(
        description="Global ID of the workflow run; null in a SNAPSHOT or RESYNC of all workflow runs."
    )
    status: WorkflowRunStatus | None = strawberry.field(
        description="New status of the workflow run; null if it did not change."
    )
    steps: list[StepChange] = strawberry.field(
        description="Steps that changed. Empty in an event that tells of a time when the client was away."
    )

    @strawberry.field(
        description="Current state of the workflow run; null in a SNAPSHOT or RESYNC of all workflow runs."
    )
    async def workflow_run(self, info: Info) -> WorkflowRun | None:
        run_id = self.change.workflow_run_id
        return None if run_id is None else await load_node(info, WORKFLOW_RUN, self.owner, run_id)


def to_workflow_run_event(change: events.Change, owner: str) -> WorkflowRunEvent:
    """Convert a change to an event for its owner."""
    run_id = change.workflow_run_id
    return WorkflowRunEvent(
        change=change,
        owner=owner,
        kind=_KINDS.get(change.kind, WorkflowRunEventKind.UPDATED),
        at=change.at,
        cursor=events.cursor_of(change),
        workflow_run_id=None if run_id is None else strawberry.ID(ids.encode_id("WorkflowRun", run_id)),
        status=change.workflow_status,
        steps=[StepChange(key=key, status=status) for key, status in change.steps],
    )
