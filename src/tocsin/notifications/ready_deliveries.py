"""Selection of the due mails that may be sent. Superseded ones are marked, and others postponed."""

from collections.abc import Collection
from datetime import datetime

from pymongo import UpdateOne

from tocsin.documents import Database, DeliveryDocument, DeliveryStatus, Doc
from tocsin.documents.updates import Expression, all_of, change_when, has_value
from tocsin.notifications.delivery_order import plan_deliveries, superseding_id

_PROJECTION = {"about": 1, "tries": 1, "queued_at": 1, "next_try_at": 1, "claim": 1, "lease_until": 1}
_QUEUED = has_value("status", DeliveryStatus.QUEUED)
_BATCH = 32


async def find_due_owners(database: Database, now: datetime) -> list[str]:
    """Return the owners of due mails. Reads the index entries of all of these."""
    due: list[Doc] = [
        {"$match": {"status": "QUEUED", "next_try_at": {"$lte": now}}},
        {"$group": {"_id": "$owner"}},
    ]
    return [found["_id"] async for found in await database.deliveries.aggregate(due)]


async def find_ready_deliveries(database: Database, now: datetime, owner: str, busy: Collection[str] = ()) -> list[str]:
    """Return ids of this owner's mails that may be sent now, except those about a `busy` subject."""
    found = database.deliveries.find({"status": "QUEUED", "owner": owner, "next_try_at": {"$lte": now}}, _PROJECTION)
    looked_at = await found.sort("next_try_at", 1).limit(_BATCH).to_list()
    due = [mail for mail in looked_at if not mail.get("about") or mail["about"]["id"] not in busy]
    things = list({mail["about"]["id"] for mail in due if mail.get("about")})
    if not things:
        return [mail["_id"] for mail in due]
    pending = await database.deliveries.find({"status": "QUEUED", "about.id": {"$in": things}}, _PROJECTION).to_list()
    sorting = plan_deliveries(due, pending, await _delivered(database, pending), now)
    await _postpone(database, sorting.waiting, now)
    overtaken = await _supersede(database, sorting.superseded, now)
    about = {mail["_id"]: mail["about"]["id"] for mail in pending}
    return [each for each in sorting.ready if about.get(each) not in overtaken]


async def _delivered(database: Database, pending: list[DeliveryDocument]) -> set[str]:
    """Return the ids of delivered mails that supersede some of these."""
    later = [each for mail in pending if (each := superseding_id(mail)) is not None]
    if not later:
        return set()
    found = database.deliveries.find({"_id": {"$in": later}}, {"status": 1})
    return {mail["_id"] async for mail in found if mail["status"] == "DELIVERED"}


async def _postpone(database: Database, waiting: dict[str, datetime], now: datetime) -> None:
    """Postpone mails that wait for earlier ones, unless another process has claimed them."""
    still_due = all_of(_QUEUED, {"$lte": ["$next_try_at", {"$literal": now}]})
    await _update(database, {each: (still_due, {"next_try_at": until}) for each, until in waiting.items()})


async def _supersede(database: Database, outdated: list[str], now: datetime) -> set[str]:
    """Mark superseded mails, and return the subjects about which another process has just begun to send one."""
    if not outdated:
        return set()
    unleased = all_of(_QUEUED, {"$not": [{"$gt": ["$lease_until", {"$literal": now}]}]})
    changes: Doc = {"status": DeliveryStatus.SUPERSEDED, "claim": None, "lease_until": None}
    await _update(database, dict.fromkeys(outdated, (unleased, changes)))
    found = database.deliveries.find({"_id": {"$in": outdated}}, {"about": 1, "status": 1})
    return {mail["about"]["id"] async for mail in found if mail["status"] == "QUEUED"}


async def _update(database: Database, changes: dict[str, tuple[Expression, Doc]]) -> None:
    updates = [UpdateOne({"_id": each}, [change_when(*change)]) for each, change in changes.items()]
    if updates:
        await database.deliveries.bulk_write(updates, ordered=False)
