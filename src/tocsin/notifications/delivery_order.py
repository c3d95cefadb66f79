"""The order of the deliveries about one subject, and which of them are superseded. Pure.

Of the deliveries of a channel about one subject (a task, a workflow, an approval) one is made at a time, the earliest
first. One that failed until the next stage of its incident is superseded: the later one covers both.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.documents import DeliveryDocument

FIRST_RETRY_DELAY = timedelta(seconds=30)
"""The wait before the first retry. A delivery that is older, or that was tried before, is late."""
_LEASE_POLL = timedelta(seconds=2)


@dataclass(slots=True)
class DeliveryPlan:
    """Ids of deliveries: those ready, those superseded, and those waiting for an earlier one, until when."""

    ready: list[str] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    waiting: dict[str, datetime] = field(default_factory=dict)


def subject_id(delivery: DeliveryDocument) -> str | None:
    """Return the id of the subject that the delivery is about, if it has one."""
    about = delivery.get("about")
    return None if about is None else about["id"]


def is_late(delivery: DeliveryDocument, now: datetime) -> bool:
    """Tell whether the notification could not be delivered soon after it was queued."""
    return bool(delivery["tries"]) or now - delivery["queued_at"] >= FIRST_RETRY_DELAY


def plan_deliveries(
    due: Iterable[DeliveryDocument], pending: Iterable[DeliveryDocument], delivered: Collection[str], now: datetime
) -> DeliveryPlan:
    """Decide what to do with the due deliveries.

    `pending` are all undelivered ones about their subjects, `delivered` the ids of those that supersede others.
    """
    plan = DeliveryPlan([each["_id"] for each in due if each.get("about") is None])
    groups: dict[tuple[str | None, str], list[DeliveryDocument]] = {}
    for each in pending:
        if (about := each.get("about")) is not None:
            groups.setdefault((each.get("channel"), about["id"]), []).append(each)
    for group in groups.values():
        _plan_group(group, delivered, now, plan)
    return plan


def superseding_id(delivery: DeliveryDocument) -> str | None:
    """Return the id of the delivery that would supersede this one; None if its kind cannot be superseded."""
    about = delivery.get("about")
    if about is None or about["type"] == "Approval" or about["stage"] != 0:
        return None
    before, _, channel = delivery["_id"].rpartition(":began")
    return f"{before}:failed{channel}"


def _plan_group(group: list[DeliveryDocument], delivered: Collection[str], now: datetime, plan: DeliveryPlan) -> None:
    outdated = [each["_id"] for each in group if _is_outdated(each, group, delivered, now)]
    plan.superseded += outdated
    kept = sorted((each for each in group if each["_id"] not in outdated), key=_order)
    if not kept:
        return
    first = kept[0]
    if first["next_try_at"] <= now:
        plan.ready.append(first["_id"])
        return
    until = min(first["next_try_at"], now + _LEASE_POLL) if _is_leased(first, now) else first["next_try_at"]
    plan.waiting |= {each["_id"]: until for each in kept[1:] if each["next_try_at"] <= now}


def _is_outdated(
    delivery: DeliveryDocument, group: list[DeliveryDocument], delivered: Collection[str], now: datetime
) -> bool:
    if _is_leased(delivery, now):
        return False
    if superseding_id(delivery) in delivered:
        return True
    incident, stage = _order(delivery)
    has_later = any(_order(other)[0] == incident and _order(other)[1] > stage for other in group)
    return has_later and is_late(delivery, now)


def _order(delivery: DeliveryDocument) -> tuple[int, int]:
    about = delivery.get("about")
    return (about["incident"], about["stage"]) if about else (0, 0)


def _is_leased(delivery: DeliveryDocument, now: datetime) -> bool:
    """Tell whether a process is sending it at present."""
    until = delivery["lease_until"]
    return delivery.get("claim") is not None and until is not None and until > now
