"""Acknowledgements as they are made by any client of an owner, at whichever process."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from pymongo.errors import PyMongoError

from tocsin import telemetry
from tocsin.documents import Change, ChangeKind, Database, User, is_unavailable
from tocsin.documents.changes import MAX_NAMED
from tocsin.events import ChangeFilter, Fanout
from tocsin.notifications.inbox.owner_reads import reads_of

_RETRY_SECONDS = 1.0
log = telemetry.get_logger(__name__)


class Acknowledgement(NamedTuple):
    """The notifications that were acknowledged, None if they are not known, and how many are not, up to a bound."""

    ids: tuple[str, ...] | None
    unacknowledged: int


class AcknowledgementWatcher:
    """Tells a reader which notifications of an owner were acknowledged. To be used in `async with`.

    However many are acknowledged while the reader is busy, at most `MAX_NAMED` are kept.
    """

    def __init__(self, fanout: Fanout, owner: str) -> None:
        self._fanout = fanout
        self.reads = reads_of(fanout, owner)
        """The reads that it shares with the owner's other readers."""
        self.filter = ChangeFilter(owner, notifications=True)
        self._changed = asyncio.Event()
        self._ids: dict[str, None] | None = None
        self._error: Exception | None = None

    async def __aenter__(self) -> Self:
        self._fanout.add(self)
        try:
            await self._fanout.wait_until_listening()
        except BaseException:  # cancelled while the stream is down
            self._fanout.remove(self)
            raise
        self.resync()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fanout.remove(self)

    def offer(self, changes: Sequence[Change]) -> None:
        """Wake the reader for acknowledgements."""
        for change in changes:
            if change.kind is ChangeKind.ACKNOWLEDGED:
                self._keep(change.acknowledged)
                self._changed.set()

    def _keep(self, ids: Sequence[str]) -> None:
        if self._ids is not None:
            self._ids |= dict.fromkeys(ids)
            if not ids or len(self._ids) > MAX_NAMED:
                self._ids = None

    def resync(self) -> None:
        """Wake the reader, because acknowledgements may have been missed."""
        self._ids = None
        self._changed.set()

    def fail(self, error: Exception) -> None:
        """Raise this error in place of the next wake-up."""
        self._error = error
        self._changed.set()

    async def take(self) -> tuple[str, ...] | None:
        """Return what was acknowledged since the last call, at first and after a gap None. Raises the error of `fail`.

        Waits until there is something.
        """
        await self._changed.wait()
        if self._error is not None:
            raise self._error
        self._changed.clear()
        taken, self._ids = self._ids, {}
        return None if taken is None else tuple(taken)


async def stream_acknowledgements(
    database: Database, watcher: AcknowledgementWatcher, owner: User
) -> AsyncGenerator[Acknowledgement, None]:
    """Yield the present number at once, and then each acknowledgement. Waits while the database is unavailable."""
    while True:
        ids = await watcher.take()
        yield Acknowledgement(ids, await _count_when_available(database, watcher, owner))


async def _count_when_available(database: Database, watcher: AcknowledgementWatcher, owner: User) -> int:
    while True:
        try:
            return (await watcher.reads.count_unacknowledged(database, owner)).number
        except PyMongoError as error:
            if not is_unavailable(error):
                raise
            log.warning("acknowledgements wait for the database", error=str(error)[:300])
        await asyncio.sleep(_RETRY_SECONDS)
