"""Lists of dead letters and replays."""

from tocsin.dead_letters.listing import query_dead_letters, query_replays
from tocsin.documents import User
from tocsin.documents.paging import PageArguments
from tocsin.graphql.connections import Connection, connect
from tocsin.graphql.context import Services
from tocsin.graphql.dead_letters.inputs import DeadLetterFilter, parse_dead_letter_filter
from tocsin.graphql.dead_letters.types import Replay, to_replay
from tocsin.graphql.runs.types import Run, to_run


async def list_dead_letters(
    services: Services, owner: User, filter_: DeadLetterFilter | None, page: PageArguments
) -> Connection[Run]:
    """Return a page of the owner's dead letters, latest failure first. Raises InvalidInput."""
    query = query_dead_letters(services.database, owner, parse_dead_letter_filter(filter_))
    return await connect(query, page, to_run)


async def list_replays(services: Services, owner: User, page: PageArguments) -> Connection[Replay]:
    """Return a page of the owner's replays, newest first. Raises InvalidInput."""
    return await connect(query_replays(services.database, owner), page, to_replay)
