"""Queries of dead letters and replays."""

from typing import Annotated

import strawberry

from tocsin.dead_letters import store
from tocsin.documents.paging import PageArguments
from tocsin.graphql import access, ids
from tocsin.graphql.connections import Connection, PagedField
from tocsin.graphql.context import Info
from tocsin.graphql.dead_letters.inputs import DeadLetterFilter, parse_dead_letter_filter
from tocsin.graphql.dead_letters.lists import list_dead_letters, list_replays
from tocsin.graphql.dead_letters.types import DeadLetterCause, Replay, to_dead_letter_cause
from tocsin.graphql.node import REPLAY, load_node
from tocsin.graphql.runs.types import Run

FilterArgument = Annotated[
    DeadLetterFilter | None, strawberry.argument(description="Return only matching dead letters.")
]


@strawberry.type
class DeadLetterQueries:
    @strawberry.field(
        description=(
            "Your dead letters, the latest failure first: runs that failed after their last retry and were neither "
            "discarded nor replayed since."
        ),
        extensions=[PagedField()],
    )
    async def dead_letters(
        self,
        info: Info,
        page: PageArguments,
        filter: FilterArgument = strawberry.UNSET,
    ) -> Connection[Run]:
        user = await access.require_user(info)
        return await list_dead_letters(info.context.services, user, filter, page)

    @strawberry.field(
        description=(
            "Your dead letters grouped by kind of failure and host, the most frequent first. At most 100 groups."
        )
    )
    async def dead_letter_causes(self, info: Info, filter: FilterArgument = strawberry.UNSET) -> list[DeadLetterCause]:
        owner = await access.require_owner(info)
        found = await store.count_by_cause(
            info.context.services.database, owner, parse_dead_letter_filter(filter or None)
        )
        return [to_dead_letter_cause(cause) for cause in found]

    @strawberry.field(description="Fetch one of your replays; null if you have no replay with this ID.")
    async def replay(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global ID of the replay.")],
    ) -> Replay | None:
        owner, replay_id = await access.require_owner(info), ids.decode_as("Replay", id, "id")
        return None if replay_id is None else await load_node(info, REPLAY, owner, replay_id)

    @strawberry.field(description="Your replays, the latest first.", extensions=[PagedField()])
    async def replays(
        self,
        info: Info,
        page: PageArguments,
    ) -> Connection[Replay]:
        user = await access.require_user(info)
        return await list_replays(info.context.services, user, page)
