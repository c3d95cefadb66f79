"""Notifications as they are stored by any process: from a position on, or the unacknowledged ones first.

A stream also gives again what is delivered live, until that is acknowledged.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.documents import Database, NotificationDocument, User, is_unavailable
from tocsin.documents.keyset import CursorPosition
from tocsin.notifications.inbox.owner_reads import PAGE_SIZE
from tocsin.notifications.inbox.positions import OVERLAP, FeedPosition, Step
from tocsin.notifications.inbox.reader import NotificationReader, find_horizon
from tocsin.notifications.inbox.repetitions import record_receipt, take_repetitions
from tocsin.notifications.inbox.watcher import NotificationWatcher

_RETRY_SECONDS = 1.0
_LOOK_SECONDS = 60.0
"""Seconds without a change after which a stream looks all the same."""
_COMMON_END = timedelta(seconds=10)
"""The streams that begin within so much time end the list of unacknowledged notifications at the same time."""
Found = TypeVar("Found")
log = telemetry.get_logger(__name__)


async def stream_from(watcher: NotificationWatcher, reader: NotificationReader) -> AsyncGenerator[Step, None]:
    """Yield the notifications beyond the reader's position, then each one as it is stored, without end.

    Waits while the database is unavailable. Looks again after a while without a change, because the process that stored
    a notification may have died before it said so.
    """
    read_feed = watcher.reads.read_feed
    while True:
        page = await _read_when_available(watcher, partial(read_feed, reader, PAGE_SIZE))
        for step in page.steps:
            yield step
        if not page.has_more:
            seconds = OVERLAP.total_seconds() if page.is_full else _LOOK_SECONDS
            async with aclosing(_repeat_until_news(watcher, reader, seconds)) as steps:
                async for step in steps:
                    yield step


async def _repeat_until_news(
    watcher: NotificationWatcher, reader: NotificationReader, seconds: float
) -> AsyncGenerator[Step, None]:
    """Yield what is given again, until something new was stored, or for so long."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not watcher.has_news and (left := end - loop.time()) > 0:
        for repetition in await take_repetitions(watcher, reader):
            if repetition.step.attempt > 1:
                if not watcher.reads.repetitions.take(loop.time()):
                    continue  # there are very many: the next attempt, or the mail, tells of it
                yield repetition.step
            await record_receipt(watcher, reader.source.database, repetition)
        if not watcher.has_news:
            await watcher.wait(left)


async def stream_unacknowledged(
    database: Database,
    watcher: NotificationWatcher,
    owner: User,
    wants: Callable[[NotificationDocument], bool] = lambda _: True,
) -> AsyncGenerator[Step, None]:
    """Yield the unacknowledged notifications, oldest first, then each one as it is stored, without end.

    `wants` chooses among them after they are read, so that streams with different choices share the reads. Waits while
    the database is unavailable.
    """
    began, horizon = clock.now(), await _read_when_available(watcher, lambda: find_horizon(database))
    end = FeedPosition.at(_find_common_end(horizon)).floor
    async with aclosing(_read_unacknowledged(database, watcher, owner, end)) as rows:
        async for row in rows:
            if not wants(row):
                continue
            yield Step(row, True, FeedPosition(CursorPosition(row["stored_at"], row["_id"])))

    def is_news(row: NotificationDocument) -> bool:
        return (row["acknowledged_at"] is None or row["acknowledged_at"] > began) and wants(row)

    reader = NotificationReader(database, owner.id, FeedPosition(end), is_news)
    async with aclosing(stream_from(watcher, reader)) as steps:
        async for step in steps:
            yield step


def _find_common_end(horizon: datetime) -> datetime:
    """Return a time shortly before, which is the same for streams that begin together."""
    return horizon - (horizon - clock.EPOCH) % _COMMON_END


async def _read_unacknowledged(
    database: Database, watcher: NotificationWatcher, owner: User, end: CursorPosition
) -> AsyncGenerator[NotificationDocument, None]:
    start: CursorPosition | None = None
    while True:
        read = partial(watcher.reads.read_unacknowledged, database, owner, start, end)
        rows = await _read_when_available(watcher, read)
        for row in rows:
            yield row
        if len(rows) < PAGE_SIZE:
            return
        start = CursorPosition(rows[-1]["stored_at"], rows[-1]["_id"])


async def _read_when_available(watcher: NotificationWatcher, read: Callable[[], Awaitable[Found]]) -> Found:
    """Read as soon as the database is available. Raises the error of `fail`."""
    while True:
        watcher.expect()
        try:
            return await read()
        except PyMongoError as error:
            if not is_unavailable(error):
                raise
            log.warning("notifications wait for the database", error=str(error)[:300])
        await asyncio.sleep(_RETRY_SECONDS)
