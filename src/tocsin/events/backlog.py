"""What one subscriber has not been sent yet: what it missed while it was away, then what changed since."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from pymongo.errors import PyMongoError

from tocsin import telemetry
from tocsin.documents import Change, is_unavailable
from tocsin.events.change_filter import STREAM_KINDS, ChangeFilter
from tocsin.events.change_queue import MAX_QUEUED_CHANGES, ChangeQueue
from tocsin.events.cursors import EventCursor

if TYPE_CHECKING:
    from tocsin.events.fanout import Fanout

Start = datetime | EventCursor | None
"""Where a subscription starts: the time or the cursor of the last event that was received, or at present."""
SETTLING: Final = timedelta(seconds=3)
"""Time after a return within which a change can be older than the state that the subscriber knows."""
_RETRY_SECONDS = 1.0
log = telemetry.get_logger(__name__)


class Backlog:
    """The changes that wait for one subscriber, which are never more than `most`.

    While it catches up, they are read from the database in pages, and live changes wait. It is level when none wait.
    """

    def __init__(self, fanout: "Fanout", filter_: ChangeFilter, start: Start, most: int = MAX_QUEUED_CHANGES) -> None:
        self._fanout, self._filter = fanout, filter_
        missed, self._catch_up = fanout.find_missed(filter_, start)
        self.queue = ChangeQueue(max(most, len(missed)))
        for change in missed:
            self.queue.add(change)
        self._page: deque[Change] = deque()
        self._settled_at = fanout.now() + SETTLING if isinstance(start, EventCursor) else None
        """Until then, changes can be older than what the subscriber knows, and are told with present statuses."""
        self._loading: asyncio.Task[None] | None = None
        self._is_closed = False

    def __len__(self) -> int:
        """The number of changes that can be sent now."""
        return len(self.queue) if self._catch_up is None and not self._page else len(self._page)

    @property
    def is_catching_up(self) -> bool:
        """Whether there is more to be read from the database."""
        return self._catch_up is not None

    @property
    def is_level(self) -> bool:
        """Whether the subscriber can be sent what others are sent."""
        if self._catch_up is not None or len(self):
            return False
        if self._settled_at is not None and self._fanout.now() > self._settled_at:
            self._settled_at = None
        return self._settled_at is None

    def extend(self, changes: Sequence[Change]) -> None:
        """Add changes that were made since. If there are too many, the subscriber is told so."""
        if not self.queue.extend(changes):
            self._drop_all()

    def add(self, change: Change) -> None:
        """Add a change that was made since."""
        if (self._catch_up is not None and change.kind in STREAM_KINDS) or not self.queue.add(change):
            self._drop_all()

    def resync(self) -> None:
        """Replace the changes, because some may have been missed."""
        self._drop_all()

    def _drop_all(self) -> None:
        if self._catch_up is not None:
            self._catch_up.repeat()
            self.queue.clear()
        else:
            self.queue.add(self._filter.resync(self._fanout.now()))

    def first(self, most: int) -> list[Change]:
        """Return the first changes that can be sent now, at most so many."""
        if self._page or self._catch_up is not None:
            return list(islice(self._page, most))
        return [change for _, change in self.queue.first(most)]

    def take(self, most: int) -> list[Change]:
        """Remove and return the first changes that can be sent now, at most so many."""
        if self._page or self._catch_up is not None:
            return [self._page.popleft() for _ in range(min(most, len(self._page)))]
        return [change for _, change in self.queue.take(most)]

    def drop(self, count: int) -> None:
        """Remove so many of the first changes."""
        if self._page:
            for _ in range(min(count, len(self._page))):
                self._page.popleft()
        elif count and self._catch_up is None:
            self.queue.drop(count)

    async def complete(self, changes: Sequence[Change]) -> list[Change]:
        """Return the first changes with the statuses that they lack or that are out of date. Raises PyMongoError.

        Somebody who is not told of the present state, because of the filter, is told of the change as it was.
        """
        until = self._settled_at
        if until is not None and any(change.at <= until for change in changes if change.cursor is None):
            present = await self._fanout.read_present_states(changes)
            pairs = zip(changes, present, strict=True)
            return [now if self._filter.matches(now) else change for change, now in pairs]
        return await self._fanout.complete(changes)

    async def load(self) -> None:
        """Read the next page, once the last one was sent. Waits while the database is unavailable."""
        await asyncio.shield(self.start_loading())

    async def _load(self) -> None:
        while self._catch_up is not None and not self._page and not self._is_closed:
            try:
                self._page.extend(await self._catch_up.read())
            except PyMongoError as error:
                if not is_unavailable(error):
                    raise
                log.warning("a subscriber that catches up waits for the database", error=str(error)[:300])
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                self._finish()

    def _finish(self) -> None:
        if self._catch_up is not None and self._catch_up.is_done:
            self._catch_up = None
            self._settled_at = self._fanout.now() + SETTLING

    def start_loading(
        self, when_loaded: Callable[["asyncio.Task[None]"], object] | None = None
    ) -> "asyncio.Task[None]":
        """Read the next page in the background, unless that is being done already."""
        if self._loading is None or self._loading.done():
            self._loading = asyncio.get_running_loop().create_task(self._load(), context=Context())
            self._loading.add_done_callback(when_loaded or _note_error)
        return self._loading

    def close(self) -> None:
        """Stop reading, at the end of the page: a command that is cancelled costs its connection to the database."""
        self._is_closed = True


def _note_error(loading: "asyncio.Task[None]") -> None:
    """Retrieve the error of a reading that nobody waits for any more."""
    if not loading.cancelled():
        loading.exception()
