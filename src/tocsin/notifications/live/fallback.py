"""The mail that a live delivery falls back to: queued with it, and held until the time for acknowledging is over. Pure.

Because the mail exists from the beginning, nothing has to be done for it to be sent: not even a process that dies can
lose it. Whoever is about to send it looks whether the notification was acknowledged.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tocsin.documents import DeliveryDocument, NotificationChannelDocument
from tocsin.errors import InvalidInput
from tocsin.notifications.channels.live import LiveSettings
from tocsin.notifications.channels.live.channel import DEFAULT_FALLBACK
from tocsin.notifications.events import SECURITY_EVENTS, Event

LIVE = "live"
"""The kind of the channel."""


def find_fallback_time(channel: NotificationChannelDocument) -> timedelta | None:
    """Return how long a notification in this channel waits to be acknowledged; None if the channel is not live.

    Settings that are not valid any more count as the default: they must not keep others from being told.
    """
    if channel["kind"] != LIVE:
        return None
    try:
        return LiveSettings.load(channel["settings"], {}).fallback_after
    except InvalidInput:
        return DEFAULT_FALLBACK


def find_hold_time(event: Event, takers: Iterable[NotificationChannelDocument]) -> timedelta | None:
    """Return for how long the mail about an event is held for the channels that take it; None if it is not."""
    if event.kind in SECURITY_EVENTS:
        return None
    return min((wait for each in takers if (wait := find_fallback_time(each)) is not None), default=None)


def await_acknowledgement(delivery: DeliveryDocument, wait: timedelta | None, at: datetime) -> DeliveryDocument:
    """Return a delivery that is queued at `at`. If there is a `wait`, it is to be acknowledged within that."""
    return delivery if wait is None else {**delivery, "acknowledge_by": at + wait}
