"""What the channels of users are told: the text of an event when it is queued, and the notice of a delivery. Pure."""

from datetime import datetime
from types import MappingProxyType

from tocsin.documents import DeliveryDocument, NotificationChannelDocument, to_global_id
from tocsin.notifications.channels.base import Message
from tocsin.notifications.channels.notice import Notice, Severity
from tocsin.notifications.events import Event, EventKind
from tocsin.notifications.incident_stages import INCIDENT_TYPES, subject_of
from tocsin.notifications.texts import describe_event

_SEVERITIES = MappingProxyType(
    {
        EventKind.BEGAN_FAILING: Severity.WARNING,
        EventKind.FAILED_FOR_GOOD: Severity.ERROR,
        EventKind.STILL_FAILING: Severity.ERROR,
        EventKind.RECOVERED: Severity.SUCCESS,
        EventKind.ATTEMPT_FAILED: Severity.WARNING,
        EventKind.APPROVAL: Severity.INFO,
        EventKind.QUOTA_MET: Severity.WARNING,
        EventKind.REFRESH_TOKEN_REUSED: Severity.CRITICAL,
        EventKind.PASSWORD_CHANGED: Severity.WARNING,
        EventKind.CHANNEL_DISABLED: Severity.WARNING,
        EventKind.TASK_PAUSED: Severity.ERROR,
        EventKind.RUN_MISSED: Severity.WARNING,
        EventKind.WORKFLOW_FINISHED: Severity.SUCCESS,
        EventKind.WORKFLOW_FAILED: Severity.ERROR,
        EventKind.REPORT_READY: Severity.SUCCESS,
        EventKind.REPLAY_FINISHED: Severity.INFO,
        EventKind.API_TOKEN_CREATED: Severity.WARNING,
        EventKind.NETWORK_DOWN: Severity.CRITICAL,
        EventKind.NETWORK_UP: Severity.SUCCESS,
        EventKind.MAIL_ADDRESS_CHANGED: Severity.WARNING,
    }
)
TOLD_EVENTS = frozenset(_SEVERITIES)
"""The kinds of events that the channels of users are told of."""
_NAMES = {
    EventKind.BEGAN_FAILING: "BEGAN_FAILING",
    EventKind.FAILED_FOR_GOOD: "FAILED",
    EventKind.APPROVAL: "APPROVAL_REQUESTED",
    EventKind.REFRESH_TOKEN_REUSED: "SESSION_TOKEN_REUSED",
    EventKind.WORKFLOW_FINISHED: "WORKFLOW_RUN_FINISHED",
    EventKind.WORKFLOW_FAILED: "WORKFLOW_RUN_FAILED",
    EventKind.API_TOKEN_CREATED: "TOKEN_CREATED",
}
_INCIDENT_EVENTS = frozenset(
    {EventKind.BEGAN_FAILING, EventKind.FAILED_FOR_GOOD, EventKind.STILL_FAILING, EventKind.RECOVERED}
)


def find_severity(kind: str) -> Severity:
    """Return the severity of news of this kind."""
    return _SEVERITIES[EventKind(kind)]


def render_notice(event: Event) -> Message:
    """Return the text of an event for the channels of users. Services show the address of its page in their own way.

    Each fact is on one line, so that the text of another user cannot add facts of its own.
    """
    subject, content = describe_event(event)
    return Message(subject, content.clean().plain_text)


def to_notice(delivery: DeliveryDocument, page: str | None) -> Notice:
    """Return the notice of a delivery. `page` is the address of the page about it."""
    kind, about = EventKind(delivery["kind"]), delivery.get("about")
    is_incident = about is not None and about["type"] in INCIDENT_TYPES
    return Notice(
        id=delivery["_id"].rpartition("@")[0],
        kind=_name_kind(kind, delivery),
        owner=delivery["owner"],
        at=delivery["queued_at"],
        subject=delivery["subject"],
        text=delivery["text"],
        severity=_SEVERITIES[kind],
        page=page,
        is_over=is_incident and kind is EventKind.RECOVERED,
        incident=f"{about['id']}:{about['incident']}" if about is not None and is_incident else None,
        data={"event": delivery["kind"], **(delivery.get("data") or {})},
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
    if kind not in _INCIDENT_EVENTS:
        return name
    about = delivery.get("about")
    if about is None:
        return f"RUN_{name}"
    subject = subject_of(about)
    return f"{(about['type'] if subject is None else subject.type).upper()}_{name}"
