"""Arguments of notifications: their cursors, and which ones are wanted."""

from datetime import timedelta
from typing import Annotated

import strawberry

from tocsin.errors import InvalidInput, NotFound
from tocsin.graphql import ids
from tocsin.graphql.context import Info, Services
from tocsin.graphql.event_arguments import MAX_TASKS, parse_task_ids
from tocsin.graphql.node import WORKFLOW_RUN, load_node
from tocsin.notifications.events import EventKind
from tocsin.notifications.inbox.positions import FeedPosition, decode_position
from tocsin.notifications.inbox.reader import read_time

MAX_WAIT = 60
"""Seconds for which a query can wait for notifications."""
KindsArgument = Annotated[
    list[EventKind] | None, strawberry.argument(description="Return only notifications of these kinds.")
]
TaskIdsArgument = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(
        description=(
            f"Return only notifications about these tasks and their runs, at most {MAX_TASKS}: those whose `data` has "
            "such a `taskId`. Default: all."
        )
    ),
]
WorkflowRunArgument = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description=(
            "Return only notifications about this workflow run and its steps: those whose `data` has this "
            "`workflowRunId`. Default: all."
        )
    ),
]
UnacknowledgedArgument = Annotated[
    bool, strawberry.argument(description="Return only notifications that you have not acknowledged.")
]
WaitArgument = Annotated[
    int | None,
    strawberry.argument(
        description=(
            f"Long poll: wait at most so many seconds, 1 to {MAX_WAIT}, for notifications stored after `after`, which "
            "is then `cursor` of a notification or `endCursor` of the last long poll; null or empty for now. They are "
            "returned at once if there are any, oldest first; the page is empty when the time is over. It must be the "
            "only root field of its operation."
        )
    ),
]


async def parse_subjects(
    info: Info, owner: str, task_ids: list[strawberry.ID] | None, workflow_run_id: strawberry.ID | None
) -> tuple[frozenset[str] | None, str | None]:
    """Return the tasks and the workflow run of these filters, None for all. Raises InvalidInput, NotFound."""
    tasks = await parse_task_ids(info, owner, task_ids)
    if not workflow_run_id:
        return tasks, None
    workflow_run = ids.require_id("WorkflowRun", workflow_run_id, "workflowRunId")
    if await load_node(info, WORKFLOW_RUN, owner, workflow_run) is None:
        raise NotFound("You have no workflow run with this id.", "workflowRunId")
    return tasks, workflow_run


async def parse_position(services: Services, text: str, *path: str) -> FeedPosition:
    """Decode a cursor of a reader.

    Raises InvalidInput if it is malformed, or lies in the future, or what followed it may be deleted.
    """
    position = decode_position(text, *path)
    now, days = await read_time(services.database), services.settings.retention_days
    position.require_past(now, *path)
    if position.floor.key < now - timedelta(days=days):
        message = (
            f"This cursor is older than the notifications that are kept, {days:g} days. Read the list notifications, "
            "and go on with the cursor of its first one."
        )
        raise InvalidInput(message, *path)
    return position


def check_wait(seconds: int) -> None:
    """Raise InvalidInput for a time to wait that is out of range."""
    if not 1 <= seconds <= MAX_WAIT:
        raise InvalidInput(f"waitSeconds must be 1 to {MAX_WAIT}; it is {seconds}.", "waitSeconds")
