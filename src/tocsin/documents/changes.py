"""Changes of tasks, runs and accesses, recorded by the code that makes them (docs/adr/0037).

A change stream over the database would cost more than the writes that it reports. So whoever writes says afterwards
what changed, as a short record: the listeners of this process get it at once, other processes through the collection
`change_batches`. Record after the database has acknowledged a write, and only what it changed.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from bson import ObjectId

from tocsin import clock
from tocsin.documents.ids import is_workflow_run_id, parent_of
from tocsin.documents.run_documents import RunDocument
from tocsin.documents.states import SETTLED_STATUSES, RunStatus, TaskStatus, public_status
from tocsin.documents.workflow_states import StepStatus, WorkflowRunStatus
from tocsin.wakeups import Signal

MAX_UNSENT = 100_000
"""Changes that wait to be sent to other processes. Beyond this, those processes are told that changes were lost."""
MAX_NAMED = 100
"""Acknowledged notifications that a change names."""


class ChangeKind(Enum):
    """The kind of a change. SNAPSHOT: the subscription starts. RESYNC: changes were dropped. Read the current state."""

    SNAPSHOT = "SNAPSHOT"
    RESYNC = "RESYNC"
    TASK_CREATED = "TASK_CREATED"
    TASK_UPDATED = "TASK_UPDATED"
    TASK_DELETED = "TASK_DELETED"
    RUN_CREATED = "RUN_CREATED"
    RUN_UPDATED = "RUN_UPDATED"
    WORKFLOW_CREATED = "WORKFLOW_CREATED"
    WORKFLOW_UPDATED = "WORKFLOW_UPDATED"
    WORKFLOW_DELETED = "WORKFLOW_DELETED"
    NOTIFIED = "NOTIFIED"
    DELIVERY_ATTEMPTED = "DELIVERY_ATTEMPTED"
    ACKNOWLEDGED = "ACKNOWLEDGED"


class Change(NamedTuple):
    """A change of a task, run, workflow or workflow run. Statuses are None if the change did not set them.

    `steps` holds the keys and new statuses of the changed steps of a workflow run. `is_derived` says that the database
    derived a status of the task that its writer does not know: whoever needs it reads it.

    `notified` is the ID of a user for whom notifications were stored, of whom only subscribers of those are told.
    With DELIVERY_ATTEMPTED, live deliveries were: `attempted` has their IDs and the numbers of the attempts. With
    ACKNOWLEDGED, their user has seen those with the IDs in `acknowledged`, or some that are too many to name.
    `workflow` is the workflow that changed, or that of a workflow run. `cursor` names the place after the change, if
    its time does not.

    Three fields are for the engine, not for subscribers: `due_at`, a due or retry time, or the end of the wait for a
    callback, that the change set;
    `queued`, if a run now waits for a worker; `cancel_requested`, if a running run must be aborted.

    It is a tuple because each run makes several: a frozen dataclass takes five times as long to make.
    """

    kind: ChangeKind
    at: datetime
    task_id: str | None = None
    run_id: str | None = None
    task_status: TaskStatus | None = None
    run_status: RunStatus | None = None
    due_at: datetime | None = None
    queued: bool = False
    cancel_requested: bool = False
    workflow_run_id: str | None = None
    workflow_status: WorkflowRunStatus | None = None
    steps: tuple[tuple[str, StepStatus], ...] = ()
    is_derived: bool = False
    notified: str | None = None
    attempted: tuple[tuple[str, int], ...] = ()
    acknowledged: tuple[str, ...] = ()
    workflow: str | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class AccessChange:
    """A change that can invalidate the tokens of a user: their open connections must verify their token again."""

    user_id: str


RecordedChange = Change | AccessChange


class ChangeLog:
    """The changes that this process makes. Recording is thread-safe and does no I/O.

    `recorded` gets them in order on the event loop, from `open` on. If `is_shared`, `unsent` keeps them for other
    processes until they are sent.
    """

    def __init__(self, *, is_shared: bool = False) -> None:
        self.id = str(ObjectId())
        self.is_shared = is_shared
        self.recorded: Signal[[list[RecordedChange]]] = Signal()
        self.unsent: deque[RecordedChange] = deque()
        self.clock_offset = timedelta()
        self._pending: list[RecordedChange] = []
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opened = 0

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give changes to the listeners on this loop, until `close` is called as often."""
        self._loop, self._opened = loop, self._opened + 1

    def close(self) -> None:
        """Stop giving changes to the listeners."""
        self._opened -= 1
        if not self._opened:
            self._loop = None

    def now(self) -> datetime:
        """Return the time by the clock of the database, as far as it is known."""
        return clock.now() + self.clock_offset

    def record(self, changes: Iterable[RecordedChange]) -> None:
        """Record changes that the database has acknowledged."""
        with self._lock:
            is_first = not self._pending
            self._pending += changes
            loop = self._loop
        if not is_first or not self._pending:
            return
        if loop is None or loop.is_closed():
            self._hand_over()
        else:
            loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        with self._lock:
            changes, self._pending = self._pending, []
        if self.is_shared:
            self.unsent.extend(changes)
            if len(self.unsent) > MAX_UNSENT:
                self.unsent.clear()
                self.unsent.append(lost_changes(self.now()))
        if self._loop is not None:
            self.recorded(changes)

    # --- what is recorded -------------------------------------------------------------------------------------------

    def runs_created(self, runs: Iterable[RunDocument]) -> None:
        """Record inserted runs."""
        at = self.now()
        self.record([change for run in runs if _concerns_anybody(change := _created(run, at))])

    def runs_moved(self, runs: Iterable[RunDocument]) -> None:
        """Record runs whose status, or place in the queue, is now as given."""
        at = self.now()
        self.record([change for run in runs if _concerns_anybody(change := _moved(run, at))])

    def runs_requeued(self, run_ids: Iterable[str]) -> None:
        """Record that the place of these runs in their queue may have changed, but not their status."""
        at = self.now()
        self.record([_run_change(ChangeKind.RUN_UPDATED, at, run_id, queued=True) for run_id in run_ids])

    def runs_cancel_requested(self, run_ids: Iterable[str]) -> None:
        """Record that the attempts of these runs are to be aborted."""
        at = self.now()
        self.record([_run_change(ChangeKind.RUN_UPDATED, at, run_id, cancel_requested=True) for run_id in run_ids])

    def runs_progressed(self, run_ids: Iterable[str]) -> None:
        """Record that attempts of these runs of tasks told how far they are. No status changed."""
        at = self.now()
        self.record([_run_change(ChangeKind.RUN_UPDATED, at, run_id) for run_id in run_ids])

    def tasks_derived(self, task_ids: Iterable[str], due_at: datetime | None = None) -> None:
        """Record tasks whose runs changed, so that the database derived their statuses again."""
        at = self.now()
        kind = ChangeKind.TASK_UPDATED
        self.record([Change(kind, at, task_id, due_at=due_at, is_derived=True) for task_id in dict.fromkeys(task_ids)])

    def task_changed(
        self, kind: ChangeKind, task_id: str, status: TaskStatus | None, due_at: datetime | None = None
    ) -> None:
        """Record a change of a task by its owner. The status is None if it stayed the same."""
        self.record([Change(kind, self.now(), task_id, task_status=status, due_at=due_at)])

    def workflow_run_changed(
        self,
        kind: ChangeKind,
        run_id: str,
        status: WorkflowRunStatus | None = None,
        steps: Iterable[tuple[str, StepStatus]] = (),
        workflow: str | None = None,
    ) -> None:
        """Record a change of a run of this workflow. The status is None if it stayed the same."""
        change = Change(
            kind, self.now(), workflow_run_id=run_id, workflow_status=status, steps=tuple(steps), workflow=workflow
        )
        self.record([change])

    def workflow_changed(self, kind: ChangeKind, workflow: str) -> None:
        """Record a change of a workflow by its owner."""
        self.record([Change(kind, self.now(), workflow=workflow)])

    def notifications_stored(self, owners: Iterable[str]) -> None:
        """Record that notifications of these users were stored."""
        at = self.now()
        self.record([Change(ChangeKind.NOTIFIED, at, notified=owner) for owner in dict.fromkeys(owners)])

    def delivery_attempted(self, owner: str, delivery_id: str, number: int) -> None:
        """Record an attempt at a live delivery, the first of which has the number 1."""
        attempted = ((delivery_id, number),)
        self.record([Change(ChangeKind.DELIVERY_ATTEMPTED, self.now(), notified=owner, attempted=attempted)])

    def notifications_acknowledged(self, owner: str, ids: Sequence[str]) -> None:
        """Record that a user acknowledged these notifications. More than `MAX_NAMED` are not named."""
        named = tuple(ids) if len(ids) <= MAX_NAMED else ()
        self.record([Change(ChangeKind.ACKNOWLEDGED, self.now(), notified=owner, acknowledged=named)])

    def access_ended(self, user_id: str) -> None:
        """Record that tokens of a user may have become invalid."""
        self.record([AccessChange(user_id)])

    def changes_lost(self) -> None:
        """Record that changes of anything may have been made without a record, as by a process that died."""
        self.record([lost_changes(self.now())])


