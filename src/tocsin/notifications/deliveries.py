"""Stored deliveries: queued once for each cause, listed, and deleted in the end. `delivery_worker` tells their life."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from pymongo.errors import BulkWriteError

from tocsin import clock
from tocsin.documents import Database, DeliveryDocument, DeliveryStatus, NotificationChannelDocument, aggregate
from tocsin.documents.inserts import existing_indexes
from tocsin.documents.updates import Pipeline
from tocsin.notifications.account_events import LinkRequested
from tocsin.notifications.channel_store import find_takers, takes_event
from tocsin.notifications.channels import CHANNELS, DEFAULT_CHANNEL
from tocsin.notifications.channels.base import Message
from tocsin.notifications.events import LINK_EVENTS, UNSTORED_KINDS, Event
from tocsin.notifications.inbox.data import describe_for_programs
from tocsin.notifications.inbox.store import store_notifications
from tocsin.notifications.live.fallback import await_acknowledgement, find_fallback_time, find_hold_time
from tocsin.notifications.live.holding import first_try_at
from tocsin.notifications.notices import render_notice
from tocsin.notifications.preferences.recipients import RecipientChoices

_PRUNE_BATCH = 500


async def notify(database: Database, events: Iterable[Event]) -> None:
    """Store the notification of each event, and queue a delivery of it by each channel that accepts it.

    That includes the channels that its owner has set up. Mails are queued when all of those are: one command for both
    could queue the mail and fail for the others. Whoever was interrupted notifies again, which repeats nothing.
    A mail about what a live channel takes is held until the time for acknowledging is over.
    """
    given = list(events)
    if not given:
        return
    choices = await RecipientChoices.load(database, given)
    takers = await _find_takers(database, given, choices)
    told = [event for event in given if takers[event.id] or _is_stored(event, choices)]
    await store_notifications(database, told)
    now = clock.now()
    to_channels = [
        await_acknowledgement(
            new_delivery(event, channel["_id"], render_notice(event)), find_fallback_time(channel), now
        )
        for event in told
        for channel in takers[event.id]
    ]
    others = [
        choices.mark_mail(event, await_acknowledgement(new_delivery(event, name, channel.render(event)), hold, now))
        for event in told
        for name, channel in CHANNELS.items()
        if await channel.accepts(event, database)
        for hold in (find_hold_time(event, takers[event.id]) if name == DEFAULT_CHANNEL else None,)
    ]
    await enqueue_deliveries(database, to_channels, now)
    await enqueue_deliveries(database, [each for each in others if each is not None], now)


async def _find_takers(
    database: Database, events: Sequence[Event], choices: RecipientChoices
) -> dict[str, list[NotificationChannelDocument]]:
    """Return the channels that users have set up and that are told, by the ID of each event."""
    found = await find_takers(database, {event.owner for event in events if event.kind not in LINK_EVENTS})
    return {
        event.id: [
            each
            for each in found.get(event.owner, ())
            if takes_event(each, event) and choices.find_objection(event, each["_id"]) is None
        ]
        for event in events
    }


def _is_stored(event: Event, choices: RecipientChoices) -> bool:
    """Tell whether an event that no channel takes is stored. Of some kinds, that are frequent, only if it is mailed."""
    return event.kind not in UNSTORED_KINDS or choices.find_objection(event, DEFAULT_CHANNEL) is None


def delivery_id(event_id: str, channel: str) -> str:
    """Return the id of an event's delivery: that of the event, followed by the channel unless that is mail.

    So deliveries caused by an owner's documents count towards the owner's storage: their ids begin with the owner's.
    """
    return event_id if channel == DEFAULT_CHANNEL else f"{event_id}@{channel}"


async def find_delivered(database: Database, event_ids: Collection[str]) -> set[str]:
    """Return those of these events of which a mail was queued, and so all other deliveries."""
    if not event_ids:
        return set()
    found = database.deliveries.find({"_id": {"$in": list(event_ids)}}, {"_id": 1})
    return {delivery["_id"] async for delivery in found}


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
        if event.kind not in LINK_EVENTS:
            delivery["data"] = dict(describe_for_programs(event))
    return delivery


async def enqueue_deliveries(
    database: Database, deliveries: list[DeliveryDocument], at: datetime | None = None
) -> None:
    """Queue these deliveries as of `at` (now). One whose cause was queued before is left unchanged."""
    if not deliveries:
        return
    moment = at or clock.now()
    stamped = [
        delivery | {"queued_at": moment, "next_try_at": first_try_at(delivery, moment)} for delivery in deliveries
    ]
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
