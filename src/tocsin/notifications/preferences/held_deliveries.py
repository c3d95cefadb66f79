"""Deliveries that are held back: written so that a change of preferences reaches them, and released by it.

Preferences are written before what waits is released. Who holds a delivery back reads them once more after it has
written that: so either the release finds the delivery, or the holder finds the change.
"""

from datetime import datetime

from tocsin.documents import Changes, Database, DeliveryDocument, DeliveryStatus, Filter
from tocsin.documents.narrowed_queries import find_narrowed
from tocsin.documents.updates import all_of, change_when, is_null, update_by_ids
from tocsin.errors import TocsinError
from tocsin.notifications.delivery_claims import IS_QUEUED, change_delivery, is_claimed, update_deliveries
from tocsin.notifications.live.holding import not_awaiting_acknowledgement
from tocsin.notifications.preferences.choices import Choices
from tocsin.notifications.preferences.hold_backs import HOLD_BACK_TEXTS, HoldBack
from tocsin.notifications.preferences.store import find_delivery_choices

_BATCH = 500
IS_UNCLAIMED = all_of(IS_QUEUED, is_null("claim"))


class DeliveryHeld(TocsinError):
    """No attempt was made: the delivery was given back, to be made later."""


async def hold_back_delivery(
    database: Database, delivery: DeliveryDocument, hold_back: HoldBack, choices: Choices, now: datetime
) -> None:
    """Give back the claim of a delivery until the hold ends, or for another look now if the choices have changed."""
    held: Changes = {
        "next_try_at": hold_back.until,
        "held_until": hold_back.until,
        "held_for": hold_back.reason,
        "last_error": HOLD_BACK_TEXTS[hold_back.reason],
        "digest": None,
    }
    await set_aside(database, delivery, held)
    present = await find_delivery_choices(database, [delivery])
    if present.about_delivery(delivery) != choices:
        again = change_delivery(delivery["_id"], IS_UNCLAIMED, {"next_try_at": now})
        await update_deliveries(database, [again])


async def set_aside(database: Database, delivery: DeliveryDocument, changes: Changes) -> None:
    """Give back the claim of a delivery, with these changes."""
    unclaimed: Changes = {**changes, "claim": None, "lease_until": None}
    await update_deliveries(database, [change_delivery(delivery["_id"], is_claimed(delivery), unclaimed)])


async def release_held(database: Database, owner: str, now: datetime, subject: str | None = None) -> None:
    """Let what waits for this owner be decided anew, or only what is about this task or workflow.

    What waits for the retry of a failed attempt keeps waiting, and so do mails that are held until their notification
    is acknowledged, and what a digest tells of that is being sent.
    """
    waiting = {"status": DeliveryStatus.QUEUED, "owner": owner, "next_try_at": {"$gt": now}}
    is_held = [{"held_until": {"$gt": now}}, {"tries": 0}]
    others: Filter = {"digest": None, "$or": is_held, **not_awaiting_acknowledgement(now)}
    if subject is not None:
        others["$and"] = [{"$or": [{"about.id": subject}, {"about.subject": subject}]}]
    can_be_made = change_when(IS_UNCLAIMED, {"next_try_at": now})
    ids = [each["_id"] for each in await find_narrowed(database.deliveries, waiting, others, fields={"_id": 1})]
    for start in range(0, len(ids), _BATCH):
        await update_deliveries(database, [update_by_ids(ids[start : start + _BATCH], [can_be_made])])
    database.deliveries_queued({owner})
