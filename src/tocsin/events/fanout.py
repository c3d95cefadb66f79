"""The delivery of changes to the subscribers of this process."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.cancellation import cancel_and_wait
from tocsin.documents import (
    AccessChange,
    Change,
    Database,
    RecordedChange,
    is_workflow_run_id,
    lost_changes,
    owner_of,
)
from tocsin.events.access_signals import AccessSignals
from tocsin.events.backlog import Start
from tocsin.events.catch_up import CatchUp
from tocsin.events.change_feed import ChangeFeed
from tocsin.events.change_filter import STREAM_KINDS, ChangeFilter
from tocsin.events.change_queue import ChangeQueue, merge_all
from tocsin.events.change_subscription import ChangeSubscription, Subscriber, Turns
from tocsin.events.changes import subject_id
from tocsin.events.cursors import EventCursor
from tocsin.events.present_states import read_present_states
from tocsin.events.recent_changes import RecentChanges
from tocsin.events.task_statuses import TaskStatuses

_BATCH = 1_000
"""Changes of which each thing is delivered once if there are many, and whose derived statuses are read at once."""
_CHUNK = 500
"""Changes that are delivered before the event loop runs other tasks. A stored batch of runs fits, so that each
subscriber gets its part of it at once."""
RESUME_OVERLAP = timedelta(seconds=4)
"""Time before a cursor, or a time to go on after, from which on changes in memory are repeated.

