"""Stored deliveries: queued once for each cause, listed, and deleted in the end. `delivery_worker` tells their life."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from pymongo.errors import BulkWriteError

from tocsin import clock
from tocsin.documents import Database, DeliveryDocument, DeliveryStatus, aggregate
from tocsin.documents.inserts import existing_indexes
from tocsin.documents.updates import Pipeline
from tocsin.notifications.account_events import LinkRequested
from tocsin.notifications.channel_store import find_takers, takes_event
from tocsin.notifications.channels import CHANNELS, DEFAULT_CHANNEL
from tocsin.notifications.channels.base import Message
from tocsin.notifications.events import LINK_EVENTS, Event
from tocsin.notifications.inbox.store import find_stored, store_notifications
from tocsin.notifications.notices import render_notice
from tocsin.notifications.run_events import IncidentStage

_PRUNE_BATCH = 500


async def notify(database: Database, events: Iterable[Event]) -> None:
    """Store the notification of each event, and queue a delivery of it by each channel that accepts it.

    That includes the channels that its owner has set up. Mails are queued when all of those are, as `find_notified`
    relies on: one command for both could queue the mail and fail for the others.
    """
    told = list(events)
    if not told:
        return
    await store_notifications(database, told)
    takers = await find_takers(database, {event.owner for event in told if event.kind not in LINK_EVENTS})
    to_channels = [
        new_delivery(event, channel["_id"], render_notice(event))
        for event in told
        for channel in takers.get(event.owner, ())
        if takes_event(channel, event)
    ]
    others = [
        new_delivery(event, name, channel.render(event))
        for event in told
        for name, channel in CHANNELS.items()
        if await channel.accepts(event, database)
    ]
    await enqueue_deliveries(database, to_channels)
    await enqueue_deliveries(database, others)


def delivery_id(event_id: str, channel: str) -> str:
    """Return the id of an event's delivery: that of the event, followed by the channel unless that is mail.

    So deliveries caused by an owner's documents count towards the owner's storage: their ids begin with the owner's.
    """
    return event_id if channel == DEFAULT_CHANNEL else f"{event_id}@{channel}"


async def find_notified(database: Database, stages: Collection[IncidentStage]) -> set[IncidentStage]:
    """Return those of these stages of incidents that were notified of, or a later stage was.

    A crash can leave a notification without its deliveries. So for a stage itself only a delivery counts. Of a later
    stage, the notification counts too. The mail stands for the channels that owners have set up: it is queued of every
    event, after their deliveries. So nothing else is read here, where each failed run comes by.
    """
    if not stages:
        return set()
    silencing_ids = {
        stage: {delivery_id(event_id, name) for event_id in stage.silencing_event_ids() for name in CHANNELS}
        for stage in stages
    }
    found = database.deliveries.find({"_id": {"$in": list(set().union(*silencing_ids.values()))}}, {"_id": 1})
    delivered = {delivery["_id"] async for delivery in found}
    notified = {stage for stage, ids in silencing_ids.items() if not delivered.isdisjoint(ids)}
    later_ids = {stage: stage.silencing_event_ids()[1:] for stage in stages if stage not in notified}
    stored = await find_stored(database, [event_id for ids in later_ids.values() for event_id in ids])
    return notified | {stage for stage, ids in later_ids.items() if not stored.isdisjoint(ids)}


def new_delivery(event: Event, channel: str, message: Message) -> DeliveryDocument:
    """Return a queued delivery of the event."""
    delivery: DeliveryDocument = {
        "_id": delivery_id(event.id, channel),
        "owner": event.owner,
        "kind": event.kind,
        "run": event.run,
        "subject": message.subject,
        "text": message.text,
        "status": DeliveryStatus.QUEUED,
        "queued_at": event.at,
        "next_try_at": event.at,
        "lease_until": None,
        "tries": 0,
        "last_error": None,
        "delivered_at": None,
    }
    if message.content is not None:
        delivery["content"] = message.content
    if event.page is not None:
        delivery["link"] = event.page
    if event.about is not None:
        delivery["about"] = event.about
    if isinstance(event, LinkRequested):
        delivery |= {"sealed": event.sealed, "good_until": event.good_until}
        if event.to is not None:
            delivery["to"] = event.to
    if channel != DEFAULT_CHANNEL:
        delivery["channel"] = channel
    return delivery


async def enqueue_deliveries(
    database: Database, deliveries: list[DeliveryDocument], at: datetime | None = None
) -> None:
    """Queue these deliveries as of `at` (now). One whose cause was queued before is left unchanged."""
    if not deliveries:
        return
    moment = at or clock.now()
    stamped = [delivery | {"queued_at": moment, "next_try_at": moment} for delivery in deliveries]
    try:
        await database.deliveries.insert_many(stamped, ordered=False)
    except BulkWriteError as error:
        existing_indexes(error)
    database.deliveries_queued({each["owner"] for each in deliveries})


async def prune_deliveries(database: Database, before: datetime) -> int:
    """Delete finished deliveries that were queued before that time, and return their number.

    The cause of a deleted delivery can be notified again.
    """
    count = 0
    while ids := await _queued_before(database, before):
        result = await database.deliveries.delete_many({"_id": {"$in": ids}})
        count += result.deleted_count
    return count


async def _queued_before(database: Database, before: datetime) -> list[str]:
    stages: Pipeline = [
        {"$match": {"queued_at": {"$lt": before}}},
        {"$match": {"status": {"$ne": DeliveryStatus.QUEUED}}},
        {"$limit": _PRUNE_BATCH},
        {"$project": {"_id": 1}},
    ]
    return [row["_id"] for row in await aggregate(database.deliveries, stages)]


async def list_newest(database: Database, limit: int, now: datetime) -> list[DeliveryDocument]:
    """Return the mails that were queued last, newest first.

    Reads growing windows of time: the embedded database would read all of them for a plain sort and limit.
    """
    window = timedelta(hours=1)
    while True:
        since = max(clock.EPOCH, now - window) if window < now - clock.EPOCH else clock.EPOCH
        bounds = {"$gte": since, "$lt": now + timedelta(days=1)}
        found = database.deliveries.find({"queued_at": bounds, "channel": None})
        deliveries = await found.sort([("queued_at", -1), ("_id", -1)]).limit(limit).to_list()
        if len(deliveries) >= limit or since == clock.EPOCH:
            return deliveries
        window *= 8
