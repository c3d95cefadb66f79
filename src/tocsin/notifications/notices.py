"""What the channels of users are told: the text of an event when it is queued, and the notice of a delivery. Pure."""

from collections.abc import Iterator
from datetime import datetime
from types import MappingProxyType

from pydantic import JsonValue

from tocsin.documents import DeliveryDocument, NotificationChannelDocument, to_global_id
from tocsin.notifications.channels.base import Message
from tocsin.notifications.channels.notice import Notice, Severity
from tocsin.notifications.events import Event, EventKind
from tocsin.notifications.pages import run_type_name
from tocsin.notifications.texts import describe_event

_SEVERITIES = MappingProxyType(
    {
        EventKind.BEGAN_FAILING: Severity.WARNING,
        EventKind.FAILED_FOR_GOOD: Severity.ERROR,
        EventKind.APPROVAL: Severity.INFO,
        EventKind.QUOTA_MET: Severity.WARNING,
        EventKind.REFRESH_TOKEN_REUSED: Severity.CRITICAL,
        EventKind.PASSWORD_CHANGED: Severity.WARNING,
        EventKind.CHANNEL_DISABLED: Severity.WARNING,
        EventKind.NETWORK_DOWN: Severity.CRITICAL,
        EventKind.NETWORK_UP: Severity.SUCCESS,
    }
)
TOLD_EVENTS = frozenset(_SEVERITIES)
"""The kinds of events that the channels of users are told of."""
_NAMES = {
    EventKind.BEGAN_FAILING: "BEGAN_FAILING",
    EventKind.FAILED_FOR_GOOD: "FAILED",
    EventKind.APPROVAL: "APPROVAL_REQUESTED",
    EventKind.REFRESH_TOKEN_REUSED: "SESSION_TOKEN_REUSED",
}
_INCIDENTS = frozenset({"Task", "Workflow"})


def render_notice(event: Event) -> Message:
    """Return the text of an event for the channels of users. Services show the address of its page in their own way.

    Each fact is on one line, so that the text of another user cannot add facts of its own.
    """
    subject, content = describe_event(event)
    return Message(subject, content.clean().plain_text)


def to_notice(delivery: DeliveryDocument, page: str | None) -> Notice:
    """Return the notice of a delivery. `page` is the address of the page about it."""
    kind, about = EventKind(delivery["kind"]), delivery.get("about")
    is_incident = about is not None and about["type"] in _INCIDENTS
    return Notice(
        id=delivery["_id"].rpartition("@")[0],
        kind=_name_kind(kind, delivery),
        owner=delivery["owner"],
        at=delivery["queued_at"],
        subject=delivery["subject"],
        text=delivery["text"],
        severity=_SEVERITIES[kind],
        page=page,
        incident=f"{about['id']}:{about['incident']}" if about is not None and is_incident else None,
        data=dict(_details(delivery)),
    )


def make_test_notice(channel: NotificationChannelDocument, page: str, at: datetime) -> Notice:
    """Return the notice by which an owner tries a channel. Each has an ID of its own."""
    return Notice(
        id=f"{channel['_id']}:test:{at.isoformat()}",
        kind="CHANNEL_TEST",
        owner=channel["owner"],
        at=at,
        subject=f'Test of the channel "{channel["name"]}"',
        text="Someone has asked Tocsin to test this channel. It works.",
        severity=Severity.INFO,
        page=page,
        data={"event": "TEST", "channelId": to_global_id("NotificationChannel", channel["_id"])},
    )


def _name_kind(kind: EventKind, delivery: DeliveryDocument) -> str:
    """Return the kind of the notice, which begins with its subject."""
    name = _NAMES.get(kind, str(kind))
    if kind not in (EventKind.BEGAN_FAILING, EventKind.FAILED_FOR_GOOD):
        return name
    about = delivery.get("about")
    return f"{about['type'].upper() if about else 'RUN'}_{name}"


def _details(delivery: DeliveryDocument) -> Iterator[tuple[str, JsonValue]]:
    """Yield what programs can read: the kind of event, and the global IDs of what it is about."""
    yield "event", delivery["kind"]
    if delivery["kind"] == EventKind.CHANNEL_DISABLED:
        yield "channelId", to_global_id("NotificationChannel", delivery["_id"].partition(":disabled:")[0])
    about, run = delivery.get("about"), delivery["run"]
    if about is not None and about["type"] in _INCIDENTS:
        yield f"{about['type'].lower()}Id", to_global_id(about["type"], about["id"])
    if run:
        type_name = run_type_name(run)
        yield f"{type_name[0].lower()}{type_name[1:]}Id", to_global_id(type_name, run)
    if about is not None and (step := about.get("step")) is not None:
        yield "step", step
