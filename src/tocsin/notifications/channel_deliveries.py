"""The lists of the deliveries to a channel, and of a notification: by mail, and to the channels of its owner."""

from collections.abc import Mapping, Sequence

from tocsin import clock
from tocsin.documents import Database, DeliveryDocument, NotificationChannelDocument
from tocsin.documents.keyset import KeysetQuery
from tocsin.notifications.channels import DEFAULT_CHANNEL
from tocsin.notifications.deliveries import delivery_id
from tocsin.notifications.events import LINK_EVENTS, EventKind

_FIELDS = (
    *("kind", "subject", "status", "queued_at", "next_try_at", "delivered_at", "last_error", "attempts"),
    "retried_at",
)
_LIVE_FIELDS = ("channel", "acknowledge_by", "received")
_SHOWN_KINDS = frozenset(EventKind) - LINK_EVENTS
"""Others, such as links and digests, are of no notification."""


def query_deliveries(database: Database, channel: NotificationChannelDocument) -> KeysetQuery[DeliveryDocument]:
    """Return the query for the deliveries to a channel, newest first, without their texts."""
    return KeysetQuery(
        database.deliveries,
        "queued_at",
        "queued_at",
        descending=True,
        indexed_filter={"channel": channel["_id"]},
        key_range_hint=(channel["created_at"], clock.now()),
        projection=dict.fromkeys((*_FIELDS, *_LIVE_FIELDS), 1),
    )


async def find_delivery(database: Database, owner: str, delivery_id: str) -> DeliveryDocument | None:
    """Return a delivery of a notification of the owner; None if there is none."""
    fields = dict.fromkeys((*_FIELDS, *_LIVE_FIELDS, "owner"), 1)
    return await _find_shown(database, owner, delivery_id, fields)


async def find_full_delivery(database: Database, owner: str, delivery_id: str) -> DeliveryDocument | None:
    """Return a delivery of a notification of the owner with all that is stored of it; None if there is none."""
    return await _find_shown(database, owner, delivery_id, None)


async def _find_shown(
    database: Database, owner: str, delivery_id: str, fields: Mapping[str, int] | None
) -> DeliveryDocument | None:
    found = await database.deliveries.find_one({"_id": delivery_id}, fields)
    return found if found is not None and found["owner"] == owner and found["kind"] in _SHOWN_KINDS else None


async def find_deliveries_of(
    database: Database, notifications: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], list[DeliveryDocument]]:
    """Return the deliveries of these notifications (each an owner and an ID): by mail, and to their present channels.

    These are two queries, however many they are.
    """
    channels: dict[str, list[str]] = {}
    owners = sorted({owner for owner, _ in notifications})
    async for row in database.notification_channels.find({"owner": {"$in": owners}}, {"owner": 1}):
        channels.setdefault(row["owner"], []).append(row["_id"])
    ids = {
        (owner, event): [delivery_id(event, each) for each in (DEFAULT_CHANNEL, *sorted(channels.get(owner, ())))]
        for owner, event in notifications
    }
    fields = dict.fromkeys((*_FIELDS, *_LIVE_FIELDS, "owner"), 1)
    found = database.deliveries.find({"_id": {"$in": sorted({each for some in ids.values() for each in some})}}, fields)
    by_id = {row["_id"]: row async for row in found if row["kind"] in _SHOWN_KINDS}
    return {
        (owner, event): [by_id[each] for each in some if each in by_id and by_id[each]["owner"] == owner]
        for (owner, event), some in ids.items()
    }
