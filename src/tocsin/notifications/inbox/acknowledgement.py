"""Acknowledging notifications: their owner has seen them."""

from collections.abc import Sequence
from datetime import datetime

from tocsin.documents import Database, User
from tocsin.documents.keyset import CursorPosition
from tocsin.documents.paging import MAX_FILTERED, Count, count_rows
from tocsin.documents.updates import change_when, has_value
from tocsin.documents.walks import Walk
from tocsin.notifications.inbox.listing import query_unacknowledged
from tocsin.notifications.inbox.positions import FeedPosition
from tocsin.notifications.live.acknowledgements import settle_acknowledged

_BATCH = 500


async def acknowledge_each(database: Database, owner: str, ids: Sequence[str], now: datetime) -> int:
    """Acknowledge these notifications of the owner, which the caller has checked. Return how many were not before.

    Their clients are told, and their live deliveries end.
    """
    changes = {"acknowledged": True, "acknowledged_at": now}
    update = [change_when(has_value("acknowledged", False), changes)]
    result = await database.notifications.update_many({"_id": {"$in": list(ids)}}, update)
    if result.modified_count:
        database.changes.notifications_acknowledged(owner, ids)
        await settle_acknowledged(database, owner, ids, now)
    return result.modified_count


async def acknowledge_up_to(database: Database, owner: User, position: FeedPosition, now: datetime) -> int:
    """Acknowledge what a reader at this position was given, and all before. Return how many were not before."""
    count, start, query = 0, None, query_unacknowledged(database, owner)
    while True:
        rows, _ = await Walk(query, False, start).take(_BATCH, MAX_FILTERED)
        seen = [row["_id"] for row in rows if position.has_given(row)]
        count += await acknowledge_each(database, owner.id, seen, now) if seen else 0
        if len(rows) < _BATCH or not seen:
            return count
        start = CursorPosition(rows[-1]["stored_at"], rows[-1]["_id"])


async def count_unacknowledged(database: Database, owner: User) -> Count:
    """Count the owner's unacknowledged notifications, up to the bound of lists."""
    return await count_rows(query_unacknowledged(database, owner))
