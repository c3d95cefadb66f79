"""Models of mails: deliveries, and the counts behind the limits of mails."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from tocsin.documents.base import StoredDocument, ascending_index
from tocsin.documents.states import DeliveryStatus

if TYPE_CHECKING:
    from tocsin.documents.channel_documents import NotificationChannelDocument
    from tocsin.documents.delivery_documents import (
        DeliveryAboutDocument,
        DeliveryAttemptDocument,
        MailContentDocument,
    )
else:  # Pydantic would drop the keys that a TypedDict does not name
    DeliveryAboutDocument = DeliveryAttemptDocument = MailContentDocument = NotificationChannelDocument = dict[str, Any]


class Delivery(StoredDocument):
    """A mail to a user. Its ID derives from its cause, so that no cause is mailed twice.

    It is sent to its owner's address, or to `to` if the recipient has no account yet. `sealed` is the encrypted
    replacement of `{link}` in the text: only the mail itself contains it in plain text. `content` is the structure of
    the text, from which the HTML part is made; it is dropped when the delivery has ended.

    `link` is the path of the page about its subject. `about` orders the mails about one subject: a later stage of an
    incident supersedes earlier ones. A delivery is not sent after `good_until`.
    One with a `channel` goes to that channel of its owner instead, which is no mail. It has the `data` for programs of
    the notification. `attempts` are the last of them.
    `acknowledge_by` is the time until which a live delivery is repeated, unless its notification is acknowledged, and
    of a mail the time until which it is held for that. `received` are the numbers of the attempts at a live delivery
    that an open stream or long poll got. `retried_at` is when its owner last had it sent again, from when on it is
    tried for three days. `former_channel` is the channel as it was before it was changed or deleted, with its sealed
    secrets, for what must be closed there.
    A mail that a job sends itself (kind JOB) is recorded once it has ended, with the names of its `attachments`.

    A delivery is held back for quiet hours or a digest (`held_for`) until `held_until`. `digest` is the ID of the
    delivery of the digest that tells of it, which names those that it tells of in `collected`. A digest has the
    `purpose` of the mails of which it tells if another address gets these, so that it goes there.

    `status` is QUEUED until the mail server accepts the mail (DELIVERED), it is given up (FAILED), a later mail
    replaces it (SUPERSEDED), or its recipient must not get it (SUPPRESSED). `claim` is the token of the process that
    sends it, valid until `lease_until`. `queued_at` sorts `tocsin mails list`.
    """

    owner: str
    kind: str
    channel: str | None = None
    data: dict[str, Any] | None = None
    run: str | None
    link: str | None = None
    about: DeliveryAboutDocument | None = None
    attachments: list[str] = []
    good_until: datetime | None = None
    to: str | None = None
    subject: str
    text: str
    content: MailContentDocument | None = None
    sealed: str | None = None
    status: DeliveryStatus = DeliveryStatus.QUEUED
    queued_at: datetime
    next_try_at: datetime
    acknowledge_by: datetime | None = None
    lease_until: datetime | None = None
    claim: str | None = None
    tries: int = 0
    attempts: list[DeliveryAttemptDocument] = []
    received: list[int] = []
    retried_at: datetime | None = None
    last_error: str | None = None
    delivered_at: datetime | None = None
    held_for: str | None = None
    held_until: datetime | None = None
    digest: str | None = None
    collected: list[str] | None = None
    purpose: str | None = None
    former_channel: NotificationChannelDocument | None = None

    class Settings:
        name = "deliveries"
        indexes: ClassVar = [
            ascending_index("status", "next_try_at", partialFilterExpression={"status": "QUEUED"}),
            ascending_index("status", "owner", "next_try_at", partialFilterExpression={"status": "QUEUED"}),
            ascending_index("status", "about.id", partialFilterExpression={"status": "QUEUED"}),
            ascending_index("queued_at"),
            ascending_index("channel", "queued_at"),
        ]


class MailCount(StoredDocument):
    """The times of the last mails that one limit counts: see `outbound/mail_limits.py`.

    Its ID is `limit:digest of the recipient`. `held_back` counts mails that were suppressed and not yet logged.
    """

    times: list[datetime] = []
    held_back: int = 0
    forget_at: datetime

    class Settings:
        name = "mail_counts"
        indexes: ClassVar = [ascending_index("forget_at", expireAfterSeconds=0)]
