"""Stored notifications: one for each event, whatever the channels do, until its owner's history is pruned."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from tocsin.documents import Database, NotificationDocument
from tocsin.documents.inserts import existing_indexes
from tocsin.documents.updates import Pipeline
from tocsin.notifications.events import LINK_EVENTS, Event
from tocsin.notifications.inbox.data import describe_for_programs
from tocsin.notifications.texts import describe_event

_BATCH = 500
_IS_NEW = {"$eq": [{"$type": "$stored_at"}, "missing"]}


async def store_notifications(database: Database, events: Iterable[Event]) -> None:
    """Store the notification of each event, once however often its cause is processed, and record what is new.

    Links are left out: only a mail may contain them. Raises what the driver raises, or what cancels it: then all that
    may have been stored is recorded, because a repetition finds nothing new.
    """
    fresh = [make_notification(event) for event in events if event.kind not in LINK_EVENTS]
    for start in range(0, len(fresh), _BATCH):
        batch = fresh[start : start + _BATCH]
        new: Iterable[int] = range(len(batch))
        try:
            new = await _insert_new(database, batch)
        finally:
            database.changes.notifications_stored(batch[index]["owner"] for index in new)


def make_notification(event: Event) -> dict[str, Any]:
    """Return the notification of an event as it will be stored, without the time of that."""
    subject, content = describe_event(event)
    return {
        "_id": event.id,
        "owner": event.owner,
        "kind": event.kind.value,
        "at": event.at,
        "subject": subject,
        "text": content.clean().plain_text,
        "page": event.page,
        "run": event.run,
        "about": event.about,
        "data": dict(describe_for_programs(event)),
        "acknowledged": False,
        "acknowledged_at": None,
    }


async def _insert_new(database: Database, notifications: Sequence[dict[str, Any]]) -> list[int]:
    """Insert those that do not exist, and return their indexes.

    The database sets `stored_at` by its own clock when it makes the insert. A time of the writer would be earlier by as
    long as the insert took to arrive, and readers would have passed it (see `positions`).
    """
    inserts = [UpdateOne({"_id": each["_id"]}, _insert_if_new(each), upsert=True) for each in notifications]
    try:
        result = await database.notifications.bulk_write(inserts, ordered=False)
        return sorted(result.upserted_ids or {})
    except BulkWriteError as error:  # two upserts at once: one of them finds the document of the other
        existing_indexes(error)
        return sorted(row["index"] for row in error.details.get("upserted", []))


def _insert_if_new(notification: dict[str, Any]) -> Pipeline:
    new = {"$mergeObjects": [{"$literal": notification}, {"stored_at": "$$NOW"}]}
    return [{"$replaceWith": {"$cond": [_IS_NEW, new, "$$ROOT"]}}]


async def find_stored(database: Database, event_ids: Collection[str]) -> set[str]:
    """Return the IDs of those of these events whose notification is stored."""
    if not event_ids:
        return set()
    found = database.notifications.find({"_id": {"$in": list(event_ids)}}, {"_id": 1})
    return {row["_id"] async for row in found}


async def find_notifications(database: Database, owner: str, ids: Collection[str]) -> dict[str, NotificationDocument]:
    """Return those of these notifications that are the owner's, by ID. The ID alone does not tell its owner."""
    found = await database.notifications.find({"_id": {"$in": list(ids)}}).to_list()
    return {row["_id"]: row for row in found if row["owner"] == owner}


async def prune_notifications(database: Database, owner: str, before: datetime) -> int:
    """Delete the owner's notifications that were stored before that time, and return their number."""
    old = database.notifications.find({"owner": owner, "stored_at": {"$lt": before}}, {"_id": 1})
    ids = [row["_id"] async for row in old]
    for start in range(0, len(ids), _BATCH):
        await database.notifications.delete_many({"_id": {"$in": ids[start : start + _BATCH]}})
    return len(ids)
