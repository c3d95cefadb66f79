"""Output types of notification channels and their deliveries."""

from datetime import datetime
from typing import Annotated

import strawberry

from tocsin.documents import DeliveryDocument, NotificationChannelDocument, owner_of
from tocsin.documents.paging import PageArguments
from tocsin.graphql import ids
from tocsin.graphql.connections import Connection, PagedField, connect
from tocsin.graphql.context import Info
from tocsin.graphql.node import NOTIFICATION_CHANNEL, Node, converter_to, load_node
from tocsin.graphql.notifications.enums import DeliveryStatus, EventKind, NotificationChannelKind
from tocsin.notifications.channel_deliveries import find_delivery, query_deliveries
from tocsin.notifications.delivery_retries import find_refusal
from tocsin.notifications.live.holding import describe_failure, was_received


@strawberry.type(description="A setting of a notification channel.")
class ChannelSetting:
    name: str = strawberry.field(description="Name of the setting, as in the input.")
    value: str | None = strawberry.field(
        description="Value; `***` for a secret, and the host followed by `***` for a secret URL. Null if not set."
    )


@strawberry.type(description="An attempt at the delivery of a notification.")
class NotificationAttempt:
    at: datetime = strawberry.field(description="Time at which it ended.")
    error: str | None = strawberry.field(description="Why it failed; null if it succeeded.")
    was_received: bool | None = strawberry.field(
        description="Whether an open stream or long poll of yours got it; null for channels that are not live."
    )


@strawberry.type(description="The delivery of a notification by mail or to a channel.")
class NotificationDelivery(Node):
    document: strawberry.Private[DeliveryDocument]
    is_mail: bool = strawberry.field(description="Whether it is a mail.")
    event: EventKind = strawberry.field(description="Event that it tells of.")
    subject: str = strawberry.field(description="Subject of the notification.")
    status: DeliveryStatus = strawberry.field(description="State of the delivery.")
    queued_at: datetime = strawberry.field(description="Time at which it was queued.")
    next_try_at: datetime | None = strawberry.field(
        description="Time of the next attempt at the earliest; null unless it is QUEUED."
    )
    delivered_at: datetime | None = strawberry.field(
        description="Time at which the service accepted it, or you acknowledged it; null before that."
    )
    last_error: str | None = strawberry.field(description="Why it was not delivered so far; null if it was.")
    can_retry: bool = strawberry.field(
        description=(
            "Whether you can have it sent again in its present state, by `retryNotificationDelivery`, unless its "
            "channel is disabled or was told something later."
        )
    )
    retried_at: datetime | None = strawberry.field(
        description="Time at which you last had it sent again, by `retryNotificationDelivery`; null if you never did."
    )
    attempts: list[NotificationAttempt] = strawberry.field(description="Last attempts, at most 20, oldest first.")

    @strawberry.field(description="Channel to which it goes; null for a mail, and if the channel was deleted.")
    async def channel(
        self, info: Info
    ) -> Annotated["NotificationChannel", strawberry.lazy("tocsin.graphql.notifications.types")] | None:
        channel = self.document.get("channel")
        return None if channel is None else await load_node(info, NOTIFICATION_CHANNEL, owner_of(channel), channel)


@strawberry.type(description="A channel by which you are notified, beside mail.")
class NotificationChannel(Node):
    document: strawberry.Private[NotificationChannelDocument]
    name: str = strawberry.field(description="Name of the channel.")
    kind: NotificationChannelKind = strawberry.field(description="Service or protocol of the channel.")
    settings: list[ChannelSetting] = strawberry.field(description="Settings by name, with masked secrets.")
    events: list[EventKind] | None = strawberry.field(
        description="Events of which it is told; null for all that need not be chosen."
    )
    is_enabled: bool = strawberry.field(description="Whether notifications are delivered to it.")
    failing_since: datetime | None = strawberry.field(
        description="Time of the first failure since the last success; null if it works."
    )
    last_error: str | None = strawberry.field(description="Error of the last attempt; null if it succeeded.")
    last_delivered_at: datetime | None = strawberry.field(
        description="Time of the last delivered notification; null if there is none."
    )
    disabled_at: datetime | None = strawberry.field(
        description="Time at which Tocsin disabled it; null if it did not, or you have changed it since then."
    )
    disabled_reason: str | None = strawberry.field(description="Why Tocsin disabled it; null if it did not.")
    created_at: datetime = strawberry.field(description="Time at which it was created.")

    @strawberry.field(description="Deliveries to this channel, newest first.", extensions=[PagedField()])
    async def deliveries(self, info: Info, page: PageArguments) -> Connection[NotificationDelivery]:
        query = query_deliveries(info.context.services.database, self.document)
        return await connect(query, page, to_delivery)


@converter_to(NOTIFICATION_CHANNEL)
def to_channel(document: NotificationChannelDocument) -> NotificationChannel:
    """Convert a stored channel, whose secrets are masked already."""
    events = document["events"]
    return NotificationChannel(
        id=strawberry.ID(ids.encode_id("NotificationChannel", document["_id"])),
        document=document,
        name=document["name"],
        kind=NotificationChannelKind(document["kind"]),
        settings=[ChannelSetting(name=name, value=_as_text(value)) for name, value in document["shown"].items()],
        events=None if events is None else [EventKind(event) for event in events],
        is_enabled=document["is_enabled"],
        failing_since=document.get("failing_since"),
        last_error=document.get("last_error"),
        last_delivered_at=document.get("last_delivered_at"),
        disabled_at=document.get("disabled_at"),
        disabled_reason=document.get("disabled_reason"),
        created_at=document["created_at"],
    )


def to_delivery(document: DeliveryDocument) -> NotificationDelivery:
    """Convert a stored delivery."""
    is_queued = document["status"] == DeliveryStatus.QUEUED
    attempts = document.get("attempts") or []
    return NotificationDelivery(
        id=strawberry.ID(ids.encode_id("NotificationDelivery", document["_id"])),
        document=document,
        is_mail=document.get("channel") is None,
        event=EventKind(document["kind"]),
        subject=document["subject"],
        status=DeliveryStatus(document["status"]),
        queued_at=document["queued_at"],
        next_try_at=document["next_try_at"] if is_queued else None,
        delivered_at=document.get("delivered_at"),
        last_error=document.get("last_error"),
        can_retry=find_refusal(document) is None,
        retried_at=document.get("retried_at"),
        attempts=[
            NotificationAttempt(
                at=each["at"],
                error=describe_failure(document, number, each["error"]),
                was_received=was_received(document, number),
            )
            for number, each in enumerate(attempts, 1)
        ],
    )


async def load_delivery(info: Info, owner: str, delivery_id: str) -> NotificationDelivery | None:
    """Load a delivery of a notification of the owner; None if they have none with this ID."""
    document = await find_delivery(info.context.services.database, owner, delivery_id)
    return None if document is None else to_delivery(document)


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)
