"""Filters, orders and connections of runs."""

from datetime import datetime
from enum import Enum

import strawberry

from tocsin import clock
from tocsin.documents import Doc, RunStatus, Trigger, User, owner_of
from tocsin.documents.paging import KeysetQuery, PageArguments
from tocsin.graphql import ids
from tocsin.graphql.arguments import TimeWindow, contains_text, window_bounds
from tocsin.graphql.connections import Connection, connect
from tocsin.graphql.context import Services
from tocsin.graphql.enums import OrderDirection, describe_enum
from tocsin.graphql.loaders import RUN_PROJECTION
from tocsin.graphql.runs.types import Run, to_run


class RunOrderField(Enum):
    """A field to sort runs by."""

    CREATED_AT = "created_at"
    DUE_AT = "due_at"


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
    due_at: TimeWindow | None = strawberry.field(
        default=strawberry.UNSET, description="Runs that were due in this period."
    )


async def list_runs(
    services: Services,
    user: User,
    filter_: RunFilter | None,
    order: RunOrder | None,
    arguments: PageArguments,
    task_id: str | None = None,
) -> Connection[Run]:
    """Return a page of the user's runs, or of the runs of one task. Raises InvalidInput."""
    if task_id is None and filter_ and filter_.task_id:
        task_id = ids.decode_as("Task", filter_.task_id, "filter", "taskId") or ""
        task_id = task_id if owner_of(task_id) == user.id else ""  # which no run has
    rows = _rows(services, user, filter_, order or RunOrder(field=RunOrderField.DUE_AT), task_id)
    return await connect(rows, arguments, to_run)


def _rows(
    services: Services, user: User, filter_: RunFilter | None, order: RunOrder, task_id: str | None
) -> KeysetQuery:
    """Build the query for one of the indexes (task, due), (owner, due) and (owner, created), depending on the order."""
    key = order.field.value
    by_task = task_id is not None and order.field is RunOrderField.DUE_AT
    residual = _residual(filter_)
    if task_id is not None and not by_task:
        residual["task"] = task_id
    low, high = window_bounds(filter_.due_at or None) if filter_ else (None, None)
    if order.field is not RunOrderField.DUE_AT:
        residual |= _due_between(low, high)
        low = high = None
    return KeysetQuery(
        collection=services.database.runs,
        order_name=f"run_{key}",
        key=key,
        descending=order.direction is OrderDirection.DESC,
        indexed_filter={"task": task_id} if by_task else {"owner": user.id},
        extra_filter=residual,
        projection=dict(RUN_PROJECTION),
        min_key=low,
        max_key=high,
        key_range_hint=(user.created_at, clock.now()),
    )


def _residual(filter_: RunFilter | None) -> Doc:
    residual: Doc = {}
    if not filter_:
        return residual
    if isinstance(filter_.status, list):
        residual |= _shown_as(filter_.status)
    if filter_.trigger:
        residual["trigger"] = filter_.trigger.value
    if filter_.task_name:
        residual["task_name"] = contains_text(filter_.task_name, "filter", "taskName")
    return residual


def _shown_as(statuses: list[RunStatus]) -> Doc:
    """Return the condition on stored runs whose shown status is one of these.

    A claimed run whose attempt has not begun is stored as RUNNING and shown as QUEUED.
    """
    stored: Doc = {"status": {"$in": [status.value for status in statuses]}}
    queued, running = RunStatus.QUEUED in statuses, RunStatus.RUNNING in statuses
    if queued == running:
        return stored
    if running:
        return stored | {"$nor": [{"status": RunStatus.RUNNING.value, "begun": False}]}
    return {"$or": [stored, {"status": RunStatus.RUNNING.value, "begun": False}]}


def _due_between(low: datetime | None, high: datetime | None) -> Doc:
    found = {name: bound for name, bound in (("$gte", low), ("$lte", high)) if bound is not None}
    return {"due_at": found} if found else {}
