"""The claims of due deliveries: which of them may be made now, and by which process.

A claim writes a token and moves the delivery's `next_try_at` to the end of its lease, so that other processes skip it.
Superseded deliveries are marked on the way, and those that wait for an earlier one are postponed: see `delivery_order`.
Every change is a conditional update.

However many wait, at most `_MAX_PENDING` are read at a time: what newer ones replace is marked until the rest fits.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from pymongo import UpdateMany, UpdateOne

from tocsin import clock
from tocsin.documents import Changes, Database, DeliveryDocument, DeliveryStatus, Filter, aggregate
from tocsin.documents.narrowed_queries import find_narrowed
from tocsin.documents.updates import Expression, all_of, change_when, has_value, update_by_ids
from tocsin.notifications.delivery_order import Group, find_replaced, group_of, plan_deliveries, superseding_id
from tocsin.notifications.due_backlog import MAX_READ_AHEAD, DueBacklog
from tocsin.telemetry import get_logger

_PROJECTION = {
    "about": 1,
    "tries": 1,
    "queued_at": 1,
    "next_try_at": 1,
    "claim": 1,
    "lease_until": 1,
    "channel": 1,
    "acknowledge_by": 1,
    "held_until": 1,
    "digest": 1,
}
_BATCH = 32
_MAX_PENDING = 1_000
"""Deliveries that are read at a time. It must exceed `_BATCH` groups of `MAX_WAITING` and `MAX_SET_ASIDE`."""
_REPLACED = "Newer notifications about the same subject replaced it while they waited for the channel."
MAILS: Filter = {"channel": None}
TO_CHANNELS: Filter = {"channel": {"$ne": None}}
"""Queries for deliveries by mail, and for those to other channels."""
IS_QUEUED = has_value("status", DeliveryStatus.QUEUED)
_log = get_logger(__name__)


async def find_due_owners(database: Database, now: datetime, since: datetime | None = None) -> list[str]:
    """Return the owners of due deliveries, or of those that became due after `since`. Reads all of these."""
    due = {"status": DeliveryStatus.QUEUED, "next_try_at": {"$gt": since or clock.EPOCH, "$lte": now}}
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
    among: Filter | None = None,
    backlog: DueBacklog | None = None,
) -> list[DeliveryDocument]:
    """Claim up to `limit` of this owner's due deliveries, of those that `among` selects, and return them.

    Those `in_progress` (by id) in this process are left out, and those of the same channels about the same subjects.
    A `backlog` keeps what was read ahead for the next calls.
    """
    find_oldest = partial(_find_oldest, database, owner, now, among or {}, backlog or DueBacklog())
    ids = (await _find_claimable(database, find_oldest, in_progress, now))[:limit]
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


async def postpone_channel(
    database: Database,
    delivery: DeliveryDocument,
    until: datetime,
    reason: str,
    *,
    queued_after: datetime,
    now: datetime,
) -> None:
    """Postpone what is due for the channel of this delivery, many with one command, unless it was queued earlier."""
    query = {"status": DeliveryStatus.QUEUED, "owner": delivery["owner"], "next_try_at": {"$lte": now}}
    others = {"channel": delivery.get("channel"), "queued_at": {"$gt": queued_after}}
    postponed = change_when(_is_due(now), {"next_try_at": until, "last_error": reason})
    while until > now:
        found = await find_narrowed(database.deliveries, query, others, fields={"_id": 1}, limit=_MAX_PENDING)
        if found:
            await update_deliveries(database, [update_by_ids([each["_id"] for each in found], [postponed])])
        if len(found) < _MAX_PENDING:
            return


def is_claimed(delivery: DeliveryDocument) -> Expression:
    """Return the condition that the delivery is queued, and still claimed as it was read."""
    return all_of(IS_QUEUED, has_value("claim", delivery.get("claim")))


def change_delivery(delivery_id: str, condition: Expression, changes: Changes) -> UpdateOne:
    """Return an update of a delivery that applies if `condition` holds."""
    return UpdateOne({"_id": delivery_id}, [change_when(condition, changes)])


async def update_deliveries(database: Database, updates: Sequence[UpdateOne | UpdateMany]) -> None:
    """Write the updates, of which there may be none."""
    if updates:
        await database.deliveries.bulk_write(updates, ordered=False)


async def _find_claimable(
    database: Database,
    find_oldest: Callable[[], Awaitable[list[DeliveryDocument]]],
    in_progress: Mapping[str, DeliveryDocument],
    now: datetime,
) -> list[str]:
    """Return ids of due deliveries that may be made now: of the oldest, or of those behind if all of these must wait.

    What must wait is postponed, and so gives its place to others. If nothing was, there is nothing more to be found.
    """
    busy = {group for each in in_progress.values() if (group := group_of(each)) is not None}
    seen: list[str] = []
    while True:
        oldest = await find_oldest()
        ready = await _find_ready(database, [each for each in oldest if group_of(each) not in busy], now)
        ids, looked_at = [each for each in ready if each not in in_progress], [each["_id"] for each in oldest]
        if ids or looked_at == seen:
            return ids
        seen = looked_at


async def _find_oldest(
    database: Database, owner: str, now: datetime, among: Filter, backlog: DueBacklog
) -> list[DeliveryDocument]:
    """Return the oldest of this owner's due deliveries, of those that `among` selects."""
    key = f"{owner} {among}"
    while ids := backlog.peek(key, _BATCH):
        found = await database.deliveries.find({"_id": {"$in": ids}}, _PROJECTION | {"status": 1}).to_list()
        due = [each for each in found if each["status"] == DeliveryStatus.QUEUED and each["next_try_at"] <= now]
        backlog.drop(key, set(ids) - {each["_id"] for each in due})
        if due:
            return sorted(due, key=lambda each: each["next_try_at"])
    query = {"status": DeliveryStatus.QUEUED, "owner": owner, "next_try_at": {"$lte": now}}
    rows: list[DeliveryDocument] = await find_narrowed(
        database.deliveries, query, among, fields=_PROJECTION, sort="next_try_at", limit=MAX_READ_AHEAD
    )
    if len(rows) > _BATCH:
        backlog.put(key, [row["_id"] for row in rows])
    return rows[:_BATCH]


