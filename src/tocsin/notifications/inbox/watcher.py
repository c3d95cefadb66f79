"""Tells a reader that notifications of an owner were stored, or are to be given again."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from tocsin.documents import Change, ChangeKind
from tocsin.events import ChangeFilter, Fanout
from tocsin.notifications.inbox.owner_reads import reads_of

MAX_ATTEMPTS_KEPT = 100
"""Attempts at live deliveries that a reader has not looked at yet. Of more, it gets the latest."""


class NotificationWatcher:
    """Tells a reader that notifications of an owner were stored. To be used in `async with`.

    Of what is stored while the reader is busy it keeps a flag and nothing else: the reader reads on from its position.
    So a slow reader costs no memory. Of live deliveries, it keeps the last attempt at each.
    """

    def __init__(self, fanout: Fanout, owner: str) -> None:
        self._fanout = fanout
        self.reads = reads_of(fanout, owner)
        """The reads that it shares with the owner's other readers."""
        self.filter = ChangeFilter(owner, notifications=True)
        self._changed = asyncio.Event()
        self._has_news = False
        self._attempts: dict[str, int] = {}
        self._error: Exception | None = None
        self.is_released = False

    async def __aenter__(self) -> Self:
        self._fanout.add(self)
        self.reads.turns.readers += 1
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
        self.reads.turns.readers -= 1

    def offer(self, changes: Sequence[Change]) -> None:
        """Wake the reader, unless the changes are acknowledgements."""
        for change in changes:
            if change.kind is ChangeKind.NOTIFIED:
                self.resync()
            elif change.kind is ChangeKind.DELIVERY_ATTEMPTED:
                self._keep_attempts(change.attempted)
                self._changed.set()

    def _keep_attempts(self, attempted: Sequence[tuple[str, int]]) -> None:
        for delivery_id, number in attempted:
            self._attempts.pop(delivery_id, None)
            self._attempts[delivery_id] = number
        while len(self._attempts) > MAX_ATTEMPTS_KEPT:
            del self._attempts[next(iter(self._attempts))]

    def resync(self) -> None:
        """Wake the reader, because notifications were stored, or such a change may have been missed."""
        self._has_news = True
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
        """Forget what was stored so far. Call it before reading, so that nothing falls between that and the wait.

        Raises the error of `fail`.
        """
        self._raise_error()
        self._has_news = False

    def take_attempts(self) -> dict[str, int]:
        """Return the attempts at live deliveries since the last call: the IDs of deliveries, and the last numbers."""
        attempts, self._attempts = self._attempts, {}
        return attempts

    async def wait(self, seconds: float) -> None:
        """Wait until there is something to read or to give again, at most this time. Raises the error of `fail`."""
        self._changed.clear()
        if not (self.has_news or self._attempts or self._error or self.is_released):
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
        self._raise_error()

    @property
    def has_news(self) -> bool:
        """Whether something was stored since `expect`."""
        return self._has_news

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error
