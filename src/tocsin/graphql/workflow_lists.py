"""Lists of workflows and of their runs."""

import strawberry

from tocsin import clock
from tocsin.documents import User, WorkflowRunStatus
from tocsin.graphql import paging
from tocsin.graphql.context import Services
from tocsin.graphql.node import PageInfo
from tocsin.graphql.paging import PageArguments, Rows
from tocsin.graphql.run_lists import page_info
from tocsin.graphql.words import contains
from tocsin.graphql.workflow_run_types import WorkflowRun, workflow_run_type
from tocsin.graphql.workflow_types import Workflow, workflow_type
from tocsin.workflows.owned import find_workflow


@strawberry.input(description="Which workflow runs: those for which all that is given holds.")
class WorkflowRunFilter:
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Runs of your workflow of this name.")
    status: list[WorkflowRunStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Runs in one of these states."
    )


@strawberry.input(description="Which workflows: those for which all that is given holds.")
class WorkflowFilter:
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Workflows whose name contains this text, whatever the case."
    )


@strawberry.type(description="A workflow in a list.")
class WorkflowEdge:
    cursor: str = strawberry.field(description="The workflow's place in the list, for `after` and `before`.")
    node: Workflow = strawberry.field(description="The workflow.")


@strawberry.type(description="A page of workflows.")
class WorkflowConnection:
    rows: strawberry.Private[Rows]
    edges: list[WorkflowEdge] = strawberry.field(description="The workflows with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")

    @strawberry.field(description="The workflows.")
    def nodes(self) -> list[Workflow]:
        return [edge.node for edge in self.edges]

    @strawberry.field(description="How many workflows there are on all pages together.")
    async def total_count(self) -> int:
        return await paging.count(self.rows)


@strawberry.type(description="A workflow run in a list.")
class WorkflowRunEdge:
    cursor: str = strawberry.field(description="The workflow run's place in the list, for `after` and `before`.")
    node: WorkflowRun = strawberry.field(description="The workflow run.")


@strawberry.type(description="A page of workflow runs.")
class WorkflowRunConnection:
    rows: strawberry.Private[Rows]
    edges: list[WorkflowRunEdge] = strawberry.field(description="The workflow runs with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")

    @strawberry.field(description="The workflow runs.")
    def nodes(self) -> list[WorkflowRun]:
        return [edge.node for edge in self.edges]

    @strawberry.field(description="How many workflow runs there are on all pages together.")
    async def total_count(self) -> int:
        return await paging.count(self.rows)


async def list_workflows(
    services: Services, user: User, filter_: WorkflowFilter | None, arguments: PageArguments
) -> WorkflowConnection:
    """A page of the user's workflows, the latest first. Raises InvalidInput."""
    residual: dict[str, object] = {"deleted": False}
    if filter_ and filter_.name:
        residual["name"] = contains(filter_.name, "filter", "name")
    rows = Rows(
        collection=services.database.workflows, order="workflow_created_at", key="created_at", descending=True,
        base={"owner": user.id}, residual=residual, origin=(user.created_at, clock.now()),
    )  # fmt: skip
    page = await paging.read_page(rows, arguments)
    edges = [WorkflowEdge(cursor=paging.cursor(rows, row), node=workflow_type(row)) for row in page.rows]
    return WorkflowConnection(rows=rows, edges=edges, page_info=page_info(page, [edge.cursor for edge in edges]))


async def list_workflow_runs(
    services: Services, user: User, filter_: WorkflowRunFilter | None, arguments: PageArguments
) -> WorkflowRunConnection:
    """A page of the user's workflow runs, the latest first. Raises InvalidInput."""
    base, residual = {"owner": user.id}, dict[str, object]()
    if filter_ and isinstance(filter_.name, str):
        workflow = await find_workflow(services.database, user.id, filter_.name)
        base = {"workflow": workflow["_id"] if workflow else ""}
    if filter_ and isinstance(filter_.status, list):
        residual["status"] = {"$in": [status.value for status in filter_.status]}
    rows = Rows(
        collection=services.database.workflow_runs, order="workflow_run_created_at", key="created_at", descending=True,
        base=base, residual=residual, origin=(user.created_at, clock.now()),
    )  # fmt: skip
    page = await paging.read_page(rows, arguments)
    edges = [WorkflowRunEdge(cursor=paging.cursor(rows, row), node=workflow_run_type(row)) for row in page.rows]
    return WorkflowRunConnection(rows=rows, edges=edges, page_info=page_info(page, [edge.cursor for edge in edges]))