def lost_changes(at: datetime) -> Change:
    """Return the change after which everybody reads the current state again."""
    return Change(ChangeKind.RESYNC, at, queued=True, due_at=clock.EPOCH)


def _concerns_anybody(change: Change) -> bool:
    """Return whether anybody needs a change of a run. Subscribers do not see the runs of steps; the engine may."""
    if change.task_id is None or not is_workflow_run_id(change.task_id):
        return True
    return change.queued or change.due_at is not None or change.run_status in SETTLED_STATUSES


def _created(run: RunDocument, at: datetime) -> Change:
    status = public_status(run)
    is_queued = run["status"] == RunStatus.QUEUED and not run.get("blocked")
    return _run_change(ChangeKind.RUN_CREATED, at, run["_id"], status, queued=is_queued)


def _moved(run: RunDocument, at: datetime) -> Change:
    due_at = run.get("retry_at") if run["status"] == RunStatus.RETRY else None
    if run["status"] == RunStatus.WAITING:
        due_at = run.get("callback_by")
    is_queued = run["status"] == RunStatus.QUEUED and not run.get("blocked")
    return _run_change(ChangeKind.RUN_UPDATED, at, run["_id"], public_status(run), due_at=due_at, queued=is_queued)


def _run_change(
    kind: ChangeKind,
    at: datetime,
    run_id: str,
    status: RunStatus | None = None,
    *,
    due_at: datetime | None = None,
    queued: bool = False,
    cancel_requested: bool = False,
) -> Change:
    return Change(kind, at, parent_of(run_id), run_id, None, status, due_at, queued, cancel_requested)
