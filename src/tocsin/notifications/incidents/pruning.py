"""Deletion of old incidents and alerts.

A flapping target makes alerts for as long as its incident is open. So alerts that ended are deleted before their
incident, which keeps their totals: these are stored with the IDs of the alerts, in one update, before the alerts are
deleted. What a crash leaves between the two is done at the next pruning, and is counted once in any case.
"""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pymongo import UpdateOne
from pymongo.asynchronous.collection import AsyncCollection

from tocsin import clock
from tocsin.documents import AlertDocument, Database, PrunedAlertsDocument, aggregate
from tocsin.documents.updates import Expression, Pipeline, change_when

MAX_KEPT = 1_000
"""Alerts of an open incident, the newest, beyond which those that ended are deleted early."""
MIN_AGE = timedelta(hours=1)
"""Time for which an alert that ended is kept in any case: until then, it may begin again."""
_BATCH = 500
D = TypeVar("D")
_LONGER = timedelta(days=1)
"""Time for which incidents are kept longer than notifications: a later one with the same cause continues their numbers,
by which notifications are told once."""
_FIELDS = dict.fromkeys(("incident", "subject", "failures", "last_failure_at", "open", "ended_at", "pending"), 1)
_NOTHING: PrunedAlertsDocument = {
    "failures": 0, "subjects": 0, "last_failure_at": clock.EPOCH, "alerts": [], "turn": 0
}  # fmt: skip


async def prune_incidents(database: Database, owner: str, before: datetime) -> None:
    """Delete the owner's incidents that were over before that time, and alerts that ended before it, or are too many.

    Of an incident that stays, the deleted alerts go on to count.
    """
    before -= _LONGER
    await _prune_over(database, owner, before)
    await _prune_old_alerts(database, owner, before)
    async for incidents in _in_batches(database.incidents.find({"owner": owner, "open": True}, {"_id": 1})):
        for incident_id in await _find_with_surplus(database, [each["_id"] for each in incidents]):
            await _prune_surplus(database, incident_id, clock.now() - MIN_AGE)


async def _prune_over(database: Database, owner: str, before: datetime) -> None:
    old = {"owner": owner, "open": False, "opened_at": {"$lt": before}}
    found = database.incidents.find(old, {"over_at": 1, "pending": 1})
    over = [each["_id"] async for each in found if each["over_at"] and each["over_at"] < before and not each["pending"]]
    for start in range(0, len(over), _BATCH):
        ids = over[start : start + _BATCH]
        async for alerts in _in_batches(database.alerts.find({"incident": {"$in": ids}}, {"open": 1})):
            await _delete(database.alerts, [alert["_id"] for alert in alerts if not alert["open"]])
        await _delete(database.incidents, ids)


async def _prune_old_alerts(database: Database, owner: str, before: datetime) -> None:
    """Delete alerts that ended before that time, and old ones that are not due for an incident."""
    old = database.alerts.find({"owner": owner, "last_failure_at": {"$lt": before}}, _FIELDS)
    async for alerts in _in_batches(old):
        await _delete(database.alerts, [alert["_id"] for alert in alerts if alert["incident"] is None])
        ended: dict[str, list[AlertDocument]] = {}
        for alert in alerts:
            if alert["incident"] is not None and _has_ended(alert, before):
                ended.setdefault(alert["incident"], []).append(alert)
        for incident, members in ended.items():
            await _delete_counted(database, incident, members)


async def _find_with_surplus(database: Database, incidents: Sequence[str]) -> list[str]:
    """Return those of these incidents that have too many alerts, and some that ended."""
    counts: Expression = {"$group": {"_id": "$incident", "all": {"$sum": 1}, "all_open": {"$min": "$open"}}}
    stages: Pipeline = [{"$match": {"incident": {"$in": list(incidents)}}}, counts]
    rows = await aggregate(database.alerts, stages)
    return sorted(row["_id"] for row in rows if row["all"] > MAX_KEPT and not row["all_open"])


