"""The due tasks and retries that a scheduler knows of and has not handled yet: owners take turns.

A database answers "the first by due time of each owner" by looking at all that is due. So what is due is read once, as
short rows, and then only what has become due since; a slice of it, owners in turn, is loaded by its ids. However much
of one owner is due, another's waits for one slice. While little is due, all of it is one slice, read at once.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo.synchronous.collection import Collection

from tocsin import clock, telemetry
from tocsin.clock import MILLISECOND
from tocsin.documents import Doc, RunStatus, Trigger, global_id
from tocsin.fair_queue import FairQueue

SLICE = 500
"""Tasks and retries that are handled at once, and runs that are made of them, at the most."""
SMALLEST = 100
SLICE_TIME = 0.15
"""Seconds that a slice is to take while more is due than can be handled in time: so long does another owner's wait."""
BEHIND = timedelta(seconds=1)
"""What is so late is no burst that is over in a moment: slices become smaller, which costs more and is fairer."""
WEIGHT = 5_000
"""Open runs that the tasks of a slice may name together: all of them are read."""
MOST_OF_OWNER = 5_000
"""Due tasks and retries that are known of one owner. The others stay in the database until these are handled."""
WHOLE = timedelta(seconds=10)
"""While some waits, all is read again so often: news of a due time may have been lost."""
LONG_WAIT = timedelta(seconds=5)
_TOLD_EVERY = timedelta(minutes=1)
_PORTION = 5_000
_TASK_ROW = {"owner": 1, "next_run_at": 1}
_RETRY_ROW = {"owner": 1, "task": 1, "trigger": 1, "retry_at": 1, "priority": 1}
log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class _Due:
    """A due task by its id, or the row of a due retry."""

    id: str
    at: datetime
    retry: Doc | None = None


class DueQueue:
    """What is due, for one scheduler. `expect` may be called from any thread."""

    def __init__(self, tasks: Collection[Doc], runs: Collection[Doc]) -> None:
        self._tasks, self._runs = tasks, runs
        self._queue: FairQueue[_Due] = FairQueue()
        self._documents: dict[str, Doc] = {}
        self._lock = threading.Lock()
        self._since = clock.EPOCH
        self._whole_at = clock.EPOCH
        self._told_at = clock.EPOCH
        self._late = timedelta()
        self.size = SLICE

    def __len__(self) -> int:
        return len(self._queue)

    def distrust(self) -> None:
        """Read all at the next look."""
        self.expect(clock.EPOCH)

    def expect(self, at: datetime) -> None:
        """Something was written that is due at this time, which a look may have passed already."""
        with self._lock:
            self._since = min(self._since, at - MILLISECOND if at > clock.EPOCH else at)

    def look(self, now: datetime) -> None:
        """Learn what has become due since the last look; of all that is due if nothing is known to be."""
        with self._lock:
            since, self._since = self._since, now
        if not self._queue or since == clock.EPOCH or abs(now - self._whole_at) > WHOLE:
            self._queue.clear()
            since, self._whole_at = clock.EPOCH, now
        self._documents = {}
        if since < now:
            self._read_tasks({"$gt": since, "$lte": now})
            self._read_retries({"$gt": since, "$lte": now})

    def choose(self, now: datetime) -> tuple[list[Doc], list[Doc]]:
        """Take the next slice out: tasks, and the rows of retries.

        A retry whose task waits to be fired is left out: it gives way when that happens.
        """
        tasks: list[Doc] = []
        retries: list[_Due] = []
        while len(self._queue) and not tasks and not retries:
            chosen = self._pop_slice(now)
            tasks = self._load([due.id for due in chosen if due.retry is None], now)
            retries = [due for due in chosen if due.retry is not None]
        return self._lighten(tasks), [due.retry for due in retries if due.retry and not self._gives_way(due.retry)]

    def adapt(self, seconds: float, count: int) -> None:
        """Let the next slices be of a size that is handled in time, as far as can be told from one that took so long.

        It grows and shrinks by a half at most: one slow answer of the database says little.
        """
        if self._late < BEHIND:
            self.size = SLICE
        elif count >= self.size:
            fits = round(self.size * min(max(SLICE_TIME / max(seconds, 0.001), 0.5), 1.5))
            self.size = min(max(fits, SMALLEST), SLICE)

    def charge(self, owner: str, runs: int) -> None:
        """Let a task that was taken cost its owner as many turns as it became runs."""
        if runs > 1:
            self._queue.charge(owner, runs - 1)

    def put_back(self, tasks: Iterable[Doc]) -> None:
        """Let tasks that were taken wait for the next slice."""
        for task in tasks:
            self._add(task["owner"], _Due(task["_id"], task["next_run_at"]))

    def _read_tasks(self, times: Doc) -> None:
        """The first ones as whole documents: while few are due they are a slice, and need not be read twice."""
        which = {"next_run_at": times}
        first = list(self._tasks.find(which).limit(SLICE))
        for task in first:
            self._documents[task["_id"]] = task
            self._add(task["owner"], _Due(task["_id"], task["next_run_at"]))
        if len(first) == SLICE:
            for row in self._tasks.find(which, _TASK_ROW).batch_size(_PORTION):
                self._add(row["owner"], _Due(row["_id"], row["next_run_at"]))

    def _read_retries(self, times: Doc) -> None:
        which = {"status": RunStatus.RETRY.value, "retry_at": times}
        for run in self._runs.find(which, _RETRY_ROW).batch_size(_PORTION):
            self._add(run["owner"], _Due(run["_id"], run["retry_at"], run))

    def _add(self, owner: str, due: _Due) -> None:
        if self._queue.count(owner) < MOST_OF_OWNER:
            self._queue.add(owner, due.id, due.at, due)

    def _pop_slice(self, now: datetime) -> list[_Due]:
        chosen: list[_Due] = []
        self._late = timedelta()
        while len(chosen) < self.size and (found := self._queue.pop()) is not None:
            owner, due = found
            chosen.append(due)
            self._late = max(self._late, now - due.at)
            if now - due.at > LONG_WAIT and self._queue.count(owner) >= SLICE:
                self._tell(owner, now - due.at, now)
        return chosen

    def _tell(self, owner: str, late: timedelta, now: datetime) -> None:
        if abs(now - self._told_at) > _TOLD_EVERY:
            self._told_at = now
            log.warning(
                "a user has more due than can be run in time; only what is theirs is late",
                user_id=global_id("User", owner),
                due=self._queue.count(owner),
                seconds_late=round(late.total_seconds()),
            )

    def _load(self, ids: list[str], now: datetime) -> list[Doc]:
        """These tasks as they are now, in this order, without those that are not due any more."""
        missing = [task_id for task_id in ids if task_id not in self._documents]
        if missing:
            self._documents |= {task["_id"]: task for task in self._tasks.find({"_id": {"$in": missing}})}
        found = [self._documents[task_id] for task_id in ids if task_id in self._documents]
        self._documents = {}
        return [task for task in found if task["next_run_at"] is not None and task["next_run_at"] <= now]

    def _lighten(self, tasks: list[Doc]) -> list[Doc]:
        """As many as name not too many open runs; at least one. The others wait for the next slice."""
        weight, count = 0, 0
        for task in tasks:
            weight += len(task["active"])
            if count and weight > WEIGHT:
                break
            count += 1
        self.put_back(tasks[count:])
        return tasks[:count]

    def _gives_way(self, run: Doc) -> bool:
        return run["trigger"] == Trigger.SCHEDULE.value and run["task"] in self._queue
