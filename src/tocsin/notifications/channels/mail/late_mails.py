"""Additions to the texts of mails that are delivered late."""

from datetime import datetime

from tocsin.documents import Database, DeliveryAboutDocument, DeliveryDocument, DeliveryStatus
from tocsin.notifications.channels.mail.layout import format_time, prepend_note
from tocsin.notifications.delivery_order import is_late
from tocsin.notifications.events import incident_event_id

_COLLECTIONS = {"Task": "tasks", "Workflow": "workflows"}


async def add_late_notes(database: Database, delivery: DeliveryDocument, now: datetime) -> tuple[str, str]:
    """Return subject and text, updated with the present state of the incident."""
    subject, text, about = str(delivery["subject"]), str(delivery["text"]), delivery.get("about")
    if about is None or about["type"] not in _COLLECTIONS:
        return subject, text
    thing = about["type"].lower()
    if is_late(delivery, now) and await _works_again(database, about):
        subject += " (it works again)"
        text = prepend_note(text, f"This mail is late: the {thing} has worked again since then.")
    if (began := await _superseded_beginning(database, about)) is not None:
        at = format_time(began["queued_at"])
        note = (
            f"Your {thing} started failing at {at}. This mail covers that too: the one about it could not be delivered."
        )
        text = prepend_note(text, note)
    return subject, text


async def _works_again(database: Database, about: DeliveryAboutDocument) -> bool:
    things = database.db[_COLLECTIONS[about["type"]]]
    thing = await things.find_one({"_id": about["id"]}, {"incident": 1})
    return thing is not None and (thing.get("incident") or 0) > about["incident"]


async def _superseded_beginning(database: Database, about: DeliveryAboutDocument) -> DeliveryDocument | None:
    """Return the mail about the beginning of the incident if this mail superseded it."""
    if about["stage"] == 0:
        return None
    began: DeliveryDocument | None = await database.deliveries.find_one(
        {"_id": incident_event_id(about["id"], about["incident"], 0)}
    )
    return began if began is not None and began["status"] == DeliveryStatus.SUPERSEDED else None
