"""Filters and lists of workflows."""

import strawberry

from tocsin.documents import User
from tocsin.documents.paging import PageArguments
from tocsin.graphql.arguments import prefix_errors
from tocsin.graphql.connections import Connection, connect
from tocsin.graphql.context import Services
from tocsin.graphql.workflows.types import Workflow, to_workflow
from tocsin.workflows.listing import query_workflows


@strawberry.input(description="Filters for workflows, combined with AND.")
class WorkflowFilter:
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Workflows whose name contains this text, ignoring case."
    )
    is_paused: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Workflows that are paused, or that are not."
    )


async def list_workflows(
    services: Services, owner: User, filter_: WorkflowFilter | None, page: PageArguments
) -> Connection[Workflow]:
    """Return a page of the owner's workflows, newest first. Raises InvalidInput."""
    with prefix_errors("filter"):
        is_paused = filter_.is_paused if filter_ and isinstance(filter_.is_paused, bool) else None
        query = query_workflows(services.database, owner, (filter_ and filter_.name) or None, is_paused=is_paused)
    return await connect(query, page, to_workflow)
