"""Deliveries as they are stored in MongoDB. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import Any, NotRequired, TypedDict

from tocsin.documents.channel_documents import NotificationChannelDocument
from tocsin.documents.states import DeliveryStatus


class DeliveryAboutDocument(TypedDict):
    """The subject of a delivery, such as a task, and the stage of its incident, by which deliveries are ordered.

    `incident_id` is that of the stored incident. If `id` is not that of a task or workflow, `subject_type` and
    `subject` name the only one that it is about.
    """

    type: str
    id: str
    incident: int
    stage: int
    step: NotRequired[str]
    incident_id: NotRequired[str]
    subject_type: NotRequired[str]
    subject: NotRequired[str]


class MailButtonDocument(TypedDict):
    """The button of a stored mail."""

    label: str
    text_label: str


class MailContentDocument(TypedDict):
    """The structure of a stored mail, from which its HTML part is made when it is sent."""

    tone: str
    headline: str
    opening: str
    facts: list[list[str]]
    closing: str
    button: NotRequired[MailButtonDocument]


class DeliveryAttemptDocument(TypedDict):
    """An attempt at a delivery: when it ended, and the error with which it failed."""

    at: datetime
    error: str | None


class DeliveryDocument(TypedDict):
    """A stored delivery. See `tocsin.documents.Delivery` for the meaning of the fields."""

    _id: str
    owner: str
    kind: str
    run: str | None
    subject: str
    text: str
    content: NotRequired[MailContentDocument | None]
    status: DeliveryStatus
    queued_at: datetime
    next_try_at: datetime
    lease_until: NotRequired[datetime | None]
    acknowledge_by: NotRequired[datetime | None]
    tries: NotRequired[int]
    last_error: NotRequired[str | None]
    delivered_at: NotRequired[datetime | None]
    link: NotRequired[str | None]
    about: NotRequired[DeliveryAboutDocument | None]
    attachments: NotRequired[list[str]]
    good_until: NotRequired[datetime | None]
    to: NotRequired[str | None]
    sealed: NotRequired[str | None]
    claim: NotRequired[str | None]
    channel: NotRequired[str]
    data: NotRequired[dict[str, Any] | None]
    attempts: NotRequired[list[DeliveryAttemptDocument]]
    received: NotRequired[list[int]]
    retried_at: NotRequired[datetime | None]
    held_for: NotRequired[str | None]
    held_until: NotRequired[datetime | None]
    digest: NotRequired[str | None]
    collected: NotRequired[list[str] | None]
    purpose: NotRequired[str | None]
    former_channel: NotRequired[NotificationChannelDocument | None]
