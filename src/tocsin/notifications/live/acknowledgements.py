"""What an acknowledgement does to deliveries: the live one is delivered, and the mail that is held is not sent.

Both also find that out by themselves at their next attempt. So a process that dies after the notification was
acknowledged, and before its deliveries are, leaves nothing to repair.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from tocsin import clock
from tocsin.documents import Changes, Database, DeliveryDocument, DeliveryStatus
from tocsin.documents.narrowed_queries import find_narrowed
from tocsin.documents.updates import all_of, change_when, is_null, update_by_ids
from tocsin.notifications.delivery_claims import IS_QUEUED, update_deliveries
from tocsin.notifications.delivery_order import superseding_id
from tocsin.notifications.live.fallback import LIVE
from tocsin.notifications.live.holding import is_fallback, is_live

ACKNOWLEDGED = "The notification was acknowledged."
_BATCH = 500
_SETTLED: Changes = {"claim": None, "lease_until": None, "content": None}
_IS_FALLBACK = {"$gt": ["$acknowledge_by", None]}


async def settle_acknowledged(database: Database, owner: str, event_ids: Collection[str], now: datetime) -> None:
    """Settle the deliveries of acknowledged notifications: the live ones, and the mails that are held for them.

    A mail that is being sent is sent.
    """
    found = await database.notification_channels.find({"owner": owner}, {"kind": 1}).to_list()
    live = [f"{event_id}@{channel['_id']}" for channel in found if channel["kind"] == LIVE for event_id in event_ids]
    if not live:
        return
    told: Changes = {**_SETTLED, "status": DeliveryStatus.DELIVERED, "delivered_at": now, "last_error": None}
    spared: Changes = {**_SETTLED, "status": DeliveryStatus.SUPERSEDED, "last_error": ACKNOWLEDGED}
    is_unclaimed_fallback = all_of(IS_QUEUED, _IS_FALLBACK, is_null("claim"))
    updates = [
        update_by_ids(live, [change_when(IS_QUEUED, told)]),
        update_by_ids(list(event_ids), [change_when(is_unclaimed_fallback, spared)]),
    ]
    await update_deliveries(database, updates)
    channels = [channel["_id"] for channel in found if channel["kind"] == LIVE]
    await database.notification_channels.update_many({"_id": {"$in": channels}}, {"$max": {"last_delivered_at": now}})


async def find_acknowledgement(delivery: DeliveryDocument, database: Database) -> datetime | None:
    """Return when the notification of a delivery, or of the later stage that covers it, was acknowledged; or None."""
    channel = f"@{delivery['channel']}" if is_live(delivery) else ""
    ids = [delivery["_id"], superseding_id(delivery)]
    event_ids = [each.removesuffix(channel) for each in ids if each is not None]
    found = await database.notifications.find({"_id": {"$in": event_ids}}, {"acknowledged_at": 1}).to_list()
    return max((at for each in found if (at := each["acknowledged_at"]) is not None), default=None)


async def was_acknowledged(delivery: DeliveryDocument, database: Database) -> bool:
    """Tell whether this is a mail that is held for the acknowledgement of a notification, and that has come."""
    return is_fallback(delivery) and await find_acknowledgement(delivery, database) is not None


async def release_mails(database: Database, owner: str, now: datetime) -> None:
    """Send the mails of an owner that are held: nobody repeats their notifications any more."""
    query = {"status": DeliveryStatus.QUEUED, "owner": owner, "next_try_at": {"$gt": clock.EPOCH}}
    is_held = {"channel": None, "acknowledge_by": {"$gt": now}}
    while True:
        found = await find_narrowed(database.deliveries, query, is_held, fields={"_id": 1}, limit=_BATCH)
        if found:
            await _release(database, [each["_id"] for each in found], now)
        if len(found) < _BATCH:
            break
    database.deliveries_queued({owner})


async def release_mail(database: Database, live: DeliveryDocument, now: datetime) -> None:
    """Let the mail of a live delivery that is not repeated any more be decided at once. It was queued with that."""
    await _release(database, [live["_id"].removesuffix(f"@{live['channel']}")], now)
    database.deliveries_queued({live["owner"]})


async def _release(database: Database, mails: Sequence[str], now: datetime) -> None:
    is_held_still = all_of(IS_QUEUED, {"$gt": ["$acknowledge_by", {"$literal": now}]})
    released: Changes = {"next_try_at": now, "acknowledge_by": now}
    await update_deliveries(database, [update_by_ids(mails, [change_when(is_held_still, released)])])
