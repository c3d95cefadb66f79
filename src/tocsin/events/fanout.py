"""One change stream per process, with any number of subscribers."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.cancellation import cancel_and_wait
from tocsin.documents import Database, is_workflow_run_id, owner_of
from tocsin.events.access_signals import AccessSignals
from tocsin.events.change_subscription import ChangeFilter, ChangeSubscription, Subscriber, TurnBudget
from tocsin.events.changes import PIPELINE, AccessChange, Change, ChangeKind, parse_change, subject_id
from tocsin.events.recent_changes import RecentChanges

_CHUNK = 100
"""Changes that are delivered before the event loop runs other tasks."""
_POLL_MILLISECONDS = 1_000
log = telemetry.get_logger(__name__)


class Fanout:
    """Reads the change stream and delivers each change to its owner's subscribers and to `on_change` (the engine)."""

    def __init__(self, database: Database, on_change: Callable[[Change], None]) -> None:
        self._database = database
        self._on_change = on_change
        self.access_signals = AccessSignals()
        self.recent_changes = RecentChanges()
        self._subscriptions: dict[str, set[Subscriber]] = {}
        self._budgets: dict[str, TurnBudget] = {}
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
        return ChangeSubscription(self, ChangeFilter(owner, task_id), after)

    def subscribe_workflows(
        self, owner: str, run_id: str | None = None, after: datetime | None = None
    ) -> ChangeSubscription:
        """Subscribe to changes of an owner's workflow runs, or of one. Starts as `subscribe` does."""
        return ChangeSubscription(self, ChangeFilter(owner, workflows=True, workflow_run_id=run_id), after)

    def add(self, subscriber: Subscriber) -> TurnBudget:
        """Deliver changes to a subscriber from now on. Returns the budget that it shares with its owner's others."""
        owner = subscriber.filter.owner
        self._subscriptions.setdefault(owner, set()).add(subscriber)
        return self._budgets.setdefault(owner, TurnBudget())

    def remove(self, subscriber: Subscriber) -> None:
        """Stop delivering changes to a subscriber."""
        owner = subscriber.filter.owner
        subscribers = self._subscriptions.get(owner, set())
        subscribers.discard(subscriber)
        if not subscribers:
            self._subscriptions.pop(owner, None)
            self._budgets.pop(owner, None)

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
