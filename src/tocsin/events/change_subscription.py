"""Subscribers of changes, and a subscription that one reader iterates over."""

import asyncio
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from tocsin.documents import Change
from tocsin.events.backlog import Backlog, Start
from tocsin.events.change_filter import ChangeFilter

if TYPE_CHECKING:
    from tocsin.events.fanout import Fanout

CHANGES_PER_TURN = 16
"""Changes that all subscribers of one owner get in one iteration of the event loop."""


class Subscriber(Protocol):
    """Whoever the fan-out delivers an owner's changes to."""

    filter: ChangeFilter

    def offer(self, changes: Sequence[Change]) -> None:
        """Queue changes, all of which match the filter."""

    def resync(self) -> None:
        """Replace the queued changes by a RESYNC."""


class Turns:
    """Gives the subscriptions of one owner their changes in turn, not too many in one iteration of the event loop.

    A flood of changes to the many subscribers of one owner must not delay other owners.
    """

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: deque[ChangeSubscription] = deque()

    def wait(self, subscription: "ChangeSubscription") -> None:
        """Give a subscription the next turn after those that wait already."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._give)
        self._waiting.append(subscription)

    def _give(self) -> None:
        left = CHANGES_PER_TURN
        while left and self._waiting:
            left -= self._waiting.popleft().take(left)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._give)


class ChangeSubscription:
    """The changes of one subscriber from now on, or since `start`.

    An asynchronous iterator, to be used in `async with`.
    """

    def __init__(self, fanout: "Fanout", filter_: ChangeFilter, start: Start = None) -> None:
        self._fanout, self._start = fanout, start
        self.filter = filter_
        self._backlog: Backlog | None = None
        self._taken: deque[Change] = deque()
        """The changes of the latest turn, from which the reader reads."""
        self._error: Exception | None = None
        self._turns = Turns()
        self._is_idle = False
        """True while the reader waits for changes and none are queued."""
        self._wakened = asyncio.Event()

    async def __aenter__(self) -> "ChangeSubscription":
        self._turns = self._fanout.add(self)
        try:
            await self._fanout.wait_until_listening()
        except BaseException:  # cancelled while the stream is down
            self._fanout.remove(self)
            raise
        self._backlog = Backlog(self._fanout, self.filter, self._start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fanout.remove(self)
        if self._backlog is not None:
            self._backlog.close()

    def __aiter__(self) -> "ChangeSubscription":
        return self

    async def __anext__(self) -> Change:
        backlog = self._entered()
        while self._error is None:
            if self._taken:
                return (await backlog.complete([self._taken.popleft()]))[0]
            if backlog.is_catching_up and not len(backlog):
                await backlog.load()
                continue
            self._wakened.clear()
            self._is_idle = not len(backlog)
            if not self._is_idle:
                self._turns.wait(self)
            await self._wakened.wait()
        raise self._error

    def _entered(self) -> Backlog:
        if self._backlog is None:
            raise RuntimeError("the subscription is used outside of its block")
        return self._backlog

    def fail(self, error: Exception) -> None:
        """Raise this error in place of the next change."""
        self._error = error
        if self._backlog is not None:
            self._backlog.close()  # it may wait for the database
        self._wakened.set()

    def take(self, most: int) -> int:
        """Take the next changes for the reader, at most so many, and return how many."""
        changes = self._entered().take(most)
        self._taken.extend(changes)
        self._wakened.set()
        return len(changes)

    def offer(self, changes: Sequence[Change]) -> None:
        """Queue changes for the reader."""
        if self._backlog is not None:  # what is offered before is in the state from which it starts
            self._backlog.extend(changes)
            self._wake()

    def resync(self) -> None:
        """Tell the reader to read the current state again, because changes may have been missed."""
        if self._backlog is not None:
            self._backlog.resync()
            self._wake()

    def _wake(self) -> None:
        if self._is_idle and self._backlog is not None and len(self._backlog):
            self._is_idle = False
            self._turns.wait(self)