Those of other processes come a little later, so a client may not have been told of them."""
log = telemetry.get_logger(__name__)


class Fanout:
    """Delivers the changes of all processes to their owners' subscribers and to `on_change` (the engine)."""

    def __init__(self, database: Database, on_change: Callable[[Change], None]) -> None:
        self._database = database
        self._on_change = on_change
        self.access_signals = AccessSignals()
        self.recent_changes = RecentChanges()
        self._subscriptions: dict[str, dict[ChangeFilter, set[Subscriber]]] = {}
        self._turns: dict[str, Turns] = {}
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

    def now(self) -> datetime:
        """Return the time by the clock of the database."""
        return self._database.changes.now()

    def find_missed(self, filter_: ChangeFilter, start: Start) -> tuple[list[Change], CatchUp | None]:
        """Return the changes with which a subscription starts, and what reads those that are not in memory.

        Since a time, they are those in memory if these are all; otherwise the subscriber reads the current state.
        """
        now = self.now()
        if isinstance(start, EventCursor):
            since = start.since - RESUME_OVERLAP
            found = None if start.place else self.recent_changes.changes_since(since, now, filter_.owner)
            if found is None:
                return [], CatchUp(self._database, filter_, start)
            return filter_.select(merge_all(found)), None
        found = None
        if start is not None and start - clock.EPOCH > RESUME_OVERLAP:
            found = self.recent_changes.changes_since(start - RESUME_OVERLAP, now, filter_.owner)
        return ([filter_.snapshot(now)] if found is None else filter_.select(found)), None

    def subscribe(self, owner: str, task_id: str | None = None, after: Start = None) -> ChangeSubscription:
        """Subscribe to changes of an owner's tasks and runs, or of one task. The first change is a SNAPSHOT.

        After a cursor, the subscription starts with the changes since instead; after a time, if they are in memory.
        """
        return ChangeSubscription(self, ChangeFilter(owner, task_id), after)

    def subscribe_workflows(self, owner: str, run_id: str | None = None, after: Start = None) -> ChangeSubscription:
        """Subscribe to changes of an owner's workflow runs, or of one. Starts as `subscribe` does."""
        return ChangeSubscription(self, ChangeFilter(owner, workflows=True, workflow_run_id=run_id), after)

    def add(self, subscriber: Subscriber) -> Turns:
        """Deliver changes to a subscriber from now on. Returns the turns that it shares with its owner's others."""
        owner = subscriber.filter.owner
        self._subscriptions.setdefault(owner, {}).setdefault(subscriber.filter, set()).add(subscriber)
        return self._turns.setdefault(owner, Turns())

    def remove(self, subscriber: Subscriber) -> None:
        """Stop delivering changes to a subscriber."""
        owner = subscriber.filter.owner
        by_filter = self._subscriptions.get(owner, {})
        subscribers = by_filter.get(subscriber.filter, set())
        subscribers.discard(subscriber)
        if not subscribers:
            by_filter.pop(subscriber.filter, None)
        if not by_filter:
            self._subscriptions.pop(owner, None)
            self._turns.pop(owner, None)
            self._statuses.forget_owner(owner)

    async def wait_until_listening(self) -> None:
        """Wait until no change is missed, so that none falls between a snapshot and the first event."""
        await self._feed.wait_until_listening()

    # --- receiving --------------------------------------------------------------------------------------------------

    def _receive(self, changes: Sequence[RecordedChange]) -> None:
        """Signal changes to the engine and to open connections at once, and queue them for subscribers."""
        for change in changes:
            if isinstance(change, AccessChange):
                self.access_signals.signal_user(change.user_id)
                continue
            self._signal_engine(change)
            if not _is_run_of_step(change):
                self._undelivered.append(self._with_safe_cursor(change))
        self._received.set()

    def _with_safe_cursor(self, change: Change) -> Change:
        """Return the change with a cursor from which changes of other processes follow that have not arrived yet.

        Normally they arrive so soon that the overlap of returns includes them. They do not while the stream is lost.
        """
        until = self._feed.complete_until
        if change.at - until <= RESUME_OVERLAP / 2:
            return change
        return change._replace(cursor=EventCursor(until).encode())

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
                changes = [self._undelivered.popleft() for _ in range(min(len(self._undelivered), _BATCH))]
                await self._deliver_all(changes)

    async def _deliver_all(self, changes: list[Change]) -> None:
        """Deliver changes. If that fails, everybody reads the current state instead."""
        try:
            merged = _merge_all(await self._read_statuses(changes))
            for start in range(0, len(merged), _CHUNK):
                self._deliver(merged[start : start + _CHUNK])
                await asyncio.sleep(0)
        except Exception:
            log.exception("changes could not be delivered")
            self._deliver([lost_changes(self._database.changes.now())])

    async def _read_statuses(self, changes: list[Change]) -> list[Change]:
        """Return the changes with the statuses that the database derived, if anybody here is told of them."""
        try:
            return await self._statuses.complete(changes, self._subscriptions.__contains__)
        except PyMongoError as error:
            log.warning("statuses of tasks could not be read", error=str(error)[:300])
            return [*changes, lost_changes(self._database.changes.now())]

    async def complete(self, changes: Sequence[Change]) -> list[Change]:
        """Return changes of a time without subscribers with the present statuses where the database derived them.

        Raises PyMongoError.
        """
        return await self._statuses.complete_all(changes)

    async def read_present_states(self, changes: Sequence[Change]) -> list[Change]:
        """Return changes with the present statuses of what changed. Raises PyMongoError."""
        return await read_present_states(self._database, changes)

    def _deliver(self, changes: Sequence[Change]) -> None:
        of_owners: dict[str, list[Change]] = {}
        for change in changes:
            if change.kind in STREAM_KINDS:
                of_owners.clear()  # it includes them
                self._resync(change.at)
            else:
                owner = owner_of(subject_id(change))
                if change.notified is None:  # their subscribers read from the database what they missed
                    self.recent_changes.add(change, owner)
                of_owners.setdefault(owner, []).append(change)
        for owner, of_owner in of_owners.items():
            for filter_, subscribers in self._subscriptions.get(owner, {}).items():
                matching = filter_.select(of_owner)
                for subscriber in subscribers if matching else ():
                    subscriber.offer(matching)

    def _resync(self, complete_after: datetime) -> None:
        """Have everybody read the current state, because changes up to this time may have been missed."""
        self.access_signals.signal_all()
        self.recent_changes.clear(complete_after)
        self._statuses.clear()
        for by_filter in self._subscriptions.values():
            for subscribers in by_filter.values():
                for subscriber in subscribers:
                    subscriber.resync()

    def _start_over(self, opened_at: datetime) -> None:
        self._resync(opened_at)
        self._signal_engine(lost_changes(clock.now()))


def _merge_all(changes: Sequence[Change]) -> list[Change]:
    """Merge the changes of the same thing if there are many, once for all subscribers.

    Their statuses must have been read before, because a derived one that did not change is not told.
    """
    queue = ChangeQueue()
    for change in changes:
        queue.add(change)
    return [change for _, change in queue.take(len(changes))]


def _is_run_of_step(change: Change) -> bool:
    """Return whether this is the run of a step. Its subscribers get the step's change of its workflow run instead."""
    return change.task_id is not None and is_workflow_run_id(change.task_id)
