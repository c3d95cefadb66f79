"""What the fields of a delivery say about live delivery. Pure.

A live delivery has a channel, and a time by which its notification is to be acknowledged. A mail with such a time is
what it falls back to, and is held until then.
"""

from datetime import datetime

from tocsin.documents import DeliveryDocument, Filter

_NOBODY = "Nobody was listening."


def is_live(delivery: DeliveryDocument) -> bool:
    """Tell whether it is a live delivery."""
    return delivery.get("acknowledge_by") is not None and delivery.get("channel") is not None


def is_fallback(delivery: DeliveryDocument) -> bool:
    """Tell whether it is the mail that a live delivery falls back to."""
    return delivery.get("acknowledge_by") is not None and delivery.get("channel") is None


def is_held(delivery: DeliveryDocument, now: datetime) -> bool:
    """Tell whether it is a mail that waits for the acknowledgement of its notification."""
    deadline = delivery.get("acknowledge_by")
    return is_fallback(delivery) and deadline is not None and deadline > now


def not_awaiting_acknowledgement(now: datetime) -> Filter:
    """Return a query for the mails that do not wait for the acknowledgement of their notification (any more)."""
    return {"$nor": [{"acknowledge_by": {"$gt": now}}]}


def first_try_at(delivery: DeliveryDocument, queued_at: datetime) -> datetime:
    """Return the time of the first attempt at a delivery that is queued at `queued_at`."""
    deadline = delivery.get("acknowledge_by")
    return queued_at if deadline is None or is_live(delivery) else deadline


def was_received(delivery: DeliveryDocument, number: int) -> bool | None:
    """Tell whether anybody got the attempt with this number; None if the delivery is not live."""
    return number in delivery.get("received", ()) if is_live(delivery) else None


def describe_failure(delivery: DeliveryDocument, number: int, error: str | None) -> str | None:
    """Return why the attempt with this number failed, whose recorded `error` does not say that nobody got it."""
    return _NOBODY if was_received(delivery, number) is False else error
