"""The ends of what a channel has opened in an alert service, queued before the channel is changed or deleted.

They go to the channel as it is now, of which each has a copy, with its sealed secrets: afterwards nobody could tell
the service.
"""

from collections.abc import Sequence

from tocsin import clock
from tocsin.documents import Database, DeliveryDocument, DeliveryStatus, IncidentDocument, NotificationChannelDocument
from tocsin.documents.narrowed_queries import find_narrowed
from tocsin.documents.updates import change_when, update_by_ids
from tocsin.notifications.channel_store import keeps_alerts
from tocsin.notifications.deliveries import delivery_id, enqueue_deliveries
from tocsin.notifications.delivery_claims import IS_QUEUED, update_deliveries
from tocsin.notifications.events import ENDS, EventKind
from tocsin.notifications.incident_stages import OVER_STAGE
from tocsin.notifications.preferences.untold_openings import find_opening_ids, is_delivery_told
from tocsin.notifications.run_events import incident_event_id

_BATCH = 500
_SUBJECT = "No longer told here: "
_TEXT = "The channel was changed or deleted, so its service is told no more of this."


async def close_alerts(database: Database, channel: NotificationChannelDocument) -> None:
    """Close what this channel has opened in its service and is still open. It can be repeated."""
    if not keeps_alerts(channel):
        return
    await _keep_waiting_ends(database, channel)
    fields = dict.fromkeys(("cause_key", "sequence", "events"), 1)
    found = await database.incidents.find({"owner": channel["owner"], "open": True}, fields).to_list()
    for start in range(0, len(found), _BATCH):
        await _close(database, channel, found[start : start + _BATCH])


async def _keep_waiting_ends(database: Database, channel: NotificationChannelDocument) -> None:
    """Let the ends that wait for this channel go to it as it is now."""
    query = {"status": DeliveryStatus.QUEUED, "owner": channel["owner"], "next_try_at": {"$gt": clock.EPOCH}}
    ends = {"channel": channel["_id"], "kind": {"$in": sorted(ENDS)}, "former_channel": None}
    found = await find_narrowed(database.deliveries, query, ends, fields={"_id": 1})
    kept = change_when(IS_QUEUED, {"former_channel": channel})
    for start in range(0, len(found), _BATCH):
        ids = [each["_id"] for each in found[start : start + _BATCH]]
        await update_deliveries(database, [update_by_ids(ids, [kept])])


async def _close(
    database: Database, channel: NotificationChannelDocument, incidents: Sequence[IncidentDocument]
) -> None:
    """Queue the ends of those of these incidents of which the channel was told."""
    events = {each["_id"]: find_opening_ids(each, each["cause_key"], each["sequence"]) for each in incidents}
    ids = [delivery_id(event, channel["_id"]) for some in events.values() for event in some]
    told = database.deliveries.find({"_id": {"$in": ids}})
    by_incident = {
        about["incident_id"]: each
        async for each in told
        if (about := each.get("about")) is not None and is_delivery_told(each)
    }
    await enqueue_deliveries(database, [_end_of(each, channel) for each in by_incident.values()])


def _end_of(opening: DeliveryDocument, channel: NotificationChannelDocument) -> DeliveryDocument:
    """Return the end of what a delivery has told. There is one for each revision of the channel."""
    about = opening["about"]
    assert about is not None  # noqa: S101  # it was selected by that
    event = f"{incident_event_id(about['id'], about['incident'], OVER_STAGE)}:{channel['revision']}"
    end: DeliveryDocument = {
        "_id": delivery_id(event, channel["_id"]), "owner": opening["owner"], "kind": EventKind.INCIDENT_CLOSED,
        "run": opening["run"], "subject": f"{_SUBJECT}{opening['subject']}", "text": _TEXT,
        "status": DeliveryStatus.QUEUED, "queued_at": clock.EPOCH, "next_try_at": clock.EPOCH, "lease_until": None,
        "tries": 0, "last_error": None, "delivered_at": None, "link": opening.get("link"),
        "about": {**about, "stage": OVER_STAGE}, "channel": channel["_id"], "data": opening.get("data"),
        "former_channel": channel,
    }  # fmt: skip
    return end
