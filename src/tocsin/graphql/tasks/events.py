"""Events of tasks and their runs."""

from datetime import datetime

import strawberry

from tocsin import events
from tocsin.documents import RunStatus, TaskStatus
from tocsin.events import ChangeKind
from tocsin.graphql import ids
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.event_arguments import CURSOR
from tocsin.graphql.node import RUN, TASK, load_node
from tocsin.graphql.runs.types import Run
from tocsin.graphql.tasks.types import Task

describe_enum(
    ChangeKind,
    "The kind of a task event.",
    {
        "SNAPSHOT": "The stream started: read the current state.",
        "RESYNC": (
            "Changes were dropped, or what `afterCursor` names is no longer known: read the current state again. The "
            "stream goes on from here."
        ),
        "TASK_CREATED": "A task was created.",
        "TASK_UPDATED": "A task was edited, or its status changed.",
        "TASK_DELETED": "A task was deleted.",
        "RUN_CREATED": "A run was created.",
        "RUN_UPDATED": "The status of a run changed, its cancellation was requested, or it told its progress.",
    },
    name="TaskEventKind",
)


@strawberry.type(
    description=(
        "A change of one of your tasks or its runs. Statuses are those at the time of the change, objects those at the "
        "time of delivery."
    )
)
class TaskEvent:
    change: strawberry.Private[events.Change]
    owner: strawberry.Private[str]
    kind: ChangeKind = strawberry.field(description="Kind of the change.")
    at: datetime = strawberry.field(description="Time of the change, by the clock of the database.")
    cursor: str = strawberry.field(description=CURSOR)
    task_id: strawberry.ID | None = strawberry.field(
        description="Global ID of the task; null in a SNAPSHOT or RESYNC of all tasks."
    )
    task_status: TaskStatus | None = strawberry.field(description="New status of the task; null if it did not change.")
    run_status: RunStatus | None = strawberry.field(description="New status of the run; null if it did not change.")

    @strawberry.field(
        description="Current state of the task; null if it was deleted, and in a SNAPSHOT or RESYNC of all tasks."
    )
    async def task(self, info: Info) -> Task | None:
        task_id = self.change.task_id
        return None if task_id is None else await load_node(info, TASK, self.owner, task_id)

    @strawberry.field(description="Current state of the run; null if the event concerns only the task.")
    async def run(self, info: Info) -> Run | None:
        run_id = self.change.run_id
        return None if run_id is None else await load_node(info, RUN, self.owner, run_id)


def to_task_event(change: events.Change, owner: str) -> TaskEvent:
    """Convert a change to an event for its owner."""
    task_id = change.task_id
    return TaskEvent(
        change=change,
        owner=owner,
        kind=change.kind,
        at=change.at,
        cursor=events.cursor_of(change),
        task_id=None if task_id is None else strawberry.ID(ids.encode_id("Task", task_id)),
        task_status=change.task_status,
        run_status=change.run_status,
    )
