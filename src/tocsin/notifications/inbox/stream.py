"""Notifications as they are stored by any process: from a position on, or the unacknowledged ones first."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

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
from tocsin.notifications.inbox.turns import turns_of

PAGE_SIZE = 100
_RETRY_SECONDS = 1.0
_LOOK_SECONDS = 60.0
"""Seconds without a change after which a stream looks all the same."""
Found = TypeVar("Found")
log = telemetry.get_logger(__name__)


class NotificationWatcher:
    """Tells a reader that notifications of an owner were stored. To be used in `async with`.

    It keeps a flag and nothing else, however many are stored while the reader is busy: the reader reads on from its
    position. So a slow reader costs no memory.
    """

    def __init__(self, fanout: Fanout, owner: str) -> None:
        self._fanout = fanout
        self.turns = turns_of(fanout, owner)
        """The turns in which it is to read."""
        self.filter = ChangeFilter(owner, notifications=True)
        self._changed = asyncio.Event()
        self._error: Exception | None = None
        self.is_released = False

    async def __aenter__(self) -> Self:
        self._fanout.add(self)
        self.turns.readers += 1
        try:
            await self._fanout.wait_until_listening()
        except BaseException:  # cancelled while the stream is down
            self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        self._fanout.remove(self)
        self.turns.readers -= 1

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

    Waits while the database is unavailable. Looks again after a while without a change, because the process that stored
    a notification may have died before it said so.
    """
    while True:
        page = await _read_in_turn(watcher, lambda: reader.read(PAGE_SIZE))
        for step in page.steps:
            yield step
        if not page.has_more:
            await watcher.wait(OVERLAP.total_seconds() if page.is_full else _LOOK_SECONDS)


async def stream_unacknowledged(
    database: Database, watcher: NotificationWatcher, owner: User
) -> AsyncGenerator[Step, None]:
    """Yield the unacknowledged notifications, oldest first, then each one as it is stored, without end.

    Waits while the database is unavailable.
    """
    began, horizon = clock.now(), await _read_when_available(watcher, lambda: find_horizon(database))
    end = FeedPosition.at(horizon).floor
    async with aclosing(_read_unacknowledged(database, watcher, owner, end)) as rows:
        async for row in rows:
            yield Step(row, True, FeedPosition(CursorPosition(row["stored_at"], row["_id"])))

    def is_news(row: NotificationDocument) -> bool:
        return row["acknowledged_at"] is None or row["acknowledged_at"] > began

    reader = NotificationReader(database, owner.id, FeedPosition(end), is_news)
    async with aclosing(stream_from(watcher, reader)) as steps:
        async for step in steps:
            yield step


async def _read_unacknowledged(
    database: Database, watcher: NotificationWatcher, owner: User, end: CursorPosition
) -> AsyncGenerator[NotificationDocument, None]:
    walk = Walk(query_unacknowledged(database, owner), False, None, end)
    while True:
        rows, _ = await _read_in_turn(watcher, partial(walk.take, PAGE_SIZE, MAX_FILTERED))
        for row in rows:
            yield row
        if len(rows) < PAGE_SIZE:
            return
        walk = replace(walk, start=CursorPosition(rows[-1]["stored_at"], rows[-1]["_id"]))


async def _read_in_turn(watcher: NotificationWatcher, read: Callable[[], Awaitable[Found]]) -> Found:
    """Read in turn with the owner's other readers, as soon as the database is available. Raises the error of `fail`."""

    async def take_turn() -> Found:
        async with watcher.turns.take():
            watcher.expect()
            return await read()

    return await _read_when_available(watcher, take_turn)


async def _read_when_available(watcher: NotificationWatcher, read: Callable[[], Awaitable[Found]]) -> Found:
    while True:
        watcher.expect()
        try:
            return await read()
        except PyMongoError as error:
            if not is_unavailable(error):
                raise
            log.warning("notifications wait for the database", error=str(error)[:300])
        await asyncio.sleep(_RETRY_SECONDS)
