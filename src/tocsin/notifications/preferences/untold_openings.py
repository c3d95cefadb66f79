"""Recoveries in channels that were not told of the failure: a rule, a preference or quiet hours kept that back."""

from tocsin.documents import Database, DeliveryAboutDocument, DeliveryDocument, DeliveryStatus
from tocsin.notifications.channels import DEFAULT_CHANNEL
from tocsin.notifications.digests.collection import COLLECTED
from tocsin.notifications.events import EventKind
from tocsin.notifications.live.acknowledgements import ACKNOWLEDGED
from tocsin.notifications.preferences.choices import Choices
from tocsin.notifications.preferences.hold_backs import channel_of
from tocsin.notifications.run_events import incident_event_id

OPENING_KINDS = (EventKind.BEGAN_FAILING, EventKind.FAILED_FOR_GOOD)
_FIELDS = ("status", "channel", "last_error", "held_until", "digest")


async def has_untold_opening(database: Database, delivery: DeliveryDocument, choices: Choices) -> bool:
    """Tell whether a delivery is about the end of an incident whose opening its channel was not told.

    The mails say whether an opening was told at all: one that is old may have been deleted. A channel that takes no
    openings, by the choice of its owner, is told of ends only.
    """
    about, channel = delivery.get("about"), channel_of(delivery)
    if delivery["kind"] != EventKind.RECOVERED or about is None or "incident_id" not in about:
        return False
    found = await _find_openings(database, about, channel)
    if not found or any(channel_of(each) == channel and _tells(each) for each in found):
        return False
    return await _takes_openings(database, channel, choices)


async def _find_openings(database: Database, about: DeliveryAboutDocument, channel: str) -> list[DeliveryDocument]:
    """Return the deliveries of the opening that was before this end, by mail and by the channel."""
    events = [incident_event_id(about["id"], about["incident"], stage) for stage in range(len(OPENING_KINDS))]
    ids = [*events, *(f"{event}@{channel}" for event in events)]
    found = database.deliveries.find({"_id": {"$in": ids}}, dict.fromkeys(_FIELDS, 1))
    return await found.to_list()


def _tells(opening: DeliveryDocument) -> bool:
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


async def _takes_openings(database: Database, channel: str, choices: Choices) -> bool:
    wanted = [kind for kind in OPENING_KINDS if choices.find_objection(kind, channel) is None]
    if channel == DEFAULT_CHANNEL or not wanted:
        return bool(wanted)
    found = await database.notification_channels.find_one({"_id": channel}, {"events": 1})
    events = None if found is None else found["events"]
    return events is None or any(kind in events for kind in wanted)
