"""Queries for lists of dead letters and replays."""

from tocsin import clock
from tocsin.dead_letters import store
from tocsin.dead_letters.filter import DeadLetterFilter
from tocsin.documents import Database, ReplayDocument, RunDocument, User
from tocsin.documents.keyset import KeysetQuery
from tocsin.tasks.listing import RUN_PROJECTION


def query_dead_letters(database: Database, owner: User, criteria: DeadLetterFilter) -> KeysetQuery[RunDocument]:
    """Build the query for dead letters of the owner, latest failure first."""
    first, last = criteria.time_range()
    return KeysetQuery(
        collection=database.runs,
        order_name="dead_letter",
        key=store.SORT_FIELD,
        descending=True,
        indexed_filter=store.base_query(owner.id),
        extra_filter=criteria.residual_query(),
        projection=dict(RUN_PROJECTION),
        min_key=first,
        max_key=last,
        key_range_hint=(owner.created_at, clock.now()),
    )


def query_replays(database: Database, owner: User) -> KeysetQuery[ReplayDocument]:
    """Build the query for replays of the owner, newest first."""
    return KeysetQuery(
        collection=database.replays,
        order_name="replay_created_at",
        key="created_at",
        descending=True,
        indexed_filter={"owner": owner.id},
        key_range_hint=(owner.created_at, clock.now()),
    )
