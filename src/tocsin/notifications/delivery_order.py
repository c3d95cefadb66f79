"""The order of the mails about one subject, and which of them are superseded. Pure.

Of the mails about one subject (a task, a workflow, an approval) one is sent at a time, the earliest first. A mail that
could not be delivered before the next stage of its incident is superseded: the later mail covers both.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.documents import DeliveryAboutDocument, DeliveryDocument

FIRST_RETRY_DELAY = timedelta(seconds=30)
"""The wait before the first retry. A mail that is older, or that was tried before, is late."""
_LEASE_POLL = timedelta(seconds=2)


@dataclass(slots=True)
class DeliveryPlan:
    """Ids of mails: those ready to be sent, those superseded, and those waiting for an earlier one, until when."""

    ready: list[str] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    waiting: dict[str, datetime] = field(default_factory=dict)


def is_late(delivery: DeliveryDocument, now: datetime) -> bool:
    """Tell whether the mail could not be delivered soon after it was queued."""
    return bool(delivery["tries"]) or now - delivery["queued_at"] >= FIRST_RETRY_DELAY


def plan_deliveries(
    due: Iterable[DeliveryDocument], pending: Collection[DeliveryDocument], told: Collection[str], now: datetime
) -> DeliveryPlan:
    """Decide what to do with the due mails.

    `pending` are all undelivered mails about their subjects, `told` the ids of delivered mails that supersede others.
    """
    sorting, groups = DeliveryPlan(), dict[str, list[DeliveryDocument]]()
    for mail in pending:
        groups.setdefault(_about(mail)["id"], []).append(mail)
    for mail in due:
        if mail.get("about") is None:
            sorting.ready.append(mail["_id"])
    for group in groups.values():
        _sort_group(group, told, now, sorting)
    return sorting


def superseding_id(delivery: DeliveryDocument) -> str | None:
    """Return the id of the mail that would supersede this one; None if its kind cannot be superseded."""
    about = delivery.get("about")
    if about is None or about["type"] == "Approval" or about["stage"] != 0:
        return None
    return f"{delivery['_id'].removesuffix('began')}failed"


def _sort_group(group: list[DeliveryDocument], told: Collection[str], now: datetime, sorting: DeliveryPlan) -> None:
    outdated = [mail["_id"] for mail in group if _is_outdated(mail, group, told, now)]
    sorting.superseded += outdated
    kept = sorted((mail for mail in group if mail["_id"] not in outdated), key=_order)
    if not kept:
        return
    first = kept[0]
    if first["next_try_at"] <= now:
        sorting.ready.append(first["_id"])
        return
    until = min(first["next_try_at"], now + _LEASE_POLL) if _is_leased(first, now) else first["next_try_at"]
    sorting.waiting |= {mail["_id"]: until for mail in kept[1:] if mail["next_try_at"] <= now}


def _order(mail: DeliveryDocument) -> tuple[int, int]:
    about = _about(mail)
    return about["incident"], about["stage"]


def _about(mail: DeliveryDocument) -> DeliveryAboutDocument:
    about = mail.get("about")
    assert about is not None  # noqa: S101  # only such mails are put into an order
    return about


def _is_outdated(mail: DeliveryDocument, group: list[DeliveryDocument], told: Collection[str], now: datetime) -> bool:
    if _is_leased(mail, now):
        return False
    if superseding_id(mail) in told:
        return True
    incident, stage = _order(mail)
    later = any(_order(other)[0] == incident and _order(other)[1] > stage for other in group)
    return later and is_late(mail, now)


def _is_leased(mail: DeliveryDocument, now: datetime) -> bool:
    """Tell whether a process is sending the mail at present."""
    return mail.get("claim") is not None and mail["lease_until"] is not None and mail["lease_until"] > now
