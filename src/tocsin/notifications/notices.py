"""What the channels of users are told: the text of an event when it is queued, and the notice of a delivery. Pure."""

from datetime import datetime
from types import MappingProxyType

from tocsin.documents import DeliveryAboutDocument, DeliveryDocument, NotificationChannelDocument, to_global_id
from tocsin.notifications.channels.base import Message
from tocsin.notifications.channels.notice import Notice, Severity
from tocsin.notifications.events import ENDS, INCIDENT_ENDS, Event, EventKind
from tocsin.notifications.incident_stages import INCIDENT_TYPES, subject_of
from tocsin.notifications.texts import describe_event

_SEVERITIES = MappingProxyType(
    {
        EventKind.BEGAN_FAILING: Severity.WARNING,
        EventKind.FAILED_FOR_GOOD: Severity.ERROR,
        EventKind.STILL_FAILING: Severity.ERROR,
        EventKind.RECOVERED: Severity.SUCCESS,
        EventKind.INCIDENT_CLOSED: Severity.INFO,
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
_INCIDENT_EVENTS = INCIDENT_ENDS | {EventKind.BEGAN_FAILING, EventKind.FAILED_FOR_GOOD, EventKind.STILL_FAILING}
_OUTAGE_EVENTS = frozenset({EventKind.NETWORK_DOWN, EventKind.NETWORK_UP})


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
    kind, event_id = EventKind(delivery["kind"]), delivery["_id"].rpartition("@")[0]
    incident = _find_incident(kind, event_id, delivery.get("about"))
    return Notice(
        id=event_id,
        kind=_name_kind(kind, delivery),
        owner=delivery["owner"],
        at=delivery["queued_at"],
        subject=delivery["subject"],
        text=delivery["text"],
        severity=_SEVERITIES[kind],
        page=page,
        is_over=incident is not None and kind in ENDS,
        incident=incident,
        data={"event": delivery["kind"], **(delivery.get("data") or {})},
    )


def _find_incident(kind: EventKind, event_id: str, about: DeliveryAboutDocument | None) -> str | None:
    """Return the ID that the notices of one incident have in common, or those of one outage of our own network.

    None for all others: nothing would end the alert that they belong to.
    """
    if kind in _OUTAGE_EVENTS:
        return event_id.rpartition(":")[0]
    if kind not in _INCIDENT_EVENTS or about is None or about["type"] not in INCIDENT_TYPES:
        return None
    return f"{about['id']}:{about['incident']}"


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
    if kind not in _INCIDENT_EVENTS or kind is EventKind.INCIDENT_CLOSED:
        return name
    about = delivery.get("about")
    if about is None:
        return f"RUN_{name}"
    subject = subject_of(about)
    return f"{(about['type'] if subject is None else subject.type).upper()}_{name}"
