"""Events of runs."""

from datetime import datetime
from enum import Enum

import strawberry

from tocsin import events
from tocsin.documents import RunStatus
from tocsin.events import ChangeKind
from tocsin.graphql import ids
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.event_arguments import CURSOR
from tocsin.graphql.node import RUN, load_node
from tocsin.graphql.runs.types import Run


class RunEventKind(Enum):
    """The kind of a run event."""

    SNAPSHOT = "SNAPSHOT"
    RESYNC = "RESYNC"
    CREATED = "CREATED"
    UPDATED = "UPDATED"


describe_enum(
    RunEventKind,
    "The kind of a run event.",
    {
        "SNAPSHOT": "The stream started: read the current state.",
        "RESYNC": (
            "Changes were dropped, or what `after` names is no longer known: read the current state again. The stream "
            "goes on from here."
        ),
        "CREATED": "A run was created.",
        "UPDATED": "The status of a run changed, its cancellation was requested, or it told its progress.",
    },
)
_KINDS = {
    ChangeKind.SNAPSHOT: RunEventKind.SNAPSHOT,
    ChangeKind.RESYNC: RunEventKind.RESYNC,
    ChangeKind.RUN_CREATED: RunEventKind.CREATED,
}


@strawberry.type(
    description=(
        "A change of one of your runs. The status is that at the time of the change, the object that at the time of "
        "delivery."
    )
)
class RunEvent:
    change: strawberry.Private[events.Change]
    owner: strawberry.Private[str]
    kind: RunEventKind = strawberry.field(description="Kind of the change.")
    at: datetime = strawberry.field(description="Time of the change, by the clock of the database.")
    cursor: str = strawberry.field(description=CURSOR)
    run_id: strawberry.ID | None = strawberry.field(description="Global ID of the run; null in a SNAPSHOT or RESYNC.")
    task_id: strawberry.ID | None = strawberry.field(description="Global ID of its task; null in a SNAPSHOT or RESYNC.")
    status: RunStatus | None = strawberry.field(description="New status of the run; null if it did not change.")

    @strawberry.field(description="Current state of the run; null in a SNAPSHOT or RESYNC.")
    async def run(self, info: Info) -> Run | None:
        run_id = self.change.run_id
        return None if run_id is None else await load_node(info, RUN, self.owner, run_id)


def to_run_event(change: events.Change, owner: str) -> RunEvent:
    """Convert a change of a run to an event for its owner."""
    return RunEvent(
        change=change,
        owner=owner,
        kind=_KINDS.get(change.kind, RunEventKind.UPDATED),
        at=change.at,
        cursor=events.cursor_of(change),
        run_id=None if change.run_id is None else strawberry.ID(ids.encode_id("Run", change.run_id)),
        task_id=None if change.task_id is None else strawberry.ID(ids.encode_id("Task", change.task_id)),
        status=change.run_status,
    )
