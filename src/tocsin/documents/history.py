"""Records for clients that were away: deleted tasks, where the history begins, runs that settled late."""

from collections.abc import Collection
from datetime import datetime

from pymongo import UpdateOne

from tocsin.documents.database import Database

_BATCH = 500


async def note_deleted_tasks(database: Database, owner: str, task_ids: Collection[str]) -> None:
    """Note that these tasks of an owner are deleted. Call it before: a note of a task that still exists is ignored."""
    note = [{"$replaceWith": {"_id": "$_id", "owner": {"$literal": owner}, "deleted_at": "$$NOW"}}]
    ids = list(task_ids)
    for start in range(0, len(ids), _BATCH):
        notes = [UpdateOne({"_id": task_id}, note, upsert=True) for task_id in ids[start : start + _BATCH]]
        await database.deleted_tasks.bulk_write(notes, ordered=False)


async def prune_deleted_tasks(database: Database, owner: str, before: datetime) -> None:
    """Delete the notes of an owner's tasks that were deleted before that time."""
    old = database.deleted_tasks.find({"owner": owner, "deleted_at": {"$lt": before}}, {"_id": 1})
    ids = [row["_id"] async for row in old]
    for start in range(0, len(ids), _BATCH):
        await database.deleted_tasks.delete_many({"_id": {"$in": ids[start : start + _BATCH]}})


async def begin_history_at(database: Database, owner: str, begins_at: datetime) -> None:
    """Note that what ended before that time is about to be deleted. An earlier time changes nothing."""
    latest = [{"$set": {"begins_at": {"$max": ["$begins_at", {"$literal": begins_at}]}}}]
    await database.histories.update_one({"_id": owner}, latest, upsert=True)


async def find_history_begin(database: Database, owner: str) -> datetime | None:
    """Return the time before which history of an owner may be missing; None if nothing was ever deleted."""
    found = await database.histories.find_one({"_id": owner})
    return found["begins_at"] if found else None


async def stamp_late_ends(database: Database, run_ids: Collection[str]) -> None:
    """Stamp runs with the present, because the database took long to store the ends of their attempts.

    Whoever reads what changed since a time would look for them before it.
    """
    stamp = [{"$set": {"settled_late_at": "$$NOW"}}]
    await database.runs.update_many({"_id": {"$in": list(run_ids)}}, stamp)
