"""Events of workflows themselves, and their subscription."""

from collections.abc import AsyncGenerator
from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from tocsin import events
from tocsin.errors import NotFound
from tocsin.events import ChangeKind
from tocsin.graphql import access, ids
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.event_arguments import CURSOR, ResumeAfter, ResumeAfterCursor, parse_start
from tocsin.graphql.event_streams import stream_events
from tocsin.graphql.node import WORKFLOW, load_node
from tocsin.graphql.streams import EventLimit, check_limit
from tocsin.graphql.workflows.types import Workflow


class WorkflowEventKind(Enum):
    """The kind of a workflow event."""

    SNAPSHOT = "SNAPSHOT"
    RESYNC = "RESYNC"
    CREATED = "CREATED"
    UPDATED = "UPDATED"
    DELETED = "DELETED"


describe_enum(
    WorkflowEventKind,
    "The kind of a workflow event.",
    {
        "SNAPSHOT": "The stream started: read the current state.",
        "RESYNC": (
            "Changes were dropped, or what `afterCursor` names is no longer known: read the current state again. The "
            "stream goes on from here."
        ),
        "CREATED": "A workflow was created.",
        "UPDATED": "A new version was saved, or the workflow was paused or resumed.",
        "DELETED": "A workflow was deleted.",
    },
)
_KINDS = {
    ChangeKind.SNAPSHOT: WorkflowEventKind.SNAPSHOT,
    ChangeKind.RESYNC: WorkflowEventKind.RESYNC,
    ChangeKind.WORKFLOW_CREATED: WorkflowEventKind.CREATED,
    ChangeKind.WORKFLOW_DELETED: WorkflowEventKind.DELETED,
}


@strawberry.type(description="A change of one of your workflows. The object is that at the time of delivery.")
class WorkflowEvent:
    change: strawberry.Private[events.Change]
    owner: strawberry.Private[str]
    kind: WorkflowEventKind = strawberry.field(description="Kind of the change.")
    at: datetime = strawberry.field(description="Time of the change, by the clock of the database.")
    cursor: str = strawberry.field(description=CURSOR)
    workflow_id: strawberry.ID | None = strawberry.field(
        description="Global ID of the workflow; null in a SNAPSHOT or RESYNC of all workflows."
    )

    @strawberry.field(
        description=(
            "Current state of the workflow; null if it was deleted, and in a SNAPSHOT or RESYNC of all workflows."
        )
    )
    async def workflow(self, info: Info) -> Workflow | None:
        workflow = self.change.workflow
        return None if workflow is None else await load_node(info, WORKFLOW, self.owner, workflow)


def to_workflow_event(change: events.Change, owner: str) -> WorkflowEvent:
    """Convert a change of a workflow to an event for its owner."""
    workflow = change.workflow
    return WorkflowEvent(
        change=change,
        owner=owner,
        kind=_KINDS.get(change.kind, WorkflowEventKind.UPDATED),
        at=change.at,
        cursor=events.cursor_of(change),
        workflow_id=None if workflow is None else strawberry.ID(ids.encode_id("Workflow", workflow)),
    )


@strawberry.type
class WorkflowSubscriptions:
    @strawberry.subscription(
        description=(
            "Subscribe to the changes of your workflows by whoever saves, pauses, resumes or deletes them; their runs "
            "are in `workflowRunEvents`. The first event is a SNAPSHOT: state that you read after it, together with "
            "the following events, misses no change. A RESYNC follows if events had to be dropped: read the state "
            "again. Both are sent whatever is filtered."
        )
    )
    async def workflow_events(
        self,
        info: Info,
        workflow_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Return only events of this workflow. Default: of all your workflows."),
        ] = strawberry.UNSET,
        after: ResumeAfter = strawberry.UNSET,
        after_cursor: ResumeAfterCursor = strawberry.UNSET,
        limit: EventLimit = strawberry.UNSET,
    ) -> AsyncGenerator[WorkflowEvent, None]:
        owner = await access.require_owner(info)
        check_limit(limit)
        start = parse_start(info, after, after_cursor)
        workflow = ids.require_id("Workflow", workflow_id, "workflowId") if workflow_id else None
        if workflow is not None and await load_node(info, WORKFLOW, owner, workflow) is None:
            raise NotFound("You have no workflow with this id.", "workflowId")
        changes = events.ChangeFilter(owner, workflow=workflow, definitions=True)
        return stream_events(info.context, changes, start, limit or None, lambda each: to_workflow_event(each, owner))
