"""Deletion of old incidents and alerts."""

from datetime import datetime, timedelta
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection

from tocsin.documents import Database

_BATCH = 500
_LONGER = timedelta(days=1)
"""Time for which incidents are kept longer than notifications: a later one with the same cause continues their numbers,
by which notifications are told once."""


async def prune_incidents(database: Database, owner: str, before: datetime) -> None:
    """Delete the owner's incidents that were over before that time, and alerts that belong to no other one."""
    before -= _LONGER
    old = {"owner": owner, "open": False, "opened_at": {"$lt": before}}
    found = database.incidents.find(old, {"over_at": 1, "pending": 1})
    over = [each["_id"] async for each in found if each["over_at"] and each["over_at"] < before and not each["pending"]]
    for start in range(0, len(over), _BATCH):
        ids = over[start : start + _BATCH]
        alerts = database.alerts.find({"incident": {"$in": ids}}, {"open": 1})
        await _delete(database.alerts, [alert["_id"] async for alert in alerts if not alert["open"]])
        await _delete(database.incidents, ids)
    alone = database.alerts.find({"owner": owner, "last_failure_at": {"$lt": before}}, {"incident": 1})
    await _delete(database.alerts, [alert["_id"] async for alert in alone if alert["incident"] is None])


async def _delete(collection: AsyncCollection[Any], ids: list[str]) -> None:
    for start in range(0, len(ids), _BATCH):
        await collection.delete_many({"_id": {"$in": ids[start : start + _BATCH]}})
