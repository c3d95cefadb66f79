"""Subscribers of changes: what they subscribe to, and a subscription that one reader iterates over."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from tocsin import clock
from tocsin.documents import Change, ChangeKind
from tocsin.events.change_queue import ChangeQueue

if TYPE_CHECKING:
    from tocsin.events.fanout import Fanout

CHANGES_PER_TURN = 16
"""Changes that all subscribers of one owner get in one iteration of the event loop."""


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """The changes that somebody subscribes to: of an owner's tasks and runs, or of workflow runs, or of one of them.

    With `notifications`, they are those that tell of stored notifications, and no others.
    """

    owner: str
    task_id: str | None = None
    workflows: bool = False
    workflow_run_id: str | None = None
    notifications: bool = False

    def matches(self, change: Change) -> bool:
        """Tell whether a change of the owner belongs to it."""
        if self.notifications:
            return change.notified is not None
        if self.workflows:
            return change.workflow_run_id is not None and self.workflow_run_id in (None, change.workflow_run_id)
        return change.task_id is not None and self.task_id in (None, change.task_id)

    def snapshot(self, now: datetime) -> Change:
        """Return the change upon which subscribers read the current state."""
        return Change(ChangeKind.SNAPSHOT, now, self.task_id, workflow_run_id=self.workflow_run_id)

    def changes_since(self, fanout: "Fanout", after: datetime | None) -> list[Change]:
        """Return the changes since `after` if this process has all of them, else a SNAPSHOT."""
        missed = None if after is None else fanout.recent_changes.changes_since(after, clock.now(), self.owner)
        if missed is None:
            return [self.snapshot(clock.now())]
        return [change for change in missed if self.matches(change)]


class Subscriber(Protocol):
    """Whoever the fan-out delivers an owner's changes to."""

    filter: ChangeFilter

    def offer(self, changes: Sequence[Change]) -> None:
        """Queue changes, all of which match the filter."""

    def resync(self) -> None:
        """Replace the queued changes by a SNAPSHOT."""


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
    """The changes of one subscriber from now on, or since `after`.

    An asynchronous iterator, to be used in `async with`.
    """

    def __init__(self, fanout: "Fanout", filter_: ChangeFilter, after: datetime | None = None) -> None:
        self._fanout, self._after = fanout, after
        self.filter = filter_
        self._changes = ChangeQueue()
        self._changes.add(filter_.snapshot(clock.now()))
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
        if self._after is not None:
            self._changes.clear()
            self.offer(self.filter.changes_since(self._fanout, self._after))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fanout.remove(self)

    def __aiter__(self) -> "ChangeSubscription":
        return self

    async def __anext__(self) -> Change:
        while self._error is None:
            if self._taken:
                change = self._taken.popleft()
                return (await self._fanout.complete([change]))[0] if change.is_derived else change
            self._wakened.clear()
            self._is_idle = not self._changes
            if not self._is_idle:
                self._turns.wait(self)
            await self._wakened.wait()
        raise self._error

    def fail(self, error: Exception) -> None:
        """Raise this error in place of the next change."""
        self._error = error
        self._wakened.set()

    def take(self, most: int) -> int:
        """Take the next changes for the reader, at most so many, and return how many."""
        changes = self._changes.take(most)
        self._taken.extend(change for _, change in changes)
        self._wakened.set()
        return len(changes)

    def offer(self, changes: Sequence[Change]) -> None:
        """Queue changes for the reader."""
        if not self._changes.extend(changes):
            self._changes.add(self.filter.snapshot(clock.now()))
        if self._is_idle and self._changes:
            self._is_idle = False
            self._turns.wait(self)

    def resync(self) -> None:
        """Replace the queued changes by a SNAPSHOT, on which the subscriber reads the current state."""
        self.offer([self.filter.snapshot(clock.now())])
