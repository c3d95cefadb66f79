"""Deliveries: queued once for each cause, for the postmen of all processes to send. See `postman`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from pymongo.errors import BulkWriteError

from tocsin import clock
from tocsin.documents import Database, Doc, User
from tocsin.notifications.ordering import FIRST_WAIT

LONGEST_WAIT = timedelta(minutes=30)
PATIENCE = timedelta(days=3)
_FORGET_BATCH = 500
_DUPLICATE_KEY = 11000
_listeners: list[tuple[str, Callable[[], None]]] = []
"""Who is told at once when this process queues something, by the name of the database."""


async def enqueue(database: Database, deliveries: list[Doc], at: datetime | None = None) -> None:
    """Queue these deliveries as of `at` (now). One whose cause was told or queued before is left as it is."""
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
def told_of_new_mails(database: Database, wake: Callable[[], None]) -> Iterator[None]:
    """Call `wake` whenever this process has queued something, wherever that was, for the time of the block."""
    entry = (database.name, wake)
    _listeners.append(entry)
    try:
        yield
    finally:
        _listeners.remove(entry)


async def forget(database: Database, before: datetime) -> int:
    """Delete the deliveries queued before that time that nobody tries to send any more; how many.

    A forgotten cause can be told again.
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
            {"$limit": _FORGET_BATCH},
            {"$project": {"_id": 1}},
        ]
    )
    return [delivery["_id"] async for delivery in await found]


async def newest(database: Database, limit: int, now: datetime) -> list[Doc]:
    """The deliveries queued last, newest first.

    Looks back in growing windows: the embedded database would read all of them for a bare sort and limit.
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


async def address_of(database: Database, owner: str) -> str | None:
    """Where this user gets mail at present; None when there is no such user, or he was deactivated."""
    users = database.db[User.get_collection_name()]
    user = await users.find_one({"_id": owner}, {"email": 1, "is_active": 1})
    return str(user["email"]) if user and user["is_active"] else None


def wait_after(tries: int, chance: float) -> timedelta:
    """The wait after that many failed tries (from 1): doubled each time up to a limit.

    `chance` (0..1) adds up to a fifth, so that mails that failed together don't come back together.
    """
    doublings: int = 2 ** min(tries - 1, 16)
    return min(FIRST_WAIT * doublings, LONGEST_WAIT) * (1 + chance / 5)
