"""Incidents that are looked at now, because nobody watches what they are about any more."""

from datetime import datetime

from tocsin.documents import Changes, Database
from tocsin.documents.updates import change_when, update_by_ids
from tocsin.notifications.incidents.alerts import CHANGED, IS_OPEN

_BATCH = 500


async def review_incidents(database: Database, owner: str, now: datetime) -> None:
    """Have the keeper look at all open incidents of an owner, and at the tasks and workflows behind them."""
    found = await database.incidents.find({"owner": owner, "open": True}, {"_id": 1}).to_list()
    looked_at: Changes = {"pending": True, "handle_at": now, "check_at": now}
    review = change_when(IS_OPEN, looked_at, CHANGED)
    for start in range(0, len(found), _BATCH):
        ids = [each["_id"] for each in found[start : start + _BATCH]]
        await database.incidents.bulk_write([update_by_ids(ids, [review])])
    if found:
        database.alerts_changed()
