"""Filters and connections of workflows and workflow runs."""

import strawberry

from tocsin import clock
from tocsin.documents import User, WorkflowRunStatus
from tocsin.documents.paging import KeysetQuery, PageArguments
from tocsin.graphql.arguments import contains_text
from tocsin.graphql.connections import Connection, connect
from tocsin.graphql.context import Services
from tocsin.graphql.workflows.run_types import WorkflowRun, to_workflow_run
from tocsin.graphql.workflows.types import Workflow, to_workflow
from tocsin.workflows.ownership import find_workflow


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
    services: Services, user: User, filter_: WorkflowFilter | None, arguments: PageArguments
) -> Connection[Workflow]:
    """Return a page of the user's workflows, newest first. Raises InvalidInput."""
    residual: dict[str, object] = {"deleted": False}
    if filter_ and filter_.name:
        residual["name"] = contains_text(filter_.name, "filter", "name")
    rows = KeysetQuery(
        collection=services.database.workflows, order_name="workflow_created_at", key="created_at", descending=True,
        indexed_filter={"owner": user.id}, extra_filter=residual, key_range_hint=(user.created_at, clock.now()),
    )  # fmt: skip
    return await connect(rows, arguments, to_workflow)


async def list_workflow_runs(
    services: Services, user: User, filter_: WorkflowRunFilter | None, arguments: PageArguments
) -> Connection[WorkflowRun]:
    """Return a page of the user's workflow runs, newest first. Raises InvalidInput."""
    base, residual = {"owner": user.id}, dict[str, object]()
    if filter_ and isinstance(filter_.name, str):
        workflow = await find_workflow(services.database, user.id, filter_.name)
        base = {"workflow": workflow["_id"] if workflow else ""}
    if filter_ and isinstance(filter_.status, list):
        residual["status"] = {"$in": [status.value for status in filter_.status]}
    rows = KeysetQuery(
        collection=services.database.workflow_runs, order_name="workflow_run_created_at", key="created_at",
        descending=True, indexed_filter=base, extra_filter=residual, key_range_hint=(user.created_at, clock.now()),
    )  # fmt: skip
    return await connect(rows, arguments, to_workflow_run)
