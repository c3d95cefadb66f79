"""Which deliveries are obsolete by the time they are made: late ones, and those that their owner retries."""

from collections.abc import Iterable
from datetime import datetime

from tocsin.documents import (
    Database,
    DeliveryAboutDocument,
    DeliveryDocument,
    DeliveryStatus,
    IncidentDocument,
    StepStatus,
)
from tocsin.notifications.channel_store import goes_to_alert_service
from tocsin.notifications.deliveries import delivery_id
from tocsin.notifications.delivery_order import is_late, stage_order
from tocsin.notifications.events import ENDS, EventKind
from tocsin.notifications.incident_stages import INCIDENT_TYPES, OVER_STAGE
from tocsin.notifications.live.acknowledgements import ACKNOWLEDGED, was_acknowledged
from tocsin.notifications.preferences.untold_openings import find_opening_ids
from tocsin.notifications.run_events import incident_event_id

_DECIDED = "the step no longer waits for a decision"
_LATER_DELIVERED = "a later notification about the same subject was delivered"
_OVER = "it is over by now"
_FIELDS = {"sequence": 1, "open": 1, "events": 1}


async def find_obsolete_reason(delivery: DeliveryDocument, database: Database, now: datetime) -> str | None:
    """Return why a late delivery is obsolete; None if it must be made."""
    about, good_until = delivery.get("about"), delivery.get("good_until")
    if good_until is not None and good_until <= now:
        return "its link expired before it could be delivered"
    if await was_acknowledged(delivery, database):
        return ACKNOWLEDGED
    if delivery.get("retried_at") is not None and (reason := await _find_overtaken_reason(delivery, database)):
        return reason
    if about is None or about["type"] != "Approval" or not is_late(delivery, now):
        return None
    return None if await _awaits_decision(database, delivery, about) else _DECIDED


async def _awaits_decision(database: Database, delivery: DeliveryDocument, about: DeliveryAboutDocument) -> bool:
    run = await database.workflow_runs.find_one({"_id": delivery["run"]}, {"steps": 1})
    step = run["steps"].get(about["step"]) if run else None
    return step is not None and step["status"] == StepStatus.WAITING and step.get("round", 0) == about["incident"]


async def _find_overtaken_reason(delivery: DeliveryDocument, database: Database) -> str | None:
    """Return why a retried delivery about an incident comes too late for its channel; None if it does not.

    Nothing would end the alert that news of what is over opens in an alert service.
    """
    about = delivery.get("about")
    is_end, is_alert = delivery["kind"] in ENDS, await goes_to_alert_service(database, delivery)
    if is_end and is_alert:  # each opening is an alert of its own there
        return None
    if delivery["kind"] == EventKind.NETWORK_DOWN:
        return await _find_outage_reason(database, delivery)
    if about is None or about["type"] not in INCIDENT_TYPES:
        return None
    latest = await database.incidents.find_one({"latest": True, "cause_key": about["id"]}, _FIELDS)
    own = await database.incidents.find_one({"_id": about.get("incident_id")}, _FIELDS)
    if await _is_later_delivered(database, delivery, about, [each for each in (own, latest) if each is not None]):
        return _LATER_DELIVERED
    lasts = latest is not None and latest["open"] and latest["sequence"] == about["incident"]
    return _OVER if is_alert and not lasts else None


async def _find_outage_reason(database: Database, delivery: DeliveryDocument) -> str | None:
    """Return why the beginning of an outage of our own network is not told any more; None if it lasts."""
    end = f"{delivery['_id'].rpartition('@')[0].removesuffix('down')}up"
    return _OVER if await database.notifications.find_one({"_id": end}, {"_id": 1}) is not None else None


async def _is_later_delivered(
    database: Database, delivery: DeliveryDocument, about: DeliveryAboutDocument, incidents: Iterable[IncidentDocument]
) -> bool:
    """Tell whether a later stage or opening of what a delivery is about was delivered to its channel."""
    openings = {about["incident"], *(each["sequence"] for each in incidents)}
    events = {event for each in incidents for event in each["events"]}
    for number in openings:
        events |= {*find_opening_ids(None, about["id"], number), incident_event_id(about["id"], number, OVER_STAGE)}
    ids = sorted(delivery_id(event, delivery.get("channel") or "") for event in events)
    found = await database.deliveries.find({"_id": {"$in": ids}}, {"status": 1, "about": 1}).to_list()
    delivered = [each for each in found if each["status"] == DeliveryStatus.DELIVERED]
    return any(stage_order(each) > stage_order(delivery) for each in delivered)
