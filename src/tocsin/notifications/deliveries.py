"""Deliveries, queued once for each cause and sent by the delivery workers of all processes. See `postman`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from pymongo.errors import BulkWriteError

from tocsin import clock
from tocsin.documents import Database, Doc, User
from tocsin.notifications.delivery_order import FIRST_RETRY_DELAY

MAX_RETRY_DELAY = timedelta(minutes=30)
RETRY_PERIOD = timedelta(days=3)
_PRUNE_BATCH = 500
_DUPLICATE_KEY = 11000
_listeners: list[tuple[str, Callable[[], None]]] = []
"""Callbacks for deliveries that this process queues, with the name of their database."""


async def enqueue_deliveries(database: Database, deliveries: list[Doc], at: datetime | None = None) -> None:
    """Queue these deliveries as of `at` (now). One whose cause was queued before is left unchanged."""
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
            {"$match": {"status": {"$ne": "QUEUED"}}},
            {"$limit": _PRUNE_BATCH},
            {"$project": {"_id": 1}},
        ]
    )
    return [delivery["_id"] async for delivery in await found]


async def list_newest(database: Database, limit: int, now: datetime) -> list[Doc]:
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
