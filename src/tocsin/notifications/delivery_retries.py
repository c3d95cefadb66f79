"""Retries of deliveries by their owners: what failed, or was dropped because its channel was disabled, is sent again.

The delivery stays the same, with its ID and its attempts, and is tried for three days once more. Whether it still may
be told is decided here, and once more when it is made.
"""

from datetime import datetime

from tocsin.documents import Changes, Database, DeliveryDocument, DeliveryStatus, NotificationChannelDocument
from tocsin.documents.updates import all_of, change_when, has_value, is_null
from tocsin.errors import Conflict, NotFound
from tocsin.notifications.channel_deliveries import find_full_delivery
from tocsin.notifications.channel_health import allow_attempt
from tocsin.notifications.channel_store import can_be_told
from tocsin.notifications.live.holding import is_live
from tocsin.notifications.obsolete_deliveries import find_obsolete_reason
from tocsin.notifications.user_channel import CHANNEL_DELETED, CHANNEL_DISABLED

_DROPPED = (CHANNEL_DELETED, CHANNEL_DISABLED)
_NOT_FOUND = "You have no delivery with this id."
_QUEUED = "It is queued already."
_REFUSALS = {
    DeliveryStatus.QUEUED: _QUEUED,
    DeliveryStatus.DELIVERED: "It was delivered. To read it again, query `notifications`.",
    DeliveryStatus.SUPPRESSED: "It was not to be delivered, by your preferences or rules.",
    DeliveryStatus.SUPERSEDED: "It was superseded: a later notification tells of it, or nobody waits for it any more.",
}


async def retry_delivery(database: Database, owner: str, delivery_id: str, now: datetime) -> None:
    """Queue a delivery of the owner again. Raises NotFound, Conflict."""
    delivery = await find_full_delivery(database, owner, delivery_id)
    if delivery is None:
        raise NotFound(_NOT_FOUND, "id")
    if (refusal := find_refusal(delivery)) is not None:
        raise Conflict(refusal, "id")
    channel = await _require_channel(database, delivery)
    reason = await find_obsolete_reason({**delivery, "retried_at": now}, database, now)
    if reason is not None:
        raise Conflict(f"It is not sent again: {reason}.", "id")
    await allow_attempt(database, channel, now)
    if not await _queue(database, delivery, now):
        raise Conflict(_QUEUED, "id")
    database.deliveries_queued({owner})


def find_refusal(delivery: DeliveryDocument) -> str | None:
    """Return why a delivery in this state is not sent again: a mail, a live one, or one that has not failed."""
    if delivery.get("channel") is None:
        return "It is a mail. Only deliveries to channels can be retried."
    if is_live(delivery):
        return "It was live, and cannot be retried. To read it again, query `notifications`."
    status = delivery["status"]
    was_dropped = status == DeliveryStatus.SUPERSEDED and delivery.get("last_error") in _DROPPED
    return None if status == DeliveryStatus.FAILED or was_dropped else _REFUSALS[status]


async def _require_channel(database: Database, delivery: DeliveryDocument) -> NotificationChannelDocument:
    """Return the channel to which a delivery goes. Raises Conflict if it takes none."""
    if (former := delivery.get("former_channel")) is not None:
        return former
    channel = await database.notification_channels.find_one({"_id": delivery.get("channel")})
    if channel is None:
        raise Conflict("Its channel was deleted.", "id")
    if not can_be_told(channel, delivery["kind"]):
        raise Conflict("Its channel is disabled. Enable it first.", "id")
    return channel


async def _queue(database: Database, delivery: DeliveryDocument, now: datetime) -> bool:
    """Queue a delivery again, unless somebody else has since it was read. Return whether that was done.

    The time at which it was queued first stays: receivers are told of it.
    """
    retried = delivery.get("retried_at")
    is_unchanged = is_null("retried_at") if retried is None else has_value("retried_at", retried)
    queued: Changes = {
        "status": DeliveryStatus.QUEUED, "retried_at": now, "next_try_at": now, "tries": 0, "last_error": None,
        "claim": None, "lease_until": None, "held_until": None, "held_for": None,
    }  # fmt: skip
    stage = change_when(all_of(has_value("status", delivery["status"]), is_unchanged), queued)
    result = await database.deliveries.update_one({"_id": delivery["_id"]}, [stage])
    return bool(result.modified_count)
