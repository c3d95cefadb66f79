"""One change stream a process, many subscribers: each with a bounded queue of its own."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.documents import Database, is_workflow_run, owner_of
from tocsin.ending import end_tasks
from tocsin.events.changes import PIPELINE, AccessChange, Change, ChangeKind, read, subject_of
from tocsin.events.presence import Presence
from tocsin.events.recent import Recent

QUEUE_LIMIT = 10_000
"""Changes that a slow subscriber may lag behind before it is sent a SNAPSHOT instead of them."""
AT_ONCE = 16
"""Changes that one user's subscribers are given in one turn of the event loop: then others have theirs."""
_PORTION = 100
"""Changes of the stream that are given on before others have their turn."""
_POLL_MILLISECONDS = 1_000
log = telemetry.logger(__name__)


class _Share:
    """How many changes one owner's subscribers were given in this turn of the event loop.

    What one user's many subscribers do with a flood of changes keeps nobody else waiting.
    """

    __slots__ = ("given",)

    def __init__(self) -> None:
        self.given = 0

    def take(self) -> None:
        """One more is given; in the next turn none is yet."""
        if not self.given:
            asyncio.get_running_loop().call_soon(self._begin_anew)
        self.given += 1

    def _begin_anew(self) -> None:
        self.given = 0


class Subscription:
    """One listener's changes, from the moment it is made, or since `after`. An asynchronous iterator; use it in
    `async with`.
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
        self.share = _Share()
        self._filled = asyncio.Event()
        self._filled.set()

    async def __aenter__(self) -> "Subscription":
        self._fanout.add(self)
        try:
            await self._fanout.listening()
        except BaseException:  # who leaves while the stream is down must not be kept
            self._fanout.remove(self)
            raise
        self._catch_up()
        return self

    def _catch_up(self) -> None:
        """Begin with what was missed, if this process knows all of it; else with a SNAPSHOT."""
        missed = None if self._after is None else self._fanout.recent.since(self._after, clock.now(), self.owner)
        if missed is not None:
            self._changes = deque(change for change in missed if self._hears(change))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fanout.remove(self)

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Change:
        while self._error is None:
            if not self._changes:
                self._filled.clear()
                await self._filled.wait()
            elif self.share.given < AT_ONCE:
                self.share.take()
                return self._changes.popleft()
            else:
                await asyncio.sleep(0)
        raise self._error

    def fail(self, error: Exception) -> None:
        """End with this error instead of the next change."""
        self._error = error
        self._filled.set()

    def offer(self, change: Change) -> None:
        """Queue a change if it is of what is listened to."""
        if self._hears(change):
            self._changes.append(change)
            if len(self._changes) > QUEUE_LIMIT:
                self.resync()
            self._filled.set()

    def resync(self) -> None:
        """Drop what is queued: the subscriber is told to read the present state."""
        self._changes.clear()
        self._changes.append(self._snapshot())
        self._filled.set()

    def _hears(self, change: Change) -> bool:
        if self._workflows:
            return change.workflow_run_id is not None and self._run_id in (None, change.workflow_run_id)
        return change.task_id is not None and self.task_id in (None, change.task_id)

    def _snapshot(self) -> Change:
        return Change(ChangeKind.SNAPSHOT, clock.now(), self.task_id, workflow_run_id=self._run_id)


class Fanout:
    """Reads the change stream and gives each change to its owner's subscribers, and to `on_change` (the engine)."""

    def __init__(self, database: Database, on_change: Callable[[Change], None]) -> None:
        self._database = database
        self._on_change = on_change
        self.presence = Presence()
        self.recent = Recent()
        self._subscriptions: dict[str, set[Subscription]] = {}
        self._shares: dict[str, _Share] = {}
        self._listening = asyncio.Event()
        self._opened = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run(), name="events")

    async def stop(self) -> None:
        """Close the stream."""
        await end_tasks(self._task)

    def subscribe(self, owner: str, task_id: str | None = None, after: datetime | None = None) -> Subscription:
        """The changes of this owner's tasks and runs (or of one task), beginning with a SNAPSHOT.

        With `after`, it begins with the changes since then instead, if they are still known.
        """
        return Subscription(self, owner, task_id, after=after)

    def subscribe_workflows(self, owner: str, run_id: str | None = None, after: datetime | None = None) -> Subscription:
        """The changes of this owner's workflow runs (or of one). It begins as in `subscribe`."""
        return Subscription(self, owner, None, workflows=True, run_id=run_id, after=after)

    def add(self, subscription: Subscription) -> None:
        """Give it what comes from now on."""
        self._subscriptions.setdefault(subscription.owner, set()).add(subscription)
        subscription.share = self._shares.setdefault(subscription.owner, subscription.share)

    def remove(self, subscription: Subscription) -> None:
        """Give it nothing more."""
        group = self._subscriptions.get(subscription.owner, set())
        group.discard(subscription)
        if not group:
            self._subscriptions.pop(subscription.owner, None)
            self._shares.pop(subscription.owner, None)

    async def listening(self) -> None:
        """Wait until the stream is open, so that no change falls between a snapshot and the first event."""
        await self._listening.wait()

    async def _run(self) -> None:
        pause = 0.1
        while True:
            try:
                await self._listen()
            except PyMongoError as error:
                log.warning("change stream lost, opening it again", error=str(error)[:300], seconds=pause)
            except Exception:
                log.exception("a change could not be handled, opening the stream again", seconds=pause)
            pause = 0.1 if self._opened else min(pause * 2, 2.0)
            self._opened = False
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        """Listen from now. Who listened before is told to read the present state: changes may have been missed."""
        stream = await self._database.db.watch(PIPELINE, max_await_time_ms=_POLL_MILLISECONDS)
        try:
            opened_at = (await self._database.db.command("hello"))["localTime"].replace(tzinfo=UTC)
            self._resync(opened_at)
            self._listening.set()
            self._opened = True
            count = 0
            async for event in stream:
                count += 1
                if count % _PORTION == 0:
                    await asyncio.sleep(0)  # a batch that has come is read without a pause
                if isinstance(change := read(event), AccessChange):
                    self.presence.changed(change.user_id)
                elif change is not None:
                    self._give(change)
        finally:
            self._listening.clear()
            with contextlib.suppress(PyMongoError):
                await stream.close()

    def _give(self, change: Change) -> None:
        self._on_change(change)
        if change.task_id is not None and is_workflow_run(change.task_id):
            return  # the run of a step: whoever listens to its workflow run hears of the step
        self.recent.add(change)
        for subscription in self._subscriptions.get(owner_of(subject_of(change)), ()):
            subscription.offer(change)

    def _resync(self, opened_at: datetime) -> None:
        self.presence.all_changed()
        self.recent.clear(opened_at)
        for group in self._subscriptions.values():
            for subscription in group:
                subscription.resync()
        self._on_change(Change(ChangeKind.SNAPSHOT, clock.now(), queued=True, due_at=clock.EPOCH))
