"""Notifications as they are stored by any process: from a position on, or the unacknowledged ones first."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from types import TracebackType
from typing import Self

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.documents import Change, Database, NotificationDocument, User, is_unavailable
from tocsin.documents.keyset import CursorPosition
from tocsin.documents.paging import MAX_FILTERED
from tocsin.documents.walks import Walk
from tocsin.events import ChangeFilter, Fanout
from tocsin.notifications.inbox.listing import query_unacknowledged
from tocsin.notifications.inbox.positions import OVERLAP, FeedPosition, Step
from tocsin.notifications.inbox.reader import NotificationReader, find_horizon

PAGE_SIZE = 100
_RETRY_SECONDS = 1.0
log = telemetry.get_logger(__name__)


class NotificationWatcher:
    """Tells a reader that notifications of an owner were stored. To be used in `async with`.

    It keeps a flag and nothing else, however many are stored while the reader is busy: the reader reads on from its
    position. So a slow reader costs no memory.
    """

    def __init__(self, fanout: Fanout, owner: str) -> None:
        self._fanout = fanout
        self.filter = ChangeFilter(owner, notifications=True)
        self._changed = asyncio.Event()
        self._error: Exception | None = None
        self.is_released = False

    async def __aenter__(self) -> Self:
        self._fanout.add(self)
        try:
            await self._fanout.wait_until_listening()
        except BaseException:  # cancelled while the stream is down
            self._fanout.remove(self)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fanout.remove(self)

    def offer(self, changes: Sequence[Change]) -> None:  # noqa: ARG002  # all tell of notifications
        """Wake the reader."""
        self._changed.set()

    def resync(self) -> None:
        """Wake the reader, because a change may have been missed."""
        self._changed.set()

    def fail(self, error: Exception) -> None:
        """Raise this error in place of the next wake-up."""
        self._error = error
        self._changed.set()

    def release(self) -> None:
        """Wake the reader, who is to wait no longer."""
        self.is_released = True
        self._changed.set()

    def expect(self) -> None:
        """Forget the changes so far. Call it before reading, so that none falls between that and the wait.

        Raises the error of `fail`.
        """
        self._raise_error()
        self._changed.clear()

    async def wait(self, seconds: float | None = None) -> None:
        """Wait until something was stored since `expect`, at most this time. Raises the error of `fail`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._raise_error()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error


async def stream_from(watcher: NotificationWatcher, reader: NotificationReader) -> AsyncGenerator[Step, None]:
    """Yield the notifications beyond the reader's position, then each one as it is stored, without end.

    Waits while the database is unavailable.
    """
    while True:
        watcher.expect()
        try:
            page = await reader.read(PAGE_SIZE)
        except PyMongoError as error:
            if not is_unavailable(error):
                raise
            log.warning("notifications wait for the database", error=str(error)[:300])
            await asyncio.sleep(_RETRY_SECONDS)
            continue
        for step in page.steps:
            yield step
        if not page.has_more:
            await watcher.wait(OVERLAP.total_seconds() if page.is_full else None)


async def stream_unacknowledged(
    database: Database, watcher: NotificationWatcher, owner: User
) -> AsyncGenerator[Step, None]:
    """Yield the unacknowledged notifications, oldest first, then each one as it is stored, without end."""
    began, horizon = clock.now(), await find_horizon(database)
    start, end = None, FeedPosition.at(horizon).floor
    query = query_unacknowledged(database, owner)
    while True:
        watcher.expect()
        rows, _ = await Walk(query, False, start, end).take(PAGE_SIZE, MAX_FILTERED)
        for row in rows:
            start = CursorPosition(row["stored_at"], row["_id"])
            yield Step(row, True, FeedPosition(start))
        if len(rows) < PAGE_SIZE:
            break

    def is_news(row: NotificationDocument) -> bool:
        return row["acknowledged_at"] is None or row["acknowledged_at"] > began

    reader = NotificationReader(database, owner.id, FeedPosition(end), is_news)
    async with aclosing(stream_from(watcher, reader)) as steps:
        async for step in steps:
            yield step
