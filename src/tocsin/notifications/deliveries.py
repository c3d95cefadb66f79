"""Deliveries: events as channels write them, queued once and sent by the delivery workers of all processes."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from pymongo.errors import BulkWriteError

from tocsin import clock
from tocsin.documents import Database, DeliveryDocument, DeliveryStatus, StepStatus, User
from tocsin.notifications.channels.base import Content
from tocsin.notifications.channels.table import CHANNELS, MAIL
from tocsin.notifications.delivery_order import FIRST_RETRY_DELAY, is_late
from tocsin.notifications.events import INCIDENT_KINDS, Event, SecretLink

MAX_RETRY_DELAY = timedelta(minutes=30)
RETRY_PERIOD = timedelta(days=3)
_PRUNE_BATCH = 500
_DUPLICATE_KEY = 11000
_listeners: list[tuple[str, Callable[[], None]]] = []
"""Callbacks for deliveries that this process queues, with the name of their database."""


async def notify(database: Database, events: Iterable[Event], at: datetime | None = None) -> None:
    """Queue these events for delivery by all channels, as of `at` (now). One that was queued before stays unchanged."""
    deliveries = [
        new_delivery(event, name, channel.render(event)) for event in events for name, channel in CHANNELS.items()
    ]
    await enqueue_deliveries(database, deliveries, at)


async def enqueue_deliveries(
    database: Database, deliveries: list[DeliveryDocument], at: datetime | None = None
) -> None:
    """Queue these deliveries as of `at` (now). One whose ID was queued before is left unchanged."""
    if not deliveries:
        return
    moment = at or clock.now()
    stamped = [{**delivery, "queued_at": moment, "next_try_at": moment} for delivery in deliveries]
    try:
        await database.deliveries.insert_many(stamped, ordered=False)
    except BulkWriteError as error:
        details = error.details or {}
        faults = details.get("writeErrors", [])
        if details.get("writeConcernErrors") or any(fault["code"] != _DUPLICATE_KEY for fault in faults):
            raise
    for name, wake in _listeners:
        if name == database.name:
            wake()


def new_delivery(event: Event, channel: str, content: Content) -> DeliveryDocument:
    """Return a queued delivery of the event by this channel. Its id is that of the event, so that it is queued once."""
    delivery: DeliveryDocument = {
        "_id": event.id if channel == MAIL else f"{event.id}@{channel}",
        "owner": event.owner,
        "kind": event.kind,
        "run": event.run_id,
        "subject": content.subject,
        "text": content.text,
        "status": DeliveryStatus.QUEUED,
        "queued_at": event.at,
        "next_try_at": event.at,
        "lease_until": None,
        "tries": 0,
        "last_error": None,
        "delivered_at": None,
    }
    if channel != MAIL:
        delivery["channel"] = channel
    if event.page is not None:
        delivery["link"] = event.page
    if (event.run_id is not None and event.kind in INCIDENT_KINDS) or event.about is not None:
        delivery["about"] = event.about
    if isinstance(event.data, SecretLink):
        delivery["sealed"], delivery["good_until"] = event.data.sealed, event.data.link.expires_at
        if not event.owner:
            delivery["to"] = event.data.link.email
    return delivery


async def find_obsolete_reason(database: Database, delivery: DeliveryDocument, now: datetime) -> str | None:
    """Return why a delivery is obsolete; None if it must be sent."""
    about, good_until = delivery.get("about"), delivery.get("good_until")
    if good_until is not None and good_until <= now:
        return "its link expired before it could be delivered"
    if about is None or about["type"] != "Approval" or not is_late(delivery, now):
        return None
    run = await database.workflow_runs.find_one({"_id": delivery["run"]}, {"steps": 1})
    state = (run or {}).get("steps", {}).get(about["step"], {})
    waits = state.get("status") == StepStatus.WAITING and state.get("round", 0) == about["incident"]
    return None if waits else "the step no longer waits for a decision"


@contextmanager
def listen_for_enqueued(database: Database, wake: Callable[[], None]) -> Iterator[None]:
    """Call `wake` whenever this process queues deliveries while the block runs."""
    entry = (database.name, wake)
    _listeners.append(entry)
    try:
        yield
    finally:
        _listeners.remove(entry)


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
    found = database.deliveries.aggregate(
        [
            {"$match": {"queued_at": {"$lt": before}}},
            {"$match": {"status": {"$ne": DeliveryStatus.QUEUED}}},
            {"$limit": _PRUNE_BATCH},
            {"$project": {"_id": 1}},
        ]
    )
    return [delivery["_id"] async for delivery in await found]


async def list_newest(database: Database, limit: int, now: datetime) -> list[DeliveryDocument]:
    """Return the deliveries that were queued last, newest first.

    Reads growing windows of time: the embedded database would read all of them for a plain sort and limit.
    """
    window = timedelta(hours=1)
    while True:
        since = max(clock.EPOCH, now - window) if window < now - clock.EPOCH else clock.EPOCH
        bounds = {"$gte": since, "$lt": now + timedelta(days=1)}
        found = database.deliveries.find({"queued_at": bounds})
        deliveries = await found.sort([("queued_at", -1), ("_id", -1)]).limit(limit).to_list()
        if len(deliveries) >= limit or since == clock.EPOCH:
            return deliveries
        window *= 8


async def find_owner_address(database: Database, owner: str) -> str | None:
    """Return the user's email address; None if they do not exist or are deactivated."""
    users = database.db[User.get_collection_name()]
    user = await users.find_one({"_id": owner}, {"email": 1, "is_active": 1})
    return str(user["email"]) if user and user["is_active"] else None


def retry_delay(tries: int, chance: float) -> timedelta:
    """Return the wait after `tries` failed tries (1 or more), which doubles each time up to a limit.

    `chance` (0..1) adds up to a fifth, so that mails that failed together are not retried together.
    """
    doublings: int = 2 ** min(tries - 1, 16)
    return min(FIRST_RETRY_DELAY * doublings, MAX_RETRY_DELAY) * (1 + chance / 5)
