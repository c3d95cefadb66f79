"""Subscribers of changes: what they subscribe to, and a subscription that one reader iterates over."""

import asyncio
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

    def offer(self, change: Change) -> None:
        """Queue a change if it matches the filter."""

    def resync(self) -> None:
        """Replace the queued changes by a SNAPSHOT."""


class TurnBudget:
    """Counts the changes that one owner's subscribers got in this iteration of the event loop.

    A flood of changes to the many subscribers of one owner must not delay other owners.
    """

    __slots__ = ("given",)

    def __init__(self) -> None:
        self.given = 0

    def take(self) -> None:
        """Count a change. The count restarts in the next iteration."""
        if not self.given:
            asyncio.get_running_loop().call_soon(self._reset)
        self.given += 1

    def _reset(self) -> None:
        self.given = 0


class ChangeSubscription:
    """The changes of one subscriber from now on, or since `after`.

    An asynchronous iterator, to be used in `async with`.
    """

    def __init__(self, fanout: "Fanout", filter_: ChangeFilter, after: datetime | None = None) -> None:
        self._fanout, self._after = fanout, after
        self.filter = filter_
        self._changes = ChangeQueue()
        self._changes.add(filter_.snapshot(clock.now()))
        self._error: Exception | None = None
        self._budget = TurnBudget()
        self._filled = asyncio.Event()
        self._filled.set()

    async def __aenter__(self) -> "ChangeSubscription":
        self._budget = self._fanout.add(self)
        try:
            await self._fanout.wait_until_listening()
        except BaseException:  # cancelled while the stream is down
            self._fanout.remove(self)
            raise
        if self._after is not None:
            self._changes.clear()
            for change in self.filter.changes_since(self._fanout, self._after):
                self._add(change)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fanout.remove(self)

    def __aiter__(self) -> "ChangeSubscription":
        return self

    async def __anext__(self) -> Change:
        while self._error is None:
            if not self._changes:
                self._filled.clear()
                await self._filled.wait()
            elif self._budget.given < CHANGES_PER_TURN:
                self._budget.take()
                _, change = self._changes.take(1)[0]
                return (await self._fanout.complete([change]))[0] if change.is_derived else change
            else:
                await asyncio.sleep(0)
        raise self._error

    def fail(self, error: Exception) -> None:
        """Raise this error in place of the next change."""
        self._error = error
        self._filled.set()

    def offer(self, change: Change) -> None:
        """Queue a change if it matches the subscription."""
        if self.filter.matches(change):
            self._add(change)

    def resync(self) -> None:
        """Replace the queued changes by a SNAPSHOT, on which the subscriber reads the current state."""
        self._add(self.filter.snapshot(clock.now()))

    def _add(self, change: Change) -> None:
        if not self._changes.add(change):
            self._changes.add(self.filter.snapshot(clock.now()))
        self._filled.set()
