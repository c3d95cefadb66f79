"""Notes at the top of a mail, added when it is sent: about the incident since then, and about withheld mails."""

from datetime import datetime

from tocsin.documents import Database, DeliveryAboutDocument, DeliveryDocument, DeliveryStatus
from tocsin.notifications.channels.base import Message
from tocsin.notifications.channels.mail.layout import format_time, prepend_note
from tocsin.notifications.delivery_order import is_late
from tocsin.notifications.run_events import incident_event_id

_COLLECTIONS = {"Task": "tasks", "Workflow": "workflows"}


async def add_late_notes(database: Database, delivery: DeliveryDocument, now: datetime) -> Message:
    """Return the mail, updated with the present state of the incident."""
    subject, text, about = delivery["subject"], delivery["text"], delivery.get("about")
    if about is None or about["type"] not in _COLLECTIONS:
        return Message(subject, text)
    subject_type = about["type"].lower()
    if is_late(delivery, now) and await _works_again(database, about):
        subject += " (it works again)"
        text = prepend_note(text, f"This mail is late: the {subject_type} has worked again since then.")
    if (began := await _superseded_beginning(database, about)) is not None:
        at = format_time(began["queued_at"])
        note = (
            f"Your {subject_type} started failing at {at}. "
            "This mail covers that too: the one about it could not be delivered."
        )
        text = prepend_note(text, note)
    return Message(subject, text)


async def _works_again(database: Database, about: DeliveryAboutDocument) -> bool:
    collection = database.db[_COLLECTIONS[about["type"]]]
    subject = await collection.find_one({"_id": about["id"]}, {"incident": 1})
    return subject is not None and (subject.get("incident") or 0) > about["incident"]


async def _superseded_beginning(database: Database, about: DeliveryAboutDocument) -> DeliveryDocument | None:
    """Return the mail about the beginning of the incident if this mail superseded it."""
    if about["stage"] == 0:
        return None
    began = await database.deliveries.find_one({"_id": incident_event_id(about["id"], about["incident"], 0)})
    return began if began is not None and began["status"] == DeliveryStatus.SUPERSEDED else None


def add_withheld_note(text: str, count: int) -> str:
    """Return the text with a note about earlier mails that were not sent to the recipient, if there are any."""
    if not count:
        return text
    mails = "1 earlier mail to you was" if count == 1 else f"{count} earlier mails to you were"
    note = f"{mails} not sent: mails in 24 hours are limited, and none is sent before the address is confirmed."
    return prepend_note(text, note)
