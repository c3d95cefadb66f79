"""Queries of runs."""

from typing import Annotated

import strawberry

from tocsin.documents.paging import PageArguments
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import GlobalId
from tocsin.graphql.connections import Connection, PagedField
from tocsin.graphql.context import Info
from tocsin.graphql.node import RUN, load_node
from tocsin.graphql.runs.lists import RunFilter, RunOrder, list_runs
from tocsin.graphql.runs.types import Run


@strawberry.type
class RunQueries:
    @strawberry.field(description="Fetch one of your runs; null if you have no run with this ID.")
    async def run(self, info: Info, id: GlobalId) -> Run | None:
        owner, run_id = await access.require_owner(info), ids.decode_as("Run", id, "id")
        return None if run_id is None else await load_node(info, RUN, owner, run_id)

    @strawberry.field(
        description="List the runs of all your tasks, by default latest due time first.", extensions=[PagedField()]
    )
    async def runs(
        self,
        info: Info,
        page: PageArguments,
        filter: Annotated[
            RunFilter | None, strawberry.argument(description="Return only the runs that match.")
        ] = strawberry.UNSET,
        order_by: Annotated[
            RunOrder | None,
            strawberry.argument(description="Sort order of the runs. Default: by `DUE_AT`, descending."),
        ] = strawberry.UNSET,
    ) -> Connection[Run]:
        user = await access.require_user(info)
        return await list_runs(info, user, filter, order_by, page)
