"""Runs that are written once, when they have ended, instead of first as claimed (docs/adr/0046).

Most attempts end within milliseconds. While a process is alone, it writes the runs that it claims as they are made into
one short record, a claim record, and each run when its outcome is known, together with the advance of its task. A run
that takes longer, or whose task its owner changes, is written before that. After a crash, the claim records tell which
runs were claimed: they are inserted as such, and rescued like all others.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.documents.run_documents import RunDocument
from tocsin.documents.updates import TaskChange

MAX_DEFERRED_SECONDS = 1.0
"""Maximum time for which a run that has not begun is deferred."""
MAX_RUNNING_SECONDS = 0.1
"""Maximum time for which a run is deferred that began with its claim."""


@dataclass(frozen=True, slots=True)
class DeferredRun:
    """A claimed run that is not written yet.

    `advance` returns the change of its task for the run as it is then, and `next_due` is the task's next due time.
    `record` is the ID of the claim record.
    """

    run: RunDocument
    advance: Callable[[RunDocument], tuple[str, TaskChange]]
    next_due: datetime | None
    record: str
    deferred_at: float = field(default_factory=time.monotonic)

    def is_late(self, now: float) -> bool:
        """Return whether the run must be written now (monotonic seconds)."""
        most = MAX_RUNNING_SECONDS if self.run.get("begun", True) else MAX_DEFERRED_SECONDS
        return now - self.deferred_at >= most


class DeferredRuns:
    """The deferred runs of this process. The scheduler's thread adds them; the event loop writes and removes them.

    `lock` is held while runs are written, so that each is written once. `finished_records` are to be deleted.
    """

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.finished_records: list[str] = []
        self._runs: dict[str, DeferredRun] = {}
        self._tasks: dict[str, str] = {}
        self._left: Counter[str] = Counter()
        self._counting = threading.Lock()

    def __len__(self) -> int:
        return len(self._runs)

    def add(self, deferred: Sequence[DeferredRun]) -> None:
        """Add runs, at most one of each task."""
        with self._counting:
            self._left.update(each.record for each in deferred)
        for each in deferred:
            self._tasks[each.run["task"]] = each.run["_id"]
            self._runs[each.run["_id"]] = each

    def get(self, run_id: str) -> DeferredRun | None:
        """Return the run with this ID, if it is deferred."""
        return self._runs.get(run_id)

    def has_task(self, task_id: str) -> bool:
        """Return whether a run of this task is deferred: the task is stored as due, but has been fired."""
        return task_id in self._tasks

    def of_task(self, task_id: str) -> list[DeferredRun]:
        """Return the deferred run of a task, if there is one."""
        run_id = self._tasks.get(task_id)
        return [self._runs[run_id]] if run_id in self._runs else []

    def late(self) -> list[DeferredRun]:
        """Return the runs that must be written now."""
        now = time.monotonic()
        return [each for each in list(self._runs.values()) if each.is_late(now)]

    def all(self) -> list[DeferredRun]:
        """Return all runs."""
        return list(self._runs.values())

    def remove(self, deferred: Iterable[DeferredRun]) -> None:
        """Remove runs that are written. A record without others is finished."""
        for each in deferred:
            if self._runs.pop(each.run["_id"], None) is None:
                continue
            self._tasks.pop(each.run["task"], None)
            self._count_written(each.record)

    def _count_written(self, record: str) -> None:
        with self._counting:
            self._left[record] -= 1
            if not self._left[record]:
                del self._left[record]
                self.finished_records.append(record)
