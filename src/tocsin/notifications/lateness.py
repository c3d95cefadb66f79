"""Mails that could not be delivered for a while: what they must say, or why they are not sent."""

from datetime import datetime

from tocsin.documents import Database, Doc, StepStatus
from tocsin.notifications.letters import time_text, with_note
from tocsin.notifications.mails import incident_id
from tocsin.notifications.ordering import is_late

SUPERSEDED = "SUPERSEDED"
_COLLECTIONS = {"Task": "tasks", "Workflow": "workflows"}


async def update_text(database: Database, delivery: Doc, now: datetime) -> tuple[str, str]:
    """Subject and text, with what has become of the incident since the mail was written."""
    subject, text, about = str(delivery["subject"]), str(delivery["text"]), delivery.get("about")
    if about is None or about["type"] not in _COLLECTIONS:
        return subject, text
    thing = about["type"].lower()
    if is_late(delivery, now) and await _works_again(database, about):
        subject += " (it works again)"
        text = with_note(text, f"This mail comes late: since then the {thing} has worked again.")
    if (began := await _untold_beginning(database, about)) is not None:
        at = time_text(began["queued_at"])
        note = f"Your {thing} began to fail at {at}. The mail about that could not be delivered: this one tells both."
        text = with_note(text, note)
    return subject, text


async def is_pointless(database: Database, delivery: Doc, now: datetime) -> str | None:
    """Return why a late mail need not be sent any more; None if it must."""
    about, good_until = delivery.get("about"), delivery.get("good_until")
    if good_until is not None and good_until <= now:
        return "its link expired before it could be delivered"
    if about is None or about["type"] != "Approval" or not is_late(delivery, now):
        return None
    run = await database.workflow_runs.find_one({"_id": delivery["run"]}, {"steps": 1})
    state = (run or {}).get("steps", {}).get(about["step"], {})
    waits = state.get("status") == StepStatus.WAITING.value and state.get("round", 0) == about["incident"]
    return None if waits else "the step does not wait for a decision any more"


async def _works_again(database: Database, about: Doc) -> bool:
    things = database.db[_COLLECTIONS[about["type"]]]
    thing = await things.find_one({"_id": about["id"]}, {"incident": 1})
    return thing is not None and (thing.get("incident") or 0) > about["incident"]


async def _untold_beginning(database: Database, about: Doc) -> Doc | None:
    """The mail about the beginning that this one about the end took the place of."""
    if about["stage"] == 0:
        return None
    began = await database.deliveries.find_one({"_id": incident_id(about["id"], about["incident"], 0)})
    return began if began is not None and began["status"] == SUPERSEDED else None
