"""Mails that are delivered late: additions to their text, and reasons not to send them."""

from datetime import datetime

from tocsin.documents import Database, Doc, StepStatus
from tocsin.notifications.channels.mail.layout import format_time, prepend_note
from tocsin.notifications.channels.mail.task_mails import incident_delivery_id
from tocsin.notifications.delivery_order import is_late

SUPERSEDED = "SUPERSEDED"
_COLLECTIONS = {"Task": "tasks", "Workflow": "workflows"}


async def add_late_notes(database: Database, delivery: Doc, now: datetime) -> tuple[str, str]:
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


async def find_obsolete_reason(database: Database, delivery: Doc, now: datetime) -> str | None:
    """Return why a late mail is obsolete; None if it must be sent."""
    about, good_until = delivery.get("about"), delivery.get("good_until")
    if good_until is not None and good_until <= now:
        return "its link expired before it could be delivered"
    if about is None or about["type"] != "Approval" or not is_late(delivery, now):
        return None
    run = await database.workflow_runs.find_one({"_id": delivery["run"]}, {"steps": 1})
    state = (run or {}).get("steps", {}).get(about["step"], {})
    waits = state.get("status") == StepStatus.WAITING.value and state.get("round", 0) == about["incident"]
    return None if waits else "the step no longer waits for a decision"


async def _works_again(database: Database, about: Doc) -> bool:
    things = database.db[_COLLECTIONS[about["type"]]]
    thing = await things.find_one({"_id": about["id"]}, {"incident": 1})
    return thing is not None and (thing.get("incident") or 0) > about["incident"]


async def _superseded_beginning(database: Database, about: Doc) -> Doc | None:
    """Return the mail about the beginning of the incident if this mail superseded it."""
    if about["stage"] == 0:
        return None
    began = await database.deliveries.find_one({"_id": incident_delivery_id(about["id"], about["incident"], 0)})
    return began if began is not None and began["status"] == SUPERSEDED else None
