"""The list of the deliveries to a channel."""

from tocsin import clock
from tocsin.documents import Database, DeliveryDocument, NotificationChannelDocument
from tocsin.documents.keyset import KeysetQuery

_FIELDS = ("kind", "subject", "status", "queued_at", "next_try_at", "delivered_at", "last_error", "attempts")
_LIVE_FIELDS = ("channel", "acknowledge_by", "received")


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
    """Return a delivery to a channel that the owner has set up: mails, which name no channel, are not shown."""
    return await database.deliveries.find_one({"_id": delivery_id, "owner": owner, "channel": {"$gt": ""}})
