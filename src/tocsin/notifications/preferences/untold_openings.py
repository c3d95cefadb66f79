"""Ends of incidents in channels that were told of the opening, and in those that were not.

A rule, a preference or quiet hours can keep back either.

Who was told of the opening is told of the end whatever rule was set since then; who was not is told of no end.
"""

from tocsin.documents import Database, DeliveryAboutDocument, DeliveryDocument, DeliveryStatus, IncidentDocument
from tocsin.notifications.channel_store import keeps_alerts, names_kind
from tocsin.notifications.channels import DEFAULT_CHANNEL
from tocsin.notifications.events import INCIDENT_ENDS, EventKind
from tocsin.notifications.incident_stages import OVER_STAGE
from tocsin.notifications.live.acknowledgements import ACKNOWLEDGED
from tocsin.notifications.preferences.choices import Choices
from tocsin.notifications.preferences.hold_backs import COLLECTED, channel_of
from tocsin.notifications.run_events import incident_event_id

OPENING_KINDS = (EventKind.BEGAN_FAILING, EventKind.FAILED_FOR_GOOD)
_FIELDS = ("status", "channel", "last_error", "held_until", "digest")
_UNTOLD = "it was not told here that this had failed"


async def find_objection_to(database: Database, delivery: DeliveryDocument, choices: Choices) -> str | None:
    """Return why a delivery is not wanted; None if it is."""
    kind, channel = delivery["kind"], channel_of(delivery)
    objection = choices.find_objection(kind, channel)
    lasting = None if objection is None else choices.find_lasting_objection(kind, channel)
    about = delivery.get("about")
    if lasting is not None or kind not in INCIDENT_ENDS or about is None or "incident_id" not in about:
        return lasting or objection
    was_told = await _was_told(database, about, channel)
    if was_told or (was_told is None and (objection is None or await _keeps_alerts(database, channel))):
        return None
    if objection is None and kind == EventKind.RECOVERED and await _takes_only_ends(database, channel, choices):
        return None
    return objection or _UNTOLD


async def _was_told(database: Database, about: DeliveryAboutDocument, channel: str) -> bool | None:
    """Tell whether a channel was told of the opening that is over, or reminded of it; None if nobody knows any more.

    The mails say whether an opening was told at all: those about an old one may have been deleted.
    """
    incident = await database.incidents.find_one({"_id": about.get("incident_id")}, {"events": 1})
    ids = find_opening_ids(incident, about["id"], about["incident"])
    wanted = [*ids, *(f"{event}@{channel}" for event in ids)]
    found = await database.deliveries.find({"_id": {"$in": wanted}}, dict.fromkeys(_FIELDS, 1)).to_list()
    return any(channel_of(each) == channel and is_delivery_told(each) for each in found) if found else None


def find_opening_ids(incident: IncidentDocument | None, cause_key: str, sequence: int) -> list[str]:
    """Return the IDs of the events that told of the failures of an opening: its stages and the last reminders."""
    stages = [incident_event_id(cause_key, sequence, stage) for stage in range(len(OPENING_KINDS))]
    prefix = incident_event_id(cause_key, sequence, 0).removesuffix("began")
    told = [] if incident is None else [each for each in incident["events"] if each.startswith(prefix)]
    return sorted({*told, *stages} - {incident_event_id(cause_key, sequence, OVER_STAGE)})


def is_delivery_told(opening: DeliveryDocument) -> bool:
    """Tell whether an opening was sent or is being sent, is told by a digest, or needed no mail because it was
    acknowledged. One that is held will be obsolete.
    """
    match opening["status"]:
        case DeliveryStatus.QUEUED:
            return opening.get("digest") is not None or opening.get("held_until") is None
        case DeliveryStatus.SUPERSEDED:
            return opening.get("last_error") in (COLLECTED, ACKNOWLEDGED)
        case status:
            return status != DeliveryStatus.SUPPRESSED


async def _keeps_alerts(database: Database, channel: str) -> bool:
    found = await database.notification_channels.find_one({"_id": channel}, {"kind": 1})
    return found is not None and keeps_alerts(found)


async def _takes_only_ends(database: Database, channel: str, choices: Choices) -> bool:
    """Tell whether a channel is told of recoveries, but of no openings, by the choice of its owner."""
    wanted = [kind for kind in OPENING_KINDS if choices.find_objection(kind, channel) is None]
    if channel == DEFAULT_CHANNEL or not wanted:
        return not wanted
    found = await database.notification_channels.find_one({"_id": channel}, {"events": 1})
    if found is None or not names_kind(found, EventKind.RECOVERED):
        return False
    return not any(names_kind(found, kind) for kind in wanted)
