"""What is given again to a reader: notifications that are delivered live, until they are acknowledged.

The position of the reader stays where it is: it has passed them.
"""

from typing import NamedTuple

from pymongo.errors import PyMongoError

from tocsin.documents import Database, is_unavailable
from tocsin.notifications.inbox.positions import Step
from tocsin.notifications.inbox.reader import NotificationReader
from tocsin.notifications.inbox.watcher import NotificationWatcher
from tocsin.telemetry import get_logger

_log = get_logger(__name__)


class Repetition(NamedTuple):
    """An attempt at a live delivery of a notification that the reader was given."""

    delivery_id: str
    step: Step


async def take_repetitions(watcher: NotificationWatcher, reader: NotificationReader) -> list[Repetition]:
    """Return the attempts since the last call whose notifications are wanted and not acknowledged.

    One that the reader was not given yet makes it read. Without the database there are none: others follow.
    """
    attempts = watcher.take_attempts()
    if not attempts:
        return []
    source, position = reader.source, reader.position
    ids = {delivery_id: delivery_id.rpartition("@")[0] for delivery_id in attempts}
    try:
        rows = await watcher.reads.read_documents(source.database, source.owner, ids.values())
    except PyMongoError as error:
        if not is_unavailable(error):
            raise
        return []
    told: list[Repetition] = []
    for delivery_id, number in attempts.items():
        row = rows.get(ids[delivery_id])
        if row is None or row["acknowledged"] or not reader.wants(row):
            continue
        if position.has_given(row):
            told.append(Repetition(delivery_id, Step(row, False, position, number)))
        else:
            watcher.resync()
    return told


async def record_receipt(watcher: NotificationWatcher, database: Database, repetition: Repetition) -> None:
    """Record that somebody got an attempt, and with it the first one, once at this process.

    Without the database, the record says that nobody did.
    """
    delivery_id, number = repetition.delivery_id, repetition.step.attempt
    if not watcher.reads.begin_receipt(delivery_id, number):
        return
    received = {"$addToSet": {"received": {"$each": sorted({1, number})}}}
    try:
        await database.deliveries.update_one({"_id": delivery_id}, received)
    except PyMongoError as error:
        _log.warning("the receipt of a notification was not recorded", delivery=delivery_id, reason=str(error)[:300])
