"""The queue of due tasks and retries of a scheduler: owners take turns.

To find the first due task of each owner, a database reads everything that is due. So this queue reads what is due once,
as short rows, and then only what became due since; it loads one slice at a time, owners in turn, by id. However much of
one owner is due, another's waits for at most one slice. What one owner has due is ordered by rank, like queued runs.
While little is due, it is all one slice, read in one query.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo.synchronous.collection import Collection

from tocsin import clock, telemetry
from tocsin.clock import MILLISECOND
from tocsin.dispatch.partitions import ALL_PARTITIONS, Partitions
from tocsin.documents import DeferredRuns, Filter, RunDocument, RunStatus, TaskDocument, Trigger, to_global_id
from tocsin.fair_queue import FairQueue
from tocsin.tasks.ranking import compute_rank

SLICE = 500
"""Maximum tasks and retries of a slice, and maximum runs made from them."""
MIN_SLICE = 100
SLICE_SECONDS = 0.15
"""Target duration of a slice in seconds while the scheduler is late, which is how long another owner's task waits."""
MAX_LATENESS = timedelta(seconds=1)
"""Lateness beyond which slices become smaller, which is fairer but costs more. A short burst stays below it."""
MAX_SLICE_OPEN_RUNS = 5_000
"""Maximum open runs that the tasks of a slice may name together, all of which are read."""
MAX_PER_OWNER = 5_000
"""Maximum queued tasks and retries of one owner. The others stay in the database until these are handled."""
FULL_READ_INTERVAL = timedelta(seconds=10)
"""Interval of full reads while the queue is not empty, in case the news of a due time was lost. It grows with it."""
FULL_READ_STEP, MAX_FULL_READ_STEPS = 5_000, 10
"""For each so many due, a full read is that interval later, up to so many times."""
HELD_READ_INTERVAL = timedelta(milliseconds=100)
"""Interval of reads while the workers have no room."""
LOOKAHEAD_WINDOWS = (timedelta(seconds=1), timedelta(seconds=6), timedelta(seconds=30))
"""Times ahead within which the next due time is looked for, one after the other."""
LATE_WARNING_AFTER = timedelta(seconds=5)
_WARN_INTERVAL = timedelta(minutes=1)
_READ_BATCH = 5_000
_TASK_FIELDS = {"owner": 1, "next_run_at": 1, "priority": 1}
_RETRY_FIELDS = {"owner": 1, "task": 1, "trigger": 1, "retry_at": 1, "priority": 1}
log = telemetry.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Due:
    """A due task by its id, or a due retry with its row."""

    id: str
    at: datetime
    retry: RunDocument | None = None


