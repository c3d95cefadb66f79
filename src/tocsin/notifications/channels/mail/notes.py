"""Notes at the top of a mail, added when it is sent: about the incident since then, and about withheld mails."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from tocsin.documents import Database, DeliveryAboutDocument, DeliveryDocument, DeliveryStatus
from tocsin.notifications.channels.mail.layout import prepend_note
from tocsin.notifications.content import MailContent, format_time
from tocsin.notifications.delivery_order import is_late
from tocsin.notifications.incident_stages import INCIDENT_TYPES, OVER_STAGE, subject_of
from tocsin.notifications.live.holding import is_fallback
from tocsin.notifications.preferences.incident_ends import find_ended
from tocsin.notifications.run_events import incident_event_id

_NAMES = {"Task": "task", "Workflow": "workflow"}


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail as it is stored, to which notes are added. One that an earlier version stored has no `content`."""

    subject: str
    text: str
    content: MailContent | None

    @classmethod
    def from_delivery(cls, delivery: DeliveryDocument) -> Self:
        """Return the mail of a delivery."""
        document = delivery.get("content")
        content = None if document is None else MailContent.from_document(document)
        return cls(delivery["subject"], delivery["text"], content)

    def with_note(self, note: str) -> Self:
        """Return the mail with a note before all others, in its text and in its content."""
        content = None if self.content is None else self.content.with_note(note)
        return replace(self, text=prepend_note(self.text, note), content=content)


async def add_late_notes(database: Database, delivery: DeliveryDocument, now: datetime) -> StoredMail:
    """Return the mail, updated with the present state of the incident."""
    mail, about = StoredMail.from_delivery(delivery), delivery.get("about")
    if about is None or about["type"] not in INCIDENT_TYPES or about["stage"] == OVER_STAGE:
        return mail
    subject = subject_of(about)
    who = None if subject is None else _NAMES[subject.type]
    if is_late(delivery, now) and await find_ended(database, [about]):
        note = f"This mail is late: {f'the {who} has' if who else 'all of this has'} worked again since then."
        mail = replace(mail.with_note(note), subject=f"{mail.subject} (it works again)")
    if (began := await _superseded_beginning(database, about)) is not None:
        at = format_time(began["queued_at"])
        note = (
            f"{f'Your {who}' if who else 'This'} started failing at {at}. "
            "This mail covers that too: the one about it could not be delivered."
        )
        mail = mail.with_note(note)
    return mail


async def _superseded_beginning(database: Database, about: DeliveryAboutDocument) -> DeliveryDocument | None:
    """Return the mail about the beginning of the incident if this mail superseded it."""
    if about["stage"] == 0:
        return None
    began = await database.deliveries.find_one({"_id": incident_event_id(about["id"], about["incident"], 0)})
    is_covered = began is not None and began["status"] == DeliveryStatus.SUPERSEDED and not is_fallback(began)
    return began if is_covered else None


def add_fallback_note(mail: StoredMail, delivery: DeliveryDocument) -> StoredMail:
    """Return the mail with a note why it comes, if a live delivery was not acknowledged."""
    if not is_fallback(delivery):
        return mail
    note = "You get this mail because the notification was delivered live, and nobody has acknowledged it."
    return mail.with_note(note)


def add_withheld_note(mail: StoredMail, count: int) -> StoredMail:
    """Return the mail with a note about earlier mails that were not sent to the recipient, if there are any."""
    if not count:
        return mail
    mails = "1 earlier mail to you was" if count == 1 else f"{count} earlier mails to you were"
    note = f"{mails} not sent: mails in 24 hours are limited, and none is sent before the address is confirmed."
    return mail.with_note(note)
