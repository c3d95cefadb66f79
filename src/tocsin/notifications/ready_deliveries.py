"""Selection of the due deliveries that may be made. Superseded ones are marked, and others postponed."""

from collections.abc import Collection
from datetime import datetime

from pymongo import UpdateOne

from tocsin.documents import Changes, Database, StepStatus, aggregate
from tocsin.documents.delivery_documents import DeliveryDocument
from tocsin.documents.states import DeliveryStatus
from tocsin.documents.updates import Expression, all_of, change_when, has_value
from tocsin.notifications.delivery_order import is_late, plan_deliveries, subject_id, superseding_id

_PROJECTION = {"about": 1, "tries": 1, "queued_at": 1, "next_try_at": 1, "claim": 1, "lease_until": 1, "channel": 1}
IS_QUEUED = has_value("status", DeliveryStatus.QUEUED)
_BATCH = 32


async def find_due_owners(database: Database, now: datetime) -> list[str]:
    """Return the owners of due deliveries. Reads the index entries of all of these."""
    due = {"status": DeliveryStatus.QUEUED, "next_try_at": {"$lte": now}}
    return [
        row["_id"] for row in await aggregate(database.deliveries, [{"$match": due}, {"$group": {"_id": "$owner"}}])
    ]


async def find_ready_deliveries(database: Database, now: datetime, owner: str, busy: Collection[str] = ()) -> list[str]:
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
    await _postpone(database, plan.waiting, now)
    overtaken = await _supersede(database, plan.superseded, now)
    about = {each["_id"]: subject_id(each) for each in pending}
    return [each for each in plan.ready if about.get(each) not in overtaken]


async def find_obsolete_reason(database: Database, delivery: DeliveryDocument, now: datetime) -> str | None:
    """Return why a late delivery is obsolete; None if it must be made."""
    about, good_until = delivery.get("about"), delivery.get("good_until")
    if good_until is not None and good_until <= now:
        return "its link expired before it could be delivered"
    if about is None or about["type"] != "Approval" or not is_late(delivery, now):
        return None
    run = await database.workflow_runs.find_one({"_id": delivery["run"]}, {"steps": 1})
    step = run["steps"].get(about["step"]) if run else None
    waits = step is not None and step["status"] == StepStatus.WAITING and step.get("round", 0) == about["incident"]
    return None if waits else "the step no longer waits for a decision"


def is_due(now: datetime) -> Expression:
    """Return the condition that a delivery is queued and due."""
    return all_of(IS_QUEUED, {"$lte": ["$next_try_at", {"$literal": now}]})


async def _find_superseding(database: Database, pending: list[DeliveryDocument]) -> set[str]:
    """Return the ids of finished deliveries that supersede some of these."""
    later = [each for delivery in pending if (each := superseding_id(delivery)) is not None]
    if not later:
        return set()
    found = database.deliveries.find({"_id": {"$in": later}}, {"status": 1})
    return {each["_id"] async for each in found if each["status"] == DeliveryStatus.DELIVERED}


async def _postpone(database: Database, waiting: dict[str, datetime], now: datetime) -> None:
    """Postpone deliveries that wait for earlier ones, unless another process has claimed them."""
    await _update(database, {each: (is_due(now), {"next_try_at": until}) for each, until in waiting.items()})


async def _supersede(database: Database, outdated: list[str], now: datetime) -> set[str]:
    """Mark superseded deliveries, and return the subjects about which another process has just begun to make one."""
    if not outdated:
        return set()
    unleased = all_of(IS_QUEUED, {"$not": [{"$gt": ["$lease_until", {"$literal": now}]}]})
    changes: Changes = {"status": DeliveryStatus.SUPERSEDED, "claim": None, "lease_until": None}
    await _update(database, dict.fromkeys(outdated, (unleased, changes)))
    found = database.deliveries.find({"_id": {"$in": outdated}}, {"about": 1, "status": 1})
    begun = [subject_id(each) async for each in found if each["status"] == DeliveryStatus.QUEUED]
    return {subject for subject in begun if subject is not None}


async def _update(database: Database, changes: dict[str, tuple[Expression, Changes]]) -> None:
    updates = [UpdateOne({"_id": each}, [change_when(*change)]) for each, change in changes.items()]
    if updates:
        await database.deliveries.bulk_write(updates, ordered=False)
