"""The delivery of changes to the subscribers of this process, which have a bounded queue each."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.cancellation import cancel_and_wait
from tocsin.documents import (
    AccessChange,
    Change,
    ChangeKind,
    Database,
    RecordedChange,
    is_workflow_run_id,
    lost_changes,
    owner_of,
)
from tocsin.events.access_signals import AccessSignals
from tocsin.events.change_feed import ChangeFeed
from tocsin.events.changes import subject_id
from tocsin.events.recent_changes import RecentChanges
from tocsin.events.task_statuses import TaskStatuses

MAX_QUEUED_CHANGES = 10_000
"""Queued changes of a slow subscriber. Beyond this they are replaced by a SNAPSHOT."""
CHANGES_PER_TURN = 16
"""Changes that all subscribers of one owner get in one iteration of the event loop."""
_CHUNK = 100
"""Changes that are delivered before the event loop runs other tasks."""
log = telemetry.get_logger(__name__)


class _TurnBudget:
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

    def __init__(
        self,
        fanout: "Fanout",
        owner: str,
        task_id: str | None,
        *,
        workflows: bool = False,
        run_id: str | None = None,
        after: datetime | None = None,
    ) -> None:
        self._fanout = fanout
        self.owner, self.task_id = owner, task_id
        self._workflows, self._run_id = workflows, run_id
        self._after = after
        self._changes: deque[Change] = deque([self._snapshot()])
        self._error: Exception | None = None
        self.budget = _TurnBudget()
        self._filled = asyncio.Event()
        self._filled.set()

    async def __aenter__(self) -> "ChangeSubscription":
        self._fanout.add(self)
        try:
            await self._fanout.wait_until_listening()
        except BaseException:  # cancelled while the stream is down
            self._fanout.remove(self)
            raise
        await self._catch_up()
        return self

    async def _catch_up(self) -> None:
        """Start with the missed changes if this process has all of them, else with a SNAPSHOT."""
        missed = (
            None
            if self._after is None
            else self._fanout.recent_changes.changes_since(self._after, clock.now(), self.owner)
        )
        if missed is not None:
            self._changes.clear()  # from here on, it gets what is not among the missed
            completed = await self._fanout.complete_missed([change for change in missed if self._matches(change)])
            self._changes.extendleft(reversed(completed))

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
            elif self.budget.given < CHANGES_PER_TURN:
                self.budget.take()
                return self._changes.popleft()
            else:
                await asyncio.sleep(0)
        raise self._error

    def fail(self, error: Exception) -> None:
        """Raise this error in place of the next change."""
        self._error = error
        self._filled.set()

    def offer(self, change: Change) -> None:
        """Queue a change if it matches the subscription."""
        if self._matches(change):
            self._changes.append(change)
            if len(self._changes) > MAX_QUEUED_CHANGES:
                self.resync()
            self._filled.set()

    def resync(self) -> None:
        """Replace the queued changes by a SNAPSHOT, on which the subscriber reads the current state."""
        self._changes.clear()
        self._changes.append(self._snapshot())
        self._filled.set()

    def _matches(self, change: Change) -> bool:
        if self._workflows:
            return change.workflow_run_id is not None and self._run_id in (None, change.workflow_run_id)
        return change.task_id is not None and self.task_id in (None, change.task_id)

    def _snapshot(self) -> Change:
        return Change(ChangeKind.SNAPSHOT, clock.now(), self.task_id, workflow_run_id=self._run_id)


class Fanout:
    """Delivers the changes of all processes to their owners' subscribers and to `on_change` (the engine)."""

    def __init__(self, database: Database, on_change: Callable[[Change], None]) -> None:
        self._database = database
        self._on_change = on_change
        self.access_signals = AccessSignals()
        self.recent_changes = RecentChanges()
        self._subscriptions: dict[str, set[ChangeSubscription]] = {}
        self._budgets: dict[str, _TurnBudget] = {}
        self._statuses = TaskStatuses(database)
        self._feed = ChangeFeed(database, self._receive, self._start_over)
        self._undelivered: deque[Change] = deque()
        self._received = asyncio.Event()
        self._delivering: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start receiving and delivering changes in the background."""
        self._feed.start()
        self._delivering = asyncio.create_task(self._deliver_received(), name="event-delivery")

    async def stop(self) -> None:
        """Stop receiving and delivering changes."""
        await self._feed.stop()
        await cancel_and_wait(self._delivering)

    def subscribe(self, owner: str, task_id: str | None = None, after: datetime | None = None) -> ChangeSubscription:
        """Subscribe to changes of an owner's tasks and runs, or of one task. The first change is a SNAPSHOT.

        With `after`, the subscription starts with the changes since then instead, if they are all still known.
        """
        return ChangeSubscription(self, owner, task_id, after=after)

    def subscribe_workflows(
        self, owner: str, run_id: str | None = None, after: datetime | None = None
    ) -> ChangeSubscription:
        """Subscribe to changes of an owner's workflow runs, or of one. Starts as `subscribe` does."""
        return ChangeSubscription(self, owner, None, workflows=True, run_id=run_id, after=after)

    def add(self, subscription: ChangeSubscription) -> None:
        """Deliver changes to a subscription from now on."""
        self._subscriptions.setdefault(subscription.owner, set()).add(subscription)
        subscription.budget = self._budgets.setdefault(subscription.owner, subscription.budget)

    def remove(self, subscription: ChangeSubscription) -> None:
        """Stop delivering changes to a subscription."""
        group = self._subscriptions.get(subscription.owner, set())
        group.discard(subscription)
        if not group:
            self._subscriptions.pop(subscription.owner, None)
            self._budgets.pop(subscription.owner, None)
            self._statuses.forget_owner(subscription.owner)

    async def wait_until_listening(self) -> None:
        """Wait until no change is missed, so that none falls between a snapshot and the first event."""
        await self._feed.wait_until_listening()

    # --- receiving --------------------------------------------------------------------------------------------------

    def _receive(self, changes: Sequence[RecordedChange]) -> None:
        """Signal changes to the engine and to open connections at once, and queue them for subscribers."""
        for change in changes:
            if isinstance(change, AccessChange):
                self.access_signals.signal_user(change.user_id)
            else:
                self._signal_engine(change)
                self._undelivered.append(change)
        self._received.set()

    def _signal_engine(self, change: Change) -> None:
        try:
            self._on_change(change)
        except Exception:
            log.exception("a change could not be handled", change=change.kind.value)

    async def _deliver_received(self) -> None:
        """Deliver changes until cancelled, with pauses for other tasks of the event loop."""
        while True:
            await self._received.wait()
            self._received.clear()
            while self._undelivered:
                changes = [self._undelivered.popleft() for _ in range(min(len(self._undelivered), _CHUNK))]
                for change in await self._read_statuses(changes):
                    self._deliver(change)
                await asyncio.sleep(0)

    async def _read_statuses(self, changes: list[Change]) -> list[Change]:
        """Return the changes with the statuses that the database derived, if anybody here is told of them."""
        try:
            return await self._statuses.complete(changes, self._subscriptions.__contains__)
        except PyMongoError as error:
            log.warning("statuses of tasks could not be read", error=str(error)[:300])
            return [*changes, lost_changes(self._database.changes.now())]

    async def complete_missed(self, missed: list[Change]) -> list[Change]:
        """Return missed changes with the present statuses where the database derived them, each task's once."""
        completed = await self._statuses.read_latest(missed)
        known = ((change, completed.get(id(change))) for change in missed)
        return [news or change for change, news in known if news is not None or not change.is_derived]

    def _deliver(self, change: Change) -> None:
        if change.kind is ChangeKind.SNAPSHOT:
            return self._resync(change.at)
        if change.task_id is not None and is_workflow_run_id(change.task_id):
            return None  # the run of a step: subscribers get the step's change of its workflow run
        self.recent_changes.add(change)
        for subscription in self._subscriptions.get(owner_of(subject_id(change)), ()):
            subscription.offer(change)
        return None

    def _resync(self, complete_after: datetime) -> None:
        """Have everybody read the current state, because changes up to this time may have been missed."""
        self.access_signals.signal_all()
        self.recent_changes.clear(complete_after)
        self._statuses.clear()
        for group in self._subscriptions.values():
            for subscription in group:
                subscription.resync()

    def _start_over(self, opened_at: datetime) -> None:
        self._resync(opened_at)
        self._signal_engine(lost_changes(clock.now()))
