"""Filters and connections of workflows and workflow runs."""

import strawberry

from tocsin import clock
from tocsin.documents import User, WorkflowRunStatus, paging
from tocsin.documents.paging import KeysetQuery, PageArguments
from tocsin.graphql.arguments import contains_text
from tocsin.graphql.context import Services
from tocsin.graphql.node import PageInfo
from tocsin.graphql.runs.lists import to_page_info
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


@strawberry.type(description="A workflow in a connection, with its cursor.")
class WorkflowEdge:
    cursor: str = strawberry.field(description="Cursor of this workflow, for `after` and `before`.")
    node: Workflow = strawberry.field(description="The workflow.")


@strawberry.type(description="A page of workflows.")
class WorkflowConnection:
    query: strawberry.Private[KeysetQuery]
    edges: list[WorkflowEdge] = strawberry.field(description="The workflows on this page, with their cursors.")
    page_info: PageInfo = strawberry.field(description="Cursors of this page, and whether there are more pages.")

    @strawberry.field(description="The workflows on this page.")
    def nodes(self) -> list[Workflow]:
        return [edge.node for edge in self.edges]

    @strawberry.field(description="Number of workflows on all pages.")
    async def total_count(self) -> int:
        return await paging.count_rows(self.query)


@strawberry.type(description="A workflow run in a connection, with its cursor.")
class WorkflowRunEdge:
    cursor: str = strawberry.field(description="Cursor of this workflow run, for `after` and `before`.")
    node: WorkflowRun = strawberry.field(description="The workflow run.")


@strawberry.type(description="A page of workflow runs.")
class WorkflowRunConnection:
    query: strawberry.Private[KeysetQuery]
    edges: list[WorkflowRunEdge] = strawberry.field(description="The workflow runs on this page, with their cursors.")
    page_info: PageInfo = strawberry.field(description="Cursors of this page, and whether there are more pages.")

    @strawberry.field(description="The workflow runs on this page.")
    def nodes(self) -> list[WorkflowRun]:
        return [edge.node for edge in self.edges]

    @strawberry.field(description="Number of workflow runs on all pages.")
    async def total_count(self) -> int:
        return await paging.count_rows(self.query)


async def list_workflows(
    services: Services, user: User, filter_: WorkflowFilter | None, arguments: PageArguments
) -> WorkflowConnection:
    """Return a page of the user's workflows, newest first. Raises InvalidInput."""
    residual: dict[str, object] = {"deleted": False}
    if filter_ and filter_.name:
        residual["name"] = contains_text(filter_.name, "filter", "name")
    rows = KeysetQuery(
        collection=services.database.workflows, order_name="workflow_created_at", key="created_at", descending=True,
        indexed_filter={"owner": user.id}, extra_filter=residual, key_range_hint=(user.created_at, clock.now()),
    )  # fmt: skip
    page = await paging.fetch_page(rows, arguments)
    edges = [WorkflowEdge(cursor=paging.encode_cursor(rows, row), node=to_workflow(row)) for row in page.rows]
    return WorkflowConnection(query=rows, edges=edges, page_info=to_page_info(page, [edge.cursor for edge in edges]))


async def list_workflow_runs(
    services: Services, user: User, filter_: WorkflowRunFilter | None, arguments: PageArguments
) -> WorkflowRunConnection:
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
    page = await paging.fetch_page(rows, arguments)
    edges = [WorkflowRunEdge(cursor=paging.encode_cursor(rows, row), node=to_workflow_run(row)) for row in page.rows]
    return WorkflowRunConnection(query=rows, edges=edges, page_info=to_page_info(page, [edge.cursor for edge in edges]))
