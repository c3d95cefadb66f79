"""APScheduler's job store as a view of the due tasks and retries, and the executor that collects due jobs.

APScheduler makes a pass in its own thread: it asks the store for due jobs, submits each of them to the executor, and
asks for the time of the next pass. The jobs come in slices, owners in turn. A slice is fired once all of its jobs are
submitted, before the next one is chosen.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from apscheduler.executors.base import BaseExecutor
from apscheduler.job import Job
from apscheduler.jobstores.base import BaseJobStore
from pymongo.synchronous.collection import Collection
from pymongo.synchronous.database import Database as SyncDatabase

from tocsin import clock, telemetry
from tocsin.dispatch.partitions import ALL_PARTITIONS, Partitions
from tocsin.dispatch.transport import Transport
from tocsin.documents import ChangeLog, DeferredRuns, RunDocument, TaskDocument
from tocsin.quotas.meter import UsageMeter
from tocsin.scheduling.deferral import RunDeferrer
from tocsin.scheduling.due_queue import DueQueue
from tocsin.scheduling.fire_batch import BatchFirer, FiringEffects
from tocsin.scheduling.pace import Pace
from tocsin.scheduling.planning import MAX_OPEN_RUNS

PASS_LIMIT = 5_000
"""Number of tasks and retries after which a pass ends."""
CATCH_UP_INTERVAL = timedelta(milliseconds=20)
"""Interval of passes while due tasks wait for the workers to catch up. Not every one of them reads what is due."""


class DueJob(Job):  # type: ignore[misc]
    """A due task or retry as an APScheduler job. Skips the initializer of Job, which requires a callable."""

    def __init__(
        self,
        job_id: str,
        due_at: datetime | None,
        *,
        task: TaskDocument | None = None,
        retry: RunDocument | None = None,
    ) -> None:
        self._jobstore_alias = None
        self.id = job_id
        self.next_run_time = due_at
        self.task, self.retry = task, retry
        self.executor = "default"
        self.coalesce = False
        self.trigger = self

    def _get_run_times(self, _now: datetime) -> list[datetime]:
        return [] if self.next_run_time is None else [self.next_run_time]

    def _modify(self, **_changes: Any) -> None:
        return None

    def get_next_fire_time(self, previous: datetime, _now: datetime) -> datetime:
        """Return any time: for None, APScheduler would remove the job. Firing decides the real next time."""
        return previous


class DueJobExecutor(BaseExecutor):  # type: ignore[misc]
    """An executor that lets the store collect due jobs. It never raises: APScheduler would drop the run."""

    def __init__(self, store: "DueJobStore") -> None:
        super().__init__()
        self._store = store

    def submit_job(self, job: DueJob, _run_times: list[datetime]) -> None:
        """Collect a due job."""
        self._store.collected.append(job)

    def _do_submit_job(self, _job: Job, _run_times: list[datetime]) -> None:
        raise AssertionError("submit_job does not call this")


class DueJobStore(BaseJobStore):  # type: ignore[misc]
    """The due tasks and retries as APScheduler's jobs.

    `collected` are the submitted jobs of the slice under way. `sleeps_until` is the time of the next pass, None during
    a pass.
    """

    def __init__(
        self,
        database: SyncDatabase[Any],
        transport: Transport,
        effects: FiringEffects,
        max_open: int = MAX_OPEN_RUNS,
        meter: UsageMeter | None = None,
        partitions: Partitions = ALL_PARTITIONS,
        changes: ChangeLog | None = None,
        deferred: DeferredRuns | None = None,
        deferring_worker: str | None = None,
    ) -> None:
        super().__init__()
        self._database = database
        self._tasks: Collection[TaskDocument] = database["tasks"]
        deferred = DeferredRuns() if deferred is None else deferred
        self._partitions, self._transport, self._pace, self._is_held = partitions, transport, Pace(), False
        self._due = DueQueue(self._tasks, database["runs"], partitions, deferred)
        deferrer = RunDeferrer(database, deferred, deferring_worker)
        meter, changes = meter or UsageMeter(), changes or ChangeLog()
        self._firer = BatchFirer(database, self._due, transport, effects, max_open, meter, changes, deferrer)
        self._finished = True
        self._seen = 0
        self.collected: list[DueJob] = []
        self.sleeps_until: datetime | None = None

    # --- a pass -----------------------------------------------------------------------------------------------------

    def get_due_jobs(self, now: datetime) -> Iterator[DueJob]:
        """Yield the jobs of a slice, then fire what was collected, until nothing is due or the pass is long enough.

        It also ends when enough runs wait for the workers.

        Tasks come before retries: when a retry and the next due time of its task are both due, the retry gives way.
        """
        if not self._finished:
            self._due.invalidate()  # the last pass lost the slice that it had taken
        self._finished, self.sleeps_until, self._seen = False, None, 0
        now = clock.truncate_to_milliseconds(now)
        if not self._holds(now):
            self._due.refresh(now)
        while len(self._due):
            began_at, self.collected = monotonic(), []
            room = self._find_room()
            self._is_held = room == 0
            tasks, retries = self._due.take_slice(now, room)
            yield from (DueJob(task["_id"], task["next_run_at"], task=task) for task in tasks)
            yield from (DueJob(run["_id"], run.get("retry_at"), retry=run) for run in retries)
            self._fire_collected()
            self._due.adapt_slice_size(monotonic() - began_at, len(tasks) + len(retries))
            if self._seen >= PASS_LIMIT or self._is_held or not len(self._due):
                return
            now = clock.now()
            self._due.refresh(now)  # another owner's task that became due meanwhile does not wait for the rest

    def _holds(self, now: datetime) -> bool:
        """Return whether the workers still have no room for what is due, which was read a moment ago."""
        return self._is_held and len(self._due) > 0 and self._due.is_fresh(now) and self._find_room() == 0

    def _find_room(self) -> int | None:
        """Return how many due tasks should become runs now; None for any number.

        Other processes cannot see what is due here and is not queued yet, so this one does not hold anything back.
        """
        if not self._partitions.is_alone:
            return None
        return self._pace.find_room(self._transport.find_load(), len(self._due))

    def _fire_collected(self) -> None:
        """Fire the slice. What fails stays due in the database and is found again."""
        self._seen += len(self.collected)
        now = clock.now()
        if tasks := [job.task for job in self.collected if job.task is not None]:
            self._firer.fire_batch(tasks, now)
        if retries := [job.retry for job in self.collected if job.retry is not None]:
            self._firer.queue_due_retries(retries, now)

    def update_job(self, _job: DueJob) -> None:
        """Do nothing: firing advances the task."""

    def get_next_run_time(self) -> datetime | None:
        """Return the time of the next pass. APScheduler calls this at the end of a pass."""
        telemetry.TASKS_DUE.set(self._seen + len(self._due))
        now = clock.now()
        if len(self._due):
            self.sleeps_until = now + CATCH_UP_INTERVAL if self._is_held else now
        else:
            self.sleeps_until = self._due.find_next_due(now)
        self._finished = True
        return self.sleeps_until

    def expect_due(self, at: datetime) -> None:
        """Note that something due at this time was written. Thread-safe."""
        self._due.expect_due(at)

    # --- the rest of the interface ----------------------------------------------------------------------------------

    def shutdown(self) -> None:
        """Close this thread's client."""
        self._database.client.close()

    def lookup_job(self, job_id: str) -> DueJob | None:
        """Return the task with this id as a job."""
        task = self._tasks.find_one({"_id": job_id})
        return None if task is None else DueJob(job_id, task["next_run_at"], task=task)

    def get_all_jobs(self) -> list[DueJob]:
        """Return the tasks that have a due time, soonest first."""
        ahead = self._tasks.find({"next_run_at": {"$gt": clock.EPOCH}}).sort("next_run_at", 1).limit(PASS_LIMIT)
        return [DueJob(task["_id"], task["next_run_at"], task=task) for task in ahead]

    def add_job(self, _job: Job) -> None:
        """Raise TypeError: tasks are saved as documents, not added as jobs."""
        raise TypeError("tasks are saved as documents, not added as jobs")

    def remove_job(self, job_id: str) -> None:
        """Do nothing: removing a job must not delete a task."""

    def remove_all_jobs(self) -> None:
        """Do nothing, as in `remove_job`."""
