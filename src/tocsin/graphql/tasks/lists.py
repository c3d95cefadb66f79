"""Filters, orders and lists of tasks."""

import strawberry

from tocsin.documents import TaskStatus, User
from tocsin.documents.paging import PageArguments
from tocsin.graphql.arguments import TimeWindow, prefix_errors, window_bounds
from tocsin.graphql.connections import Connection, connect, connect_by_name
from tocsin.graphql.context import Info
from tocsin.graphql.enums import OrderDirection, describe_enum
from tocsin.graphql.selections import PartReaders, find_unread
from tocsin.graphql.tasks.types import Task, to_task
from tocsin.tasks.listing import TaskCriteria, TaskOrderField, query_tasks, query_tasks_by_name

describe_enum(
    TaskOrderField,
    "A field to sort tasks by.",
    {
        "CREATED_AT": "Time at which the task was created. Paging to the end returns every task exactly once.",
        "NAME": "Name, ignoring case. Paging to the end returns every task exactly once.",
        "NEXT_RUN_AT": "Next due time; tasks without one come last. Paging can skip or repeat tasks that run then.",
    },
)


@strawberry.input(description="The sort order of tasks.")
class TaskOrder:
    field: TaskOrderField = strawberry.field(description="Field to sort by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.DESC, description="Sort direction.")


@strawberry.input(description="Filters for tasks, combined with AND.")
class TaskFilter:
    status: list[TaskStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Tasks with one of these statuses."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Tasks whose name contains this text, ignoring case."
    )
    text: str | None = strawberry.field(
        default=strawberry.UNSET, description="Tasks whose name or description contains this text, ignoring case."
    )
    tags: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Tasks with all of these tags, at most 20."
    )
    next_run_at: TimeWindow | None = strawberry.field(
        default=strawberry.UNSET, description="Tasks whose next due time is in this period."
    )


_PARTS: PartReaders = {
    "job": ("job", "timeout"),
    "schedule": ("schedule", "retry", "recentOutcomes", "nextDueTimes"),
    "misfire": ("misfire",),
    "retry": ("retry",),
}


async def list_tasks(
    info: Info, owner: User, filter_: TaskFilter | None, order: TaskOrder | None, page: PageArguments
) -> Connection[Task]:
    """Return a page of the owner's tasks. Raises InvalidInput."""
    order = order or TaskOrder(field=TaskOrderField.CREATED_AT)
    criteria = _parse_filter(filter_) if filter_ else TaskCriteria()
    database, descending = info.context.services.database, order.direction is OrderDirection.DESC
    omitted, by_name = find_unread(info, _PARTS), order.field is TaskOrderField.NAME
    with prefix_errors("filter"):
        field = TaskOrderField.CREATED_AT if by_name else order.field
        query = query_tasks(database, owner, criteria, field, descending=descending, omitted=omitted)
    if not by_name:
        return await connect(query, page, to_task)
    named = query_tasks_by_name(database, owner, criteria, descending=descending, omitted=omitted)
    return await connect_by_name(named, query, page, to_task)


def _parse_filter(filter_: TaskFilter) -> TaskCriteria:
    due_from, due_to = window_bounds(filter_.next_run_at)
    return TaskCriteria(
        statuses=filter_.status if isinstance(filter_.status, list) else None,
        name=filter_.name or None,
        text=filter_.text or None,
        tags=filter_.tags or (),
        due_from=due_from,
        due_to=due_to,
    )
