"""The arguments that the subscriptions of events share: where they start, and what they leave out."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Annotated, TypeVar

import strawberry

from tocsin.errors import InvalidInput, NotFound
from tocsin.events import Start, decode_event_cursor
from tocsin.events.catch_up import MAX_MISSED
from tocsin.graphql import ids
from tocsin.graphql.context import Info
from tocsin.graphql.node import TASK, load_node

MAX_TASKS = 100
CURSOR = (
    "The place after this event. Opaque. With it as `afterCursor`, or as the header Last-Event-ID of server-sent "
    "events, a subscription with the same arguments goes on after it, at any server, for as long as history is kept."
)
_AFTER = (
    "`at` of the last event received before the connection was lost. The stream then starts with the changes since "
    "that time, each at least once, instead of a SNAPSHOT. Every server of the installation keeps the changes of the "
    "last minutes; if `after` is older, the stream starts with a SNAPSHOT. `afterCursor` reaches farther back."
)
_AFTER_CURSOR = (
    "`cursor` of the last event received before the connection was lost. The stream then starts with what changed "
    "since, each thing at least once and in its latest state, instead of a SNAPSHOT. If that is more than "
    f"{MAX_MISSED:,} things, or history of that time was deleted, it starts with a RESYNC."
)
ResumeAfter = Annotated[datetime | None, strawberry.argument(description=_AFTER)]
ResumeAfterCursor = Annotated[str | None, strawberry.argument(description=_AFTER_CURSOR)]
TaskIds = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(description=f"Return only events of these tasks, at most {MAX_TASKS}. Default: of all."),
]
Kind = TypeVar("Kind", bound=Enum)


def parse_start(info: Info, after: datetime | None, cursor: str | None) -> Start:
    """Return where a subscription starts. A stream that reconnects has sent its last cursor as a header.

    Raises InvalidInput for two starts, and for a malformed cursor.
    """
    if after and cursor:
        raise InvalidInput("Set after or afterCursor, not both.", "afterCursor")
    if (last := info.context.last_event_id) is not None:
        return decode_event_cursor(last, "Last-Event-ID")
    return decode_event_cursor(cursor, "afterCursor") if cursor else after or None


async def parse_task_ids(info: Info, owner: str, task_ids: list[strawberry.ID] | None) -> frozenset[str] | None:
    """Return the document IDs of the owner's tasks, None for all. Raises InvalidInput, and NotFound for other tasks."""
    if not isinstance(task_ids, list):
        return None
    if not 1 <= len(task_ids) <= MAX_TASKS:
        raise InvalidInput(f"Name 1 to {MAX_TASKS} tasks, or leave taskIds out; there are {len(task_ids)}.", "taskIds")
    found = [ids.require_id("Task", each, "taskIds", str(number)) for number, each in enumerate(task_ids)]
    tasks = await asyncio.gather(*(load_node(info, TASK, owner, each) for each in found))
    for number, task in enumerate(tasks):
        if task is None:
            raise NotFound("You have no task with this id.", "taskIds", str(number))
    return frozenset(found)


def parse_kinds(values: Sequence[Kind] | None, field: str) -> frozenset[Kind] | None:
    """Return the values of a filter, None for all. Raises InvalidInput at `field` for none."""
    if not isinstance(values, list):
        return None
    if not values:
        raise InvalidInput(f"Name at least one, or leave {field} out.", field)
    return frozenset(values)
