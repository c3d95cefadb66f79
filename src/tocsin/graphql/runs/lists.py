"""Filters, orders and lists of runs."""

import strawberry

from tocsin.documents import ErrorKind, RunStatus, Trigger, User, owner_of
from tocsin.documents.paging import PageArguments
from tocsin.graphql import ids
from tocsin.graphql.arguments import TimeWindow, prefix_errors, window_bounds
from tocsin.graphql.connections import Connection, connect
from tocsin.graphql.context import Info
from tocsin.graphql.enums import OrderDirection, describe_enum
from tocsin.graphql.runs.types import Run, to_run
from tocsin.graphql.selections import PartReaders, find_unread
from tocsin.tasks.listing import RunCriteria, RunOrderField, query_runs

describe_enum(
    RunOrderField,
    "A field to sort runs by. Paging to the end returns every run exactly once, even if others are added or deleted.",
    {"CREATED_AT": "Time at which the run was created.", "DUE_AT": "Time at which the run was due."},
)


@strawberry.input(description="The sort order of runs.")
class RunOrder:
    field: RunOrderField = strawberry.field(description="Field to sort by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.DESC, description="Sort direction.")


@strawberry.input(description="Filters for runs, combined with AND.")
class RunFilter:
    task_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Runs of this task.")
    status: list[RunStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Runs with one of these statuses."
    )
    trigger: Trigger | None = strawberry.field(default=strawberry.UNSET, description="Runs with this origin.")
    task_name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Runs whose task name contains this text, ignoring case."
    )
    error_kind: list[ErrorKind] | None = strawberry.field(
        default=strawberry.UNSET, description="Runs whose latest attempt failed with one of these kinds of errors."
    )
    due_at: TimeWindow | None = strawberry.field(
        default=strawberry.UNSET, description="Runs that were due in this period."
    )


_PARTS: PartReaders = {"attempts": ("attempts",), "result": ("result",), "replays": ("replays",)}


async def list_runs(
    info: Info,
    owner: User,
    filter_: RunFilter | None,
    order: RunOrder | None,
    page: PageArguments,
    task_id: str | None = None,
) -> Connection[Run]:
    """Return a page of the owner's runs, or of the runs of one task. Raises InvalidInput."""
    order = order or RunOrder(field=RunOrderField.DUE_AT)
    with prefix_errors("filter"):
        if task_id is None and filter_ and filter_.task_id:
            task_id = parse_task_id(filter_.task_id, owner.id)
        criteria = _parse_filter(filter_, task_id) if filter_ else RunCriteria(task_id)
        query = query_runs(
            info.context.services.database,
            owner,
            criteria,
            order.field,
            descending=order.direction is OrderDirection.DESC,
            omitted=find_unread(info, _PARTS),
        )
    return await connect(query, page, to_run)


def parse_task_id(task_id: strawberry.ID, owner: str) -> str:
    """Return the document ID of a task of the owner, else an ID that no task has. Raises InvalidInput."""
    found = ids.decode_as("Task", task_id, "taskId") or ""
    return found if owner_of(found) == owner else ""


def _parse_filter(filter_: RunFilter, task_id: str | None) -> RunCriteria:
    due_from, due_to = window_bounds(filter_.due_at)
    return RunCriteria(
        task=task_id,
        statuses=filter_.status if isinstance(filter_.status, list) else None,
        trigger=filter_.trigger or None,
        error_kinds=filter_.error_kind if isinstance(filter_.error_kind, list) else None,
        task_name=filter_.task_name or None,
        due_from=due_from,
        due_to=due_to,
    )