class DueQueue:
    """The due tasks and retries of the owners whom one scheduler serves. `expect_due` is thread-safe."""

    def __init__(
        self,
        tasks: Collection[TaskDocument],
        runs: Collection[RunDocument],
        partitions: Partitions = ALL_PARTITIONS,
        deferred: DeferredRuns | None = None,
    ) -> None:
        self._partitions = partitions
        self._read_until = clock.EPOCH
        self._tasks, self._runs = tasks, runs
        self._deferred = DeferredRuns() if deferred is None else deferred
        self._queue: FairQueue[_Due] = FairQueue()
        self._documents: dict[str, TaskDocument] = {}
        self._lock = threading.Lock()
        self._since = clock.EPOCH
        self._full_read_at = clock.EPOCH
        self._warned_at = clock.EPOCH
        self._late = timedelta()
        self._left_out = False
        self.slice_size = SLICE

    def __len__(self) -> int:
        return len(self._queue)

    def invalidate(self) -> None:
        """Make the next read a full one."""
        self.expect_due(clock.EPOCH)

    def expect_due(self, at: datetime) -> None:
        """Note that something due at this time was written, which a read may have missed."""
        with self._lock:
            self._since = min(self._since, at - MILLISECOND if at > clock.EPOCH else at)

    def refresh(self, now: datetime) -> None:
        """Read what has become due since the last call, or everything that is due if the queue is empty."""
        with self._lock:
            since, self._since = self._since, now
        # What is deferred is stored as due, but has been fired: while there is some, the queue is seldom read in full.
        is_read = bool(self._queue) or (bool(self._deferred) and not self._left_out)
        if not is_read or since == clock.EPOCH or abs(now - self._full_read_at) > self._full_read_interval():
            self._queue.clear()
            since, self._full_read_at, self._left_out = clock.EPOCH, now, False
        self._documents = {}
        self._read_until = now
        if since < now:
            self._read_due({"$gt": since, "$lte": now})

    def is_fresh(self, now: datetime) -> bool:
        """Return whether what is due was read a moment ago, and nothing was written since that was due by then."""
        with self._lock:
            is_complete = self._since >= self._read_until
        return is_complete and abs(now - self._read_until) < HELD_READ_INTERVAL

    def _full_read_interval(self) -> timedelta:
        return FULL_READ_INTERVAL * min(max(len(self._queue) // FULL_READ_STEP, 1), MAX_FULL_READ_STEPS)

    def _read_due(self, times: Filter) -> None:
        """Read what is due at these times, in the partitions of this process.

        If it is alone, the first tasks are read as whole documents: while few are due, they are one slice and need no
        second read. With others, most of them would be read in vain.
        """
        serves, is_alone = self._partitions.serves, self._partitions.is_alone
        due_tasks, due_retries = {"next_run_at": times}, {"status": RunStatus.RETRY, "retry_at": times}
        first = list(self._tasks.find(due_tasks).limit(SLICE)) if is_alone else []
        self._documents = {task["_id"]: task for task in first}
        self.add_tasks(first)
        if not is_alone or len(first) == SLICE:
            rows = self._tasks.find(due_tasks, _TASK_FIELDS).batch_size(_READ_BATCH)
            self.add_tasks(task for task in rows if serves(task["owner"]))
        for run in self._runs.find(due_retries, _RETRY_FIELDS).batch_size(_READ_BATCH):
            if serves(run["owner"]):
                self._enqueue(run["owner"], run["_id"], run.get("retry_at"), run.get("priority"), run)

    def add_tasks(self, tasks: Iterable[TaskDocument]) -> None:
        """Queue due tasks: those that were read, or that a slice leaves for the next one."""
        for task in tasks:
            if not self._deferred.has_task(task["_id"]):
                self._enqueue(task["owner"], task["_id"], task["next_run_at"], task.get("priority"))

    def _enqueue(
        self, owner: str, key: str, at: datetime | None, priority: int | None, retry: RunDocument | None = None
    ) -> None:
        if at is None:
            return
        if self._queue.count(owner) < MAX_PER_OWNER:
            self._queue.add(owner, key, compute_rank(at, priority or 0), _Due(key, at, retry))
        else:
            self._left_out = True

    def take_slice(self, now: datetime, room: int | None = None) -> tuple[list[TaskDocument], list[RunDocument]]:
        """Remove and return the next slice: tasks, and the rows of retries. It may be empty.

        `room` is the number for which the workers have room. Beyond it, only owners are served who have missed turns,
        so that nobody waits for the backlog of others. A retry whose task is also queued is dropped: firing the task
        ends it.
        """
        tasks: list[TaskDocument] = []
        retries: list[RunDocument] = []
        while not tasks and not retries and (chosen := self._pop_slice(now, room)):
            tasks = self._load_tasks([due.id for due in chosen if due.retry is None], now)
            retries = [due.retry for due in chosen if due.retry is not None]
        fitting = _count_fitting(tasks)
        self.add_tasks(tasks[fitting:])
        return tasks[:fitting], [run for run in retries if not self._is_task_due(run)]

    def _pop_slice(self, now: datetime, room: int | None) -> list[_Due]:
        chosen: list[_Due] = []
        while self._has_place(len(chosen), room) and (found := self._queue.pop()) is not None:
            owner, due = found
            self._late = max(self._late, now - due.at) if chosen else now - due.at
            chosen.append(due)
            if now - due.at > LATE_WARNING_AFTER and self._queue.count(owner) >= SLICE:
                self._warn_late(owner, now - due.at, now)
        return chosen

    def _has_place(self, taken: int, room: int | None) -> bool:
        """Return whether a slice has a place for one more."""
        return taken < self.slice_size and (room is None or taken < room or self._queue.is_next_behind())

    def _warn_late(self, owner: str, late: timedelta, now: datetime) -> None:
        if abs(now - self._warned_at) > _WARN_INTERVAL:
            self._warned_at = now
            log.warning(
                "a user has more due than can be run in time; only their own runs are late",
                user_id=to_global_id("User", owner),
                due=self._queue.count(owner),
                seconds_late=round(late.total_seconds()),
            )

    def _load_tasks(self, ids: list[str], now: datetime) -> list[TaskDocument]:
        """Load tasks in this order, without those that are no longer due."""
        missing = [task_id for task_id in ids if task_id not in self._documents]
        if missing:
            self._documents |= {task["_id"]: task for task in self._tasks.find({"_id": {"$in": missing}})}
        found = [self._documents[task_id] for task_id in ids if task_id in self._documents]
        self._documents = {}
        return [task for task in found if task["next_run_at"] is not None and task["next_run_at"] <= now]

    def _is_task_due(self, run: RunDocument) -> bool:
        return run["trigger"] == Trigger.SCHEDULE and run["task"] in self._queue

    def adapt_slice_size(self, seconds: float, count: int) -> None:
        """Adapt the size of slices to the duration of the last one.

        The size changes by a half at most, since one slow answer of the database means little. An empty slice means
        nothing.
        """
        if not count:
            return
        if self._late < MAX_LATENESS:
            self.slice_size = SLICE
        elif count >= self.slice_size:
            fits = round(self.slice_size * min(max(SLICE_SECONDS / max(seconds, 0.001), 0.5), 1.5))
            self.slice_size = min(max(fits, MIN_SLICE), SLICE)

    def charge_owner(self, owner: str, runs: int) -> None:
        """Charge an owner one turn for each run made from a task."""
        if runs > 1:
            self._queue.charge(owner, runs - 1)

    def find_next_due(self, now: datetime) -> datetime:
        """Return the next due time, or the latest time at which to look again. Near times are looked for first.

        What others have not fired yet is no reason to look again; they are found when the partitions change. Neither is
        what this process has fired and not written yet.
        """
        if self._left_out:
            return now
        since = clock.EPOCH if self._partitions.is_alone and not self._deferred else self._read_until
        for window in LOOKAHEAD_WINDOWS:
            ahead = {"$gt": since, "$lte": now + window}
            tasks = self._tasks.find({"next_run_at": ahead}, {"next_run_at": 1}).sort("next_run_at", 1).limit(1)
            retrying = {"status": RunStatus.RETRY, "retry_at": ahead}
            retries = self._runs.find(retrying, {"retry_at": 1}).sort("retry_at", 1).limit(1)
            times = [*(task["next_run_at"] for task in tasks), *(run.get("retry_at") for run in retries)]
            if found := [at for at in times if at is not None]:
                return min(found)
        return now + LOOKAHEAD_WINDOWS[-1]


def _count_fitting(tasks: list[TaskDocument]) -> int:
    """Return how many of the first tasks, at least one, together name few enough open runs."""
    open_runs = 0
    for count, task in enumerate(tasks):
        open_runs += len(task["active"])
        if count and open_runs > MAX_SLICE_OPEN_RUNS:
            return count
    return len(tasks)