async def _find_ready(database: Database, due: list[DeliveryDocument], now: datetime) -> list[str]:
    """Return ids of those of these due deliveries that may be made now."""
    pending = await _find_pending(database, due, now)
    plan = plan_deliveries(due, pending, await _find_superseding(database, pending), now)
    postponed = [change_delivery(each, _is_due(now), {"next_try_at": until}) for each, until in plan.waiting.items()]
    await update_deliveries(database, postponed)
    overtaken = await _supersede(database, plan.superseded, now) | await _replace(database, plan.replaced, now)
    groups = {each["_id"]: group_of(each) for each in pending}
    return [each for each in plan.ready if groups.get(each) not in overtaken]


async def _find_pending(database: Database, due: Iterable[DeliveryDocument], now: datetime) -> list[DeliveryDocument]:
    """Return all queued deliveries of the channels of these about their subjects."""
    subjects: dict[str | None, set[str]] = {}
    for channel, subject in filter(None, map(group_of, due)):
        subjects.setdefault(channel, set()).add(subject)
    return [
        each for channel, some in subjects.items() for each in await _find_waiting(database, channel, sorted(some), now)
    ]


async def _find_waiting(
    database: Database, channel: str | None, subjects: list[str], now: datetime
) -> list[DeliveryDocument]:
    """Return all queued deliveries of a channel about these subjects. While there are too many, mark older ones."""
    query = {"status": DeliveryStatus.QUEUED, "about.id": {"$in": subjects}}
    while True:
        found = await find_narrowed(
            database.deliveries, query, {"channel": channel}, fields=_PROJECTION, limit=_MAX_PENDING
        )
        replaced = find_replaced(found, now)
        if len(found) < _MAX_PENDING or not replaced:
            return found
        await _replace(database, replaced, now)


async def _find_superseding(database: Database, pending: list[DeliveryDocument]) -> set[str]:
    """Return the ids of finished deliveries that supersede some of these."""
    later = [each for delivery in pending if (each := superseding_id(delivery)) is not None]
    if not later:
        return set()
    found = database.deliveries.find({"_id": {"$in": later}}, {"status": 1})
    return {each["_id"] async for each in found if each["status"] == DeliveryStatus.DELIVERED}


async def _replace(database: Database, older: list[str], now: datetime) -> set[Group]:
    """Mark deliveries that newer ones replace, and return the groups of those that another process makes."""
    if older:
        _log.info("newer notifications replaced older ones that waited", count=len(older), first=older[0])
    return await _supersede(database, older, now, {"last_error": _REPLACED})


async def _supersede(database: Database, outdated: list[str], now: datetime, more: Changes | None = None) -> set[Group]:
    """Mark superseded deliveries, and return the groups of which another process has just begun to make one."""
    if not outdated:
        return set()
    is_unleased = all_of(IS_QUEUED, {"$not": [{"$gt": ["$lease_until", {"$literal": now}]}]})
    done: Changes = {"status": DeliveryStatus.SUPERSEDED, "claim": None, "lease_until": None, "content": None}
    await update_deliveries(database, [update_by_ids(outdated, [change_when(is_unleased, done | (more or {}))])])
    found = database.deliveries.find({"_id": {"$in": outdated}}, {"about": 1, "channel": 1, "status": 1})
    begun = [group_of(each) async for each in found if each["status"] == DeliveryStatus.QUEUED]
    return set(filter(None, begun))


def _is_due(now: datetime) -> Expression:
    return all_of(IS_QUEUED, {"$lte": ["$next_try_at", {"$literal": now}]})


def _leased_until(until: datetime) -> Changes:
    return {"lease_until": until, "next_try_at": until}
