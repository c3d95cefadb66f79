"""Queries for workflows and workflow runs."""

from typing import Annotated

import strawberry

from tocsin.documents.paging import PageArguments
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import GlobalId
from tocsin.graphql.connections import Connection, PagedField
from tocsin.graphql.context import Info
from tocsin.graphql.node import WORKFLOW_RUN, load_node
from tocsin.graphql.workflows.lists import WorkflowFilter, list_workflows
from tocsin.graphql.workflows.run_lists import WorkflowRunFilter, WorkflowRunOrder, list_workflow_runs
from tocsin.graphql.workflows.run_types import WorkflowRun
from tocsin.graphql.workflows.types import Workflow, to_workflow
from tocsin.graphql.workflows.validation import WorkflowError, find_workflow_errors
from tocsin.workflows.ownership import find_workflow


@strawberry.type
class WorkflowQueries:
    @strawberry.field(
        description="Fetch one of your workflows by its name; null if you have no workflow with this name."
    )
    async def workflow(
        self, info: Info, name: Annotated[str, strawberry.argument(description="Name of the workflow.")]
    ) -> Workflow | None:
        owner = await access.require_owner(info)
        document = await find_workflow(info.context.services.database, owner, name)
        return None if document is None else to_workflow(document)

    @strawberry.field(
        description=(
            "Check a workflow as `saveWorkflow` does, without saving it: all errors, at most 50. Whether each `***` "
            "has a stored secret to keep is not checked."
        )
    )
    async def workflow_errors(
        self,
        info: Info,
        yaml: Annotated[str, strawberry.argument(description="Definition as YAML, at most 256 KiB.")],
    ) -> list[WorkflowError]:
        return await find_workflow_errors(info.context.services, await access.require_user(info), yaml)

    @strawberry.field(description="List your workflows, newest first.", extensions=[PagedField()])
    async def workflows(
        self,
        info: Info,
        page: PageArguments,
        filter: Annotated[
            WorkflowFilter | None, strawberry.argument(description="Return only the workflows that match.")
        ] = strawberry.UNSET,
    ) -> Connection[Workflow]:
        user = await access.require_user(info)
        return await list_workflows(info.context.services, user, filter, page)

    @strawberry.field(description="Fetch one of your workflow runs; null if you have no workflow run with this ID.")
    async def workflow_run(
        self,
        info: Info,
        id: GlobalId,
    ) -> WorkflowRun | None:
        owner, run_id = await access.require_owner(info), ids.decode_as("WorkflowRun", id, "id")
        return None if run_id is None else await load_node(info, WORKFLOW_RUN, owner, run_id)

    @strawberry.field(
        description="List the runs of your workflows, by default newest first.", extensions=[PagedField()]
    )
    async def workflow_runs(
        self,
        info: Info,
        page: PageArguments,
        filter: Annotated[
            WorkflowRunFilter | None, strawberry.argument(description="Return only the workflow runs that match.")
        ] = strawberry.UNSET,
        order_by: Annotated[
            WorkflowRunOrder | None,
            strawberry.argument(description="Sort order of the workflow runs. Default: by `CREATED_AT`, descending."),
        ] = strawberry.UNSET,
    ) -> Connection[WorkflowRun]:
        user = await access.require_user(info)
        return await list_workflow_runs(info.context.services, user, filter, order_by, page)
