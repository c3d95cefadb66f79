"""The claims of due deliveries: which of them may be made now, and by which process.

A claim writes a token and moves the delivery's `next_try_at` to the end of its lease, so that other processes skip it.
Superseded deliveries are marked on the way, and those that wait for an earlier one are postponed: see `delivery_order`.
Every change is a conditional update.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from pymongo import UpdateOne

from tocsin.documents import Changes, Database, DeliveryDocument, DeliveryStatus, aggregate
from tocsin.documents.updates import Expression, all_of, change_when, has_value
from tocsin.notifications.delivery_order import plan_deliveries, subject_id, superseding_id

_PROJECTION = {"about": 1, "tries": 1, "queued_at": 1, "next_try_at": 1, "claim": 1, "lease_until": 1, "channel": 1}
_BATCH = 32
IS_QUEUED = has_value("status", DeliveryStatus.QUEUED)


async def find_due_owners(database: Database, now: datetime) -> list[str]:
    """Return the owners of due deliveries. Reads the index entries of all of these."""
    due = {"status": DeliveryStatus.QUEUED, "next_try_at": {"$lte": now}}
    rows = await aggregate(database.deliveries, [{"$match": due}, {"$group": {"_id": "$owner"}}])
    return [row["_id"] for row in rows]


async def claim_deliveries(
    database: Database,
    owner: str,
    now: datetime,
    lease: timedelta,
    *,
    limit: int,
    in_progress: Mapping[str, DeliveryDocument],
) -> list[DeliveryDocument]:
    """Claim up to `limit` of this owner's due deliveries, and return them.

    Those `in_progress` (by id) in this process are left out, and those about the same subjects.
    """
    busy = {subject for each in in_progress.values() if (subject := subject_id(each)) is not None}
    ready = await _find_ready(database, owner, now, busy)
    ids = [each for each in ready if each not in in_progress][:limit]
    if not ids:
        return []
    token = uuid4().hex
    claim = {"claim": token, **_leased_until(now + lease)}
    await update_deliveries(database, [change_delivery(each, _is_due(now), claim) for each in ids])
    found = database.deliveries.find({"_id": {"$in": ids}})
    return [delivery async for delivery in found if delivery.get("claim") == token]


async def renew_leases(database: Database, deliveries: Iterable[DeliveryDocument], until: datetime) -> None:
    """Renew the leases of claimed deliveries."""
    lease = _leased_until(until)
    await update_deliveries(database, [change_delivery(each["_id"], is_claimed(each), lease) for each in deliveries])


def is_claimed(delivery: DeliveryDocument) -> Expression:
    """Return the condition that the delivery is queued, and still claimed as it was read."""
    return all_of(IS_QUEUED, has_value("claim", delivery.get("claim")))


def change_delivery(delivery_id: str, condition: Expression, changes: Changes) -> UpdateOne:
    """Return an update of a delivery that applies if `condition` holds."""
    return UpdateOne({"_id": delivery_id}, [change_when(condition, changes)])


async def update_deliveries(database: Database, updates: list[UpdateOne]) -> None:
    """Write the updates, of which there may be none."""
    if updates:
        await database.deliveries.bulk_write(updates, ordered=False)


async def _find_ready(database: Database, owner: str, now: datetime, busy: Collection[str]) -> list[str]:
    """Return ids of this owner's deliveries that may be made now, except those about a `busy` subject."""
    query = {"status": DeliveryStatus.QUEUED, "owner": owner, "next_try_at": {"$lte": now}}
    oldest = await database.deliveries.find(query, _PROJECTION).sort("next_try_at", 1).limit(_BATCH).to_list()
    due = [each for each in oldest if subject_id(each) not in busy]
    subjects = list({subject for each in due if (subject := subject_id(each)) is not None})
    if not subjects:
        return [each["_id"] for each in due]
    query = {"status": DeliveryStatus.QUEUED, "about.id": {"$in": subjects}}
    pending = await database.deliveries.find(query, _PROJECTION).to_list()
    plan = plan_deliveries(due, pending, await _find_superseding(database, pending), now)
    postponed = [change_delivery(each, _is_due(now), {"next_try_at": until}) for each, until in plan.waiting.items()]
    await update_deliveries(database, postponed)
    overtaken = await _supersede(database, plan.superseded, now)
    about = {each["_id"]: subject_id(each) for each in pending}
    return [each for each in plan.ready if about.get(each) not in overtaken]


async def _find_superseding(database: Database, pending: list[DeliveryDocument]) -> set[str]:
    """Return the ids of finished deliveries that supersede some of these."""
    later = [each for delivery in pending if (each := superseding_id(delivery)) is not None]
    if not later:
        return set()
    found = database.deliveries.find({"_id": {"$in": later}}, {"status": 1})
    return {each["_id"] async for each in found if each["status"] == DeliveryStatus.DELIVERED}


async def _supersede(database: Database, outdated: list[str], now: datetime) -> set[str]:
    """Mark superseded deliveries, and return the subjects about which another process has just begun to make one."""
    if not outdated:
        return set()
    is_unleased = all_of(IS_QUEUED, {"$not": [{"$gt": ["$lease_until", {"$literal": now}]}]})
    changes: Changes = {"status": DeliveryStatus.SUPERSEDED, "claim": None, "lease_until": None, "content": None}
    await update_deliveries(database, [change_delivery(each, is_unleased, changes) for each in outdated])
    found = database.deliveries.find({"_id": {"$in": outdated}}, {"about": 1, "status": 1})
    begun = [subject_id(each) async for each in found if each["status"] == DeliveryStatus.QUEUED]
    return {subject for subject in begun if subject is not None}


def _is_due(now: datetime) -> Expression:
    return all_of(IS_QUEUED, {"$lte": ["$next_try_at", {"$literal": now}]})


def _leased_until(until: datetime) -> Changes:
    return {"lease_until": until, "next_try_at": until}
