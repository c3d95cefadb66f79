"""Filters, orders and connections of tasks."""

from datetime import UTC, datetime
from enum import Enum

import strawberry

from tocsin import clock
from tocsin.documents import Doc, Hold, TaskStatus, User
from tocsin.documents.paging import KeysetQuery, PageArguments
from tocsin.errors import InvalidInput
from tocsin.graphql.arguments import TimeWindow, contains_text, window_bounds
from tocsin.graphql.connections import Connection, connect
from tocsin.graphql.context import Services
from tocsin.graphql.enums import OrderDirection, describe_enum
from tocsin.graphql.tasks.types import Task, to_task

_DUE_KEY = "_due"
# Tasks without a next due time come last in both directions.
_NEVER = {
    OrderDirection.ASC: datetime(9999, 12, 30, tzinfo=UTC),
    OrderDirection.DESC: datetime(1, 1, 2, tzinfo=UTC),
}
_MAX_TAGS = 20


class TaskOrderField(Enum):
    """A field to sort tasks by."""

    CREATED_AT = "created_at"
    NEXT_RUN_AT = "next_run_at"


describe_enum(
    TaskOrderField,
    "A field to sort tasks by.",
    {
        "CREATED_AT": "Time at which the task was created. Paging to the end returns every task exactly once.",
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
    tags: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Tasks with all of these tags, at most 20."
    )
    next_run_at: TimeWindow | None = strawberry.field(
        default=strawberry.UNSET, description="Tasks whose next due time is in this period."
    )


async def list_tasks(
    services: Services, user: User, filter_: TaskFilter | None, order: TaskOrder | None, arguments: PageArguments
) -> Connection[Task]:
    """Return a page of the user's tasks. Raises InvalidInput."""
    rows = _rows(services, user, filter_, order or TaskOrder(field=TaskOrderField.CREATED_AT))
    return await connect(rows, arguments, to_task)


def _rows(services: Services, user: User, filter_: TaskFilter | None, order: TaskOrder) -> KeysetQuery:
    direction, by_due = order.direction, order.field is TaskOrderField.NEXT_RUN_AT
    return KeysetQuery(
        collection=services.database.tasks,
        order_name=f"task_{order.field.value}_{direction.value.lower()}" if by_due else "task_created_at",
        key=_DUE_KEY if by_due else order.field.value,
        descending=direction is OrderDirection.DESC,
        indexed_filter={"owner": user.id},
        extra_filter=_residual(filter_),
        key_range_hint=None if by_due else (user.created_at, clock.now()),
        computed_key={"$ifNull": ["$next_run_at", _NEVER[direction]]} if by_due else None,
    )


def _residual(filter_: TaskFilter | None) -> Doc:
    residual: Doc = {"hold": {"$ne": Hold.DELETED.value}}
    if not filter_:
        return residual
    if isinstance(filter_.status, list):
        residual["status"] = {"$in": [status.value for status in filter_.status]}
    if filter_.name:
        residual["name"] = contains_text(filter_.name, "filter", "name")
    if filter_.tags:
        if len(filter_.tags) > _MAX_TAGS:
            raise InvalidInput(f"Set at most {_MAX_TAGS} tags; there are {len(filter_.tags)}.", "filter", "tags")
        residual["tags"] = {"$all": filter_.tags}
    low, high = window_bounds(filter_.next_run_at or None)
    window = {name: bound for name, bound in (("$gte", low), ("$lte", high)) if bound is not None}
    return residual | ({"next_run_at": window} if window else {})
