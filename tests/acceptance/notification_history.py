"""What is stored of notifications in the end, and what must be true of it."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from tests.acceptance.stored import open_stored
from tocsin.documents import (
    AlertDocument,
    DeliveryDocument,
    DeliveryStatus,
    IncidentDocument,
    NotificationDocument,
    RunDocument,
    from_global_id,
)
from tocsin.notifications.events import INCIDENT_ENDS, EventKind
from tocsin.outbound.mail_message import MailMessage

FAILURES = frozenset({EventKind.BEGAN_FAILING, EventKind.FAILED_FOR_GOOD})
_ONCE = FAILURES | INCIDENT_ENDS


@dataclass
class History:
    """The stored documents, and the global IDs of notifications that each client received, in order."""

    notifications: dict[str, NotificationDocument]
    deliveries: dict[str, DeliveryDocument]
    incidents: dict[str, IncidentDocument]
    alerts: dict[str, AlertDocument]
    failed_runs: list[RunDocument]
    received: list[list[str]] = field(default_factory=list)


async def read_history(data: Path) -> History:
    """Read everything from the database of a server that runs."""
    async with open_stored(data) as database:
        failed = {"status": "FAILED", "trigger": "SCHEDULE", "round": 0}
        return History(
            {each["_id"]: each async for each in database.notifications.find({})},
            {each["_id"]: each async for each in database.deliveries.find({})},
            {each["_id"]: each async for each in database.incidents.find({})},
            {each["_id"]: each async for each in database.alerts.find({})},
            await database.runs.find(failed).to_list(),
        )


def check_history(history: History, webhooks: Counter[str], mails: Iterable[EmailMessage]) -> dict[str, int]:
    """Check that all that happened was told, to everybody, and nothing twice. Returns the counts."""
    _check_failures(history)
    _check_notices(list(history.notifications.values()))
    for received in history.received:
        _check_client(received, history.notifications)
    told = {mail["Message-ID"].strip("<>").partition("@")[0] for mail in mails}
    statuses = _check_deliveries(history, webhooks, told)
    return {
        "failed runs": len(history.failed_runs),
        "incidents": len(history.incidents),
        "notifications": len(history.notifications),
        "webhooks": len(webhooks),
        "sent again": sum(webhooks.values()) - len(webhooks),
        "mails": len(told),
        **{status.lower(): count for status, count in statuses.items()},
    }


def _check_failures(history: History) -> None:
    """Each run that failed for good belongs to an alert of an incident, whose failure was told."""
    told = {
        each["about"]["id"] for each in history.notifications.values() if each["kind"] in FAILURES and each["about"]
    }
    for run in history.failed_runs:
        alert = history.alerts.get(f"{run['task']}:{run['incident']}")
        assert alert is not None, f"no alert for {run['_id']}"
        incident = history.incidents.get(alert["incident"] or "")
        assert incident is not None, f"{alert['_id']} belongs to no incident: {alert}"
        assert incident["cause_key"] in told, f"{incident['_id']} was never told: {incident}"


def _check_notices(notifications: Collection[NotificationDocument]) -> None:
    """Each opening of an incident is told once in each stage, and its end only after its beginning."""
    notices: Counter[tuple[str, int, str]] = Counter()
    began: dict[tuple[str, int], NotificationDocument] = {}
    for each in sorted(notifications, key=lambda one: one["stored_at"]):
        about = each.get("about")
        if about is None or each["kind"] not in _ONCE:
            continue
        opening = about["id"], about["incident"]
        notices[(*opening, each["kind"])] += 1
        if each["kind"] in FAILURES:
            began.setdefault(opening, each)
        else:
            assert opening in began, f"an end without a failure: {each}"
    twice = [key for key, count in notices.items() if count > 1]
    assert not twice, f"told twice: {twice}"


def _check_client(received: Sequence[str], notifications: Collection[str]) -> None:
    """A client gets each notification once, over however many connections."""
    counts = Counter(from_global_id("Notification", each) for each in received)
    missing, twice = set(notifications) - set(counts), [each for each, count in counts.items() if count > 1]
    assert not missing, f"{len(missing)} notifications were not received: {sorted(missing)[:5]}"
    assert not twice, f"received twice: {twice[:5]}"


def _check_deliveries(history: History, webhooks: Counter[str], told: Collection[str]) -> Counter[str]:
    """Each delivery was made, is still due, or is covered by a later one. Nothing else was sent."""
    statuses: Counter[str] = Counter()
    latest = _latest_stages(history.deliveries.values())
    for delivery_id, delivery in history.deliveries.items():
        statuses[delivery["status"]] += 1
        if delivery["status"] == DeliveryStatus.DELIVERED:
            assert _is_received(delivery_id, delivery, webhooks, told), f"recorded, but not received: {delivery_id}"
        elif delivery["status"] == DeliveryStatus.SUPERSEDED:
            assert _stage(delivery) < latest[_group(delivery)], f"nothing covers {delivery_id}"
        else:
            assert delivery["status"] == DeliveryStatus.QUEUED, delivery
    notified = {each.rpartition("@")[0] or each for each in history.deliveries}
    assert not set(history.notifications) - notified, "a notification has no delivery"
    assert not set(webhooks) - set(history.notifications), "a webhook tells of nothing that is stored"
    return statuses


def _is_received(delivery_id: str, delivery: DeliveryDocument, webhooks: Counter[str], told: Collection[str]) -> bool:
    if delivery.get("channel") is not None:
        return delivery_id.rpartition("@")[0] in webhooks
    return MailMessage(to="a@b.example", subject="", text="", message_id=delivery_id).digest[:32] in told


def _group(delivery: DeliveryDocument) -> tuple[str | None, str]:
    about = delivery.get("about")
    return delivery.get("channel"), about["id"] if about else ""


def _stage(delivery: DeliveryDocument) -> tuple[int, int]:
    about = delivery.get("about")
    return (about["incident"], about["stage"]) if about else (0, 0)


def _latest_stages(deliveries: Iterable[DeliveryDocument]) -> dict[tuple[str | None, str], tuple[int, int]]:
    """Return the latest stage of each subject and channel that was delivered or is still due."""
    latest: dict[tuple[str | None, str], tuple[int, int]] = {}
    for each in deliveries:
        if each["status"] in (DeliveryStatus.DELIVERED, DeliveryStatus.QUEUED):
            latest[_group(each)] = max(_stage(each), latest.get(_group(each), (-1, -1)))
    return latest