async def _prune_surplus(database: Database, incident_id: str, before: datetime) -> None:
    """Delete alerts of an incident that ended before that time, except the newest ones."""
    found = database.alerts.find({"incident": {"$in": [incident_id]}}, _FIELDS)
    async for alerts in _in_batches(found.sort("opened_at", -1).skip(MAX_KEPT)):
        await _delete_counted(database, incident_id, [alert for alert in alerts if _has_ended(alert, before)])


async def _in_batches(documents: AsyncIterable[D]) -> AsyncIterator[list[D]]:
    batch: list[D] = []
    async for document in documents:
        batch.append(document)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _has_ended(alert: AlertDocument, before: datetime) -> bool:
    """Tell whether an alert ended before that time, and the keeper of incidents has seen it."""
    ended_at = alert["ended_at"]
    return not alert["open"] and not alert["pending"] and ended_at is not None and ended_at < before


async def _delete_counted(database: Database, incident_id: str, alerts: Sequence[AlertDocument]) -> None:
    """Delete alerts of an incident, and add what they contain to its totals, once."""
    ids = [alert["_id"] for alert in alerts]
    incident = await database.incidents.find_one({"_id": incident_id}, {"pruned": 1})
    if incident is None:
        await _delete(database.alerts, ids)
        return
    totals = incident.get("pruned") or _NOTHING
    if totals["alerts"]:
        totals = await _delete_announced(database, incident_id, totals)
    # Read again after the totals: what another process has deleted before is in them, and what it deletes later
    # changes them.
    present = await database.alerts.find({"_id": {"$in": ids}}, _FIELDS).to_list()
    if not present:
        return
    added = _add(totals, present, await _count_last(database, incident_id, present))
    if await _store(database, incident_id, added):
        await _delete_announced(database, incident_id, added)


async def _delete_announced(database: Database, incident_id: str, totals: PrunedAlertsDocument) -> PrunedAlertsDocument:
    """Delete the alerts that are counted already, and return the totals without their IDs."""
    await _delete(database.alerts, totals["alerts"])
    done: PrunedAlertsDocument = {**totals, "alerts": [], "turn": totals["turn"] + 1}
    await _store(database, incident_id, done)
    return done


async def _store(database: Database, incident_id: str, totals: PrunedAlertsDocument) -> bool:
    """Store totals, unless they have changed since the turn before, and return whether they were stored."""
    same: Expression = {"$eq": [{"$ifNull": ["$pruned.turn", 0]}, totals["turn"] - 1]}
    update = change_when(same, {"pruned": totals})
    result = await database.incidents.bulk_write([UpdateOne({"_id": incident_id}, [update])])
    return result.modified_count > 0


def _add(totals: PrunedAlertsDocument, alerts: Sequence[AlertDocument], subjects: int) -> PrunedAlertsDocument:
    """Return the totals with these alerts, which are the last ones of so many subjects."""
    return {
        "failures": totals["failures"] + sum(alert["failures"] for alert in alerts),
        "subjects": totals["subjects"] + subjects,
        "last_failure_at": max(totals["last_failure_at"], *(alert["last_failure_at"] for alert in alerts)),
        "alerts": [alert["_id"] for alert in alerts],
        "turn": totals["turn"] + 1,
    }


async def _count_last(database: Database, incident_id: str, alerts: Sequence[AlertDocument]) -> int:
    """Return the number of subjects of which the incident has no other alerts than these."""
    subjects = {alert["subject"] for alert in alerts}
    others = {"subject": {"$in": list(subjects)}, "_id": {"$nin": [alert["_id"] for alert in alerts]}}
    of_incident: Expression = {"$match": {"incident": {"$in": [incident_id]}}}
    stages: Pipeline = [of_incident, {"$match": others}, {"$group": {"_id": "$subject"}}]
    return len(subjects) - len(await aggregate(database.alerts, stages))


async def _delete(collection: AsyncCollection[Any], ids: Sequence[str]) -> None:
    for start in range(0, len(ids), _BATCH):
        await collection.delete_many({"_id": {"$in": list(ids[start : start + _BATCH])}})
