"""Filters and lists of workflows and workflow runs."""

import strawberry

from tocsin.documents import User, WorkflowRunStatus
from tocsin.documents.paging import PageArguments
from tocsin.graphql.arguments import prefix_errors
from tocsin.graphql.connections import Connection, connect
from tocsin.graphql.context import Services
from tocsin.graphql.workflows.run_types import WorkflowRun, to_workflow_run
from tocsin.graphql.workflows.types import Workflow, to_workflow
from tocsin.workflows.listing import query_workflow_runs, query_workflows


@strawberry.input(description="Filters for workflow runs, combined with AND.")
class WorkflowRunFilter:
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Runs of your workflow with exactly this name."
    )
    status: list[WorkflowRunStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Runs with one of these statuses."
    )


@strawberry.input(description="Filters for workflows, combined with AND.")
class WorkflowFilter:
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Workflows whose name contains this text, ignoring case."
    )


async def list_workflows(
    services: Services, owner: User, filter_: WorkflowFilter | None, page: PageArguments
) -> Connection[Workflow]:
    """Return a page of the owner's workflows, newest first. Raises InvalidInput."""
    with prefix_errors("filter"):
        query = query_workflows(services.database, owner, (filter_ and filter_.name) or None)
    return await connect(query, page, to_workflow)


async def list_workflow_runs(
    services: Services, owner: User, filter_: WorkflowRunFilter | None, page: PageArguments
) -> Connection[WorkflowRun]:
    """Return a page of the owner's workflow runs, newest first. Raises InvalidInput."""
    name = filter_.name if filter_ and isinstance(filter_.name, str) else None
    statuses = filter_.status if filter_ and isinstance(filter_.status, list) else None
    query = await query_workflow_runs(services.database, owner, name, statuses)
    return await connect(query, page, to_workflow_run)
