"""One change stream per process, with any number of subscribers that have a bounded queue each."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.cancellation import cancel_and_wait
from tocsin.documents import Database, is_workflow_run_id, owner_of
from tocsin.events.access_signals import AccessSignals
from tocsin.events.changes import PIPELINE, AccessChange, Change, ChangeKind, parse_change, subject_id
from tocsin.events.recent_changes import RecentChanges

MAX_QUEUED_CHANGES = 10_000
"""Queued changes of a slow subscriber. Beyond this they are replaced by a SNAPSHOT."""
CHANGES_PER_TURN = 16
"""Changes that all subscribers of one owner get in one iteration of the event loop."""
_CHUNK = 100
"""Changes that are delivered before the event loop runs other tasks."""
_POLL_MILLISECONDS = 1_000
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
        self._catch_up()
        return self

    def _catch_up(self) -> None:
        """Start with the missed changes if this process has all of them, else with a SNAPSHOT."""
        missed = (
            None
            if self._after is None
            else self._fanout.recent_changes.changes_since(self._after, clock.now(), self.owner)
        )
        if missed is not None:
            self._changes = deque(change for change in missed if self._matches(change))

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
    """Reads the change stream and delivers each change to its owner's subscribers and to `on_change` (the engine)."""

    def __init__(self, database: Database, on_change: Callable[[Change], None]) -> None:
        self._database = database
        self._on_change = on_change
        self.access_signals = AccessSignals()
        self.recent_changes = RecentChanges()
        self._subscriptions: dict[str, set[ChangeSubscription]] = {}
        self._budgets: dict[str, _TurnBudget] = {}
        self._listening = asyncio.Event()
        self._opened = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start reading the change stream in the background."""
        self._task = asyncio.create_task(self._run(), name="events")

    async def stop(self) -> None:
        """Stop reading and close the change stream."""
        await cancel_and_wait(self._task)

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

    async def wait_until_listening(self) -> None:
        """Wait until the stream is open, so that no change falls between a snapshot and the first event."""
        await self._listening.wait()

    async def _run(self) -> None:
        """Read the stream, and open it again when it ends.

        This is no `Periodic`: the reading ends only by a failure, it must be cancelled at once at a stop, and the
        pauses start over as soon as the stream was open, not when a reading succeeds.
        """
        pause = 0.1
        while True:
            try:
                await self._listen()
            except PyMongoError as error:
                log.warning("change stream lost, reopening it", error=str(error)[:300], seconds=pause)
            except Exception:
                log.exception("a change could not be handled, reopening the stream", seconds=pause)
            pause = 0.1 if self._opened else min(pause * 2, 2.0)
            self._opened = False
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        """Read changes from now on. Existing subscribers get a SNAPSHOT, because changes may have been missed."""
        stream = await self._database.db.watch(PIPELINE, max_await_time_ms=_POLL_MILLISECONDS)
        try:
            opened_at = (await self._database.db.command("hello"))["localTime"].replace(tzinfo=UTC)
            self._resync(opened_at)
            self._listening.set()
            self._opened = True
            count = 0
            async for event in stream:
                count += 1
                if count % _CHUNK == 0:
                    await asyncio.sleep(0)  # a batch that has arrived is iterated without yielding
                if isinstance(change := parse_change(event), AccessChange):
                    self.access_signals.signal_user(change.user_id)
                elif change is not None:
                    self._deliver(change)
        finally:
            self._listening.clear()
            with contextlib.suppress(PyMongoError):
                await stream.close()

    def _deliver(self, change: Change) -> None:
        self._on_change(change)
        if change.task_id is not None and is_workflow_run_id(change.task_id):
            return  # the run of a step: subscribers get the step's change of its workflow run
        self.recent_changes.add(change)
        for subscription in self._subscriptions.get(owner_of(subject_id(change)), ()):
            subscription.offer(change)

    def _resync(self, opened_at: datetime) -> None:
        self.access_signals.signal_all()
        self.recent_changes.clear(opened_at)
        for group in self._subscriptions.values():
            for subscription in group:
                subscription.resync()
        self._on_change(Change(ChangeKind.SNAPSHOT, clock.now(), queued=True, due_at=clock.EPOCH))
