"""Queries for lists of notifications."""

from datetime import datetime

from tocsin import clock
from tocsin.documents import Database, NotificationDocument, User
from tocsin.documents.keyset import Condition, KeysetQuery
from tocsin.notifications.inbox.choice import NotificationChoice


def query_notifications(
    database: Database, owner: User, choice: NotificationChoice
) -> KeysetQuery[NotificationDocument]:
    """Build the query for notifications of the owner, newest first."""
    indexed: Condition = {"owner": owner.id}
    if choice.unacknowledged_only:
        indexed["acknowledged"] = False
    return KeysetQuery(
        collection=database.notifications,
        order_name="notification_stored_at",
        key="stored_at",
        descending=True,
        indexed_filter=indexed,
        extra_filter=choice.condition(),
        key_range_hint=(owner.created_at, clock.now()),
    )


def query_feed(database: Database, owner: str, since: datetime) -> KeysetQuery[NotificationDocument]:
    """Build the query for the times and IDs of notifications, oldest first, of which none before `since` is read."""
    return KeysetQuery(
        collection=database.notifications,
        order_name="notification_feed",
        key="stored_at",
        descending=False,
        indexed_filter={"owner": owner},
        projection={"stored_at": 1},
        key_range_hint=(since, clock.now()),
    )


def query_unacknowledged(database: Database, owner: User) -> KeysetQuery[NotificationDocument]:
    """Build the query for unacknowledged notifications of the owner, oldest first."""
    return KeysetQuery(
        collection=database.notifications,
        order_name="notification_unacknowledged",
        key="stored_at",
        descending=False,
        indexed_filter={"owner": owner.id, "acknowledged": False},
        key_range_hint=(owner.created_at, clock.now()),
    )
