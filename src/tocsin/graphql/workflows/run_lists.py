"""Filters, orders and lists of workflow runs."""

import strawberry

from tocsin.documents import User, WorkflowRunStatus
from tocsin.documents.paging import PageArguments
from tocsin.graphql.arguments import TimeWindow, window_bounds
from tocsin.graphql.connections import Connection, connect
from tocsin.graphql.context import Services
from tocsin.graphql.enums import OrderDirection, describe_enum
from tocsin.graphql.workflows.run_types import WorkflowRun, to_workflow_run
from tocsin.workflows.listing import WorkflowRunCriteria, WorkflowRunOrderField, query_workflow_runs
from tocsin.workflows.ownership import find_workflow

describe_enum(
    WorkflowRunOrderField,
    (
        "A field to sort workflow runs by. Paging to the end returns every workflow run exactly once, even if others "
        "are added or deleted."
    ),
    {
        "CREATED_AT": "Time at which the workflow run was created.",
        "DUE_AT": "Time at which the workflow run was due or requested.",
    },
)


@strawberry.input(description="The sort order of workflow runs.")
class WorkflowRunOrder:
    field: WorkflowRunOrderField = strawberry.field(description="Field to sort by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.DESC, description="Sort direction.")


@strawberry.input(description="Filters for workflow runs, combined with AND.")
class WorkflowRunFilter:
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Runs of your workflow with exactly this name."
    )
    status: list[WorkflowRunStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Runs with one of these statuses."
    )
    created_at: TimeWindow | None = strawberry.field(
        default=strawberry.UNSET, description="Runs that were created in this period."
    )
    due_at: TimeWindow | None = strawberry.field(
        default=strawberry.UNSET, description="Runs that were due, or requested, in this period."
    )


async def list_workflow_runs(
    services: Services,
    owner: User,
    filter_: WorkflowRunFilter | None,
    order: WorkflowRunOrder | None,
    page: PageArguments,
    workflow: str | None = None,
) -> Connection[WorkflowRun]:
    """Return a page of the owner's workflow runs, or of the runs of one workflow of theirs. Raises InvalidInput."""
    order = order or WorkflowRunOrder(field=WorkflowRunOrderField.CREATED_AT)
    if workflow is None and filter_ and isinstance(filter_.name, str):
        named = await find_workflow(services.database, owner.id, filter_.name)
        workflow = named["_id"] if named else ""
    criteria = _parse_filter(filter_, workflow) if filter_ else WorkflowRunCriteria(workflow)
    descending = order.direction is OrderDirection.DESC
    query = query_workflow_runs(services.database, owner, criteria, order.field, descending=descending)
    return await connect(query, page, to_workflow_run)


def _parse_filter(filter_: WorkflowRunFilter, workflow: str | None) -> WorkflowRunCriteria:
    return WorkflowRunCriteria(
        workflow=workflow,
        statuses=filter_.status if isinstance(filter_.status, list) else None,
        created=window_bounds(filter_.created_at),
        due=window_bounds(filter_.due_at),
    )
