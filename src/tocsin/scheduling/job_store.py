"""APScheduler's job store as a view of the due documents, and the executor that collects due jobs.

A pass takes due tasks and retries in slices, owners in turn. A flush writes each slice: first the runs, whose ids make
a second insert fail, then the tasks, which advance by conditional update. After a crash in between, the tasks are found
due again and make no second run. All of this happens in APScheduler's thread, with its own MongoDB client.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Protocol

from apscheduler.executors.base import BaseExecutor
from apscheduler.job import Job
from apscheduler.jobstores.base import BaseJobStore
from pymongo.synchronous.collection import Collection
from pymongo.synchronous.database import Database as SyncDatabase

from tocsin import clock, telemetry
from tocsin.dispatch.transport import Transport
from tocsin.documents import SETTLED_STATUSES, Changes, Filter, RunDocument, RunStatus, TaskDocument
from tocsin.documents.updates import group_updates, has_value, move_run
from tocsin.quotas.meter import UsageMeter
from tocsin.scheduling.due_job import DueJob
from tocsin.scheduling.due_queue import DueQueue
from tocsin.scheduling.planning import MAX_OPEN_RUNS, OpenRun, TaskFiring, due_time, pause_unreadable, plan_firings
from tocsin.scheduling.quota_gaps import plan_quota_gap, postpone_retry
from tocsin.scheduling.run_writer import RunWriter, end_superseded_retries
from tocsin.tasks import activity_log
from tocsin.tasks.ranking import queued_fields, requeued_fields
from tocsin.tasks.run_effects import task_updates

PASS_LIMIT = 5_000
LOOKAHEAD_WINDOWS = (timedelta(seconds=1), timedelta(seconds=6), timedelta(seconds=30))
_OPEN_RUN_FIELDS = {"task": 1, "status": 1, "open": 1}


class FiringEffects(Protocol):
    """Effects of a flush that the event loop applies."""

    def apply_effects(self, runs: list[RunDocument]) -> None:
        """Apply the effects of ended runs."""

    def align_stale_runs(self, runs: list[RunDocument]) -> None:
        """Align runs that were made from an outdated version of their task."""


class DueJobExecutor(BaseExecutor):  # type: ignore[misc]
    """An executor that collects due jobs in the store's buffer. It never raises: APScheduler would drop the run."""

    def __init__(self, store: "DueJobStore") -> None:
        super().__init__()
        self._store = store

    def submit_job(self, job: DueJob, _run_times: list[datetime]) -> None:
        """Collect a due job."""
        self._store.add_due(job)

    def _do_submit_job(self, _job: Job, _run_times: list[datetime]) -> None:
        raise AssertionError("submit_job does not call this")


class DueJobStore(BaseJobStore):  # type: ignore[misc]
    """The due tasks and retries as APScheduler's jobs."""

    def __init__(
        self,
        database: SyncDatabase[Any],
        transport: Transport,
        effects: FiringEffects,
        most_open: int = MAX_OPEN_RUNS,
        meter: UsageMeter | None = None,
    ) -> None:
        super().__init__()
        self._tasks: Collection[TaskDocument] = database["tasks"]
        self._runs: Collection[RunDocument] = database["runs"]
        self._database = database
        self._transport, self._effects = transport, effects
        self._most_open = most_open
        self._meter = meter or UsageMeter()
        self._due = DueQueue(self._tasks, self._runs)
        self._finished = True
        self._due_tasks: list[TaskDocument] = []
        self._due_retries: list[RunDocument] = []
        self._seen = 0
        self.sleeps_until: datetime | None = None

    # --- what APScheduler calls -------------------------------------------------------------------------------------

    def get_due_jobs(self, now: datetime) -> Iterator[DueJob]:
        """Return due tasks and retries lazily, so that only one slice of a backlog is in memory at a time."""
        if not self._finished:
            self._due.invalidate()  # the last pass lost the slice that it had taken
        self._due_tasks, self._due_retries, self._seen = [], [], 0
        self._finished, self.sleeps_until = False, None
        return self._read_due(clock.truncate_to_milliseconds(now))

    def get_next_run_time(self) -> datetime | None:
        """Flush what is left, then return the time of the next pass. APScheduler calls this at the end of a pass."""
        self.flush()
        telemetry.TASKS_DUE.set(self._seen + len(self._due))
        self.sleeps_until = clock.now() if len(self._due) else self._next_due(clock.now())
        self._finished = True
        return self.sleeps_until

    def expect_due(self, at: datetime) -> None:
        """Note that something due at this time was written. Thread-safe."""
        self._due.expect_due(at)

    def update_job(self, _job: DueJob) -> None:
        """Do nothing: the flush advances documents."""

    def shutdown(self) -> None:
        """Close this thread's client."""
        self._database.client.close()

    def lookup_job(self, job_id: str) -> DueJob | None:
        """Return the task with this id as a job."""
        task = self._tasks.find_one({"_id": job_id})
        return None if task is None else _task_job(task)

    def get_all_jobs(self) -> list[DueJob]:
        """Return the tasks that have a due time, soonest first."""
        ahead = self._tasks.find({"next_run_at": {"$gt": clock.EPOCH}}).sort("next_run_at", 1).limit(PASS_LIMIT)
        return [_task_job(task) for task in ahead]

    def add_job(self, _job: Job) -> None:
        """Raise TypeError: tasks are saved as documents, not added as jobs."""
        raise TypeError("tasks are saved as documents, not added as jobs")

    def remove_job(self, job_id: str) -> None:
        """Do nothing: removing a job must not delete a task."""

    def remove_all_jobs(self) -> None:
        """Do nothing, as in `remove_job`."""

    # --- a pass -----------------------------------------------------------------------------------------------------

    def _read_due(self, now: datetime) -> Iterator[DueJob]:
        """Yield slices. Each is written before the next one is chosen, which includes what became due by then.

        Tasks come before retries: when a retry and the next due time of its task are both due, the retry gives way.
        """
        self._due.refresh(now)
        while len(self._due):
            began_at = monotonic()
            tasks, retries = self._due.take_slice(now)
            for task in tasks:
                yield _task_job(task)
            for run in retries:
                yield DueJob(run["_id"], due_time(run.get("retry_at")), retry=run)
            self.flush()
            self._due.adapt_slice_size(monotonic() - began_at, len(tasks) + len(retries))
            if self._seen >= PASS_LIMIT or not len(self._due):
                return
            now = clock.now()
            self._due.refresh(now)

    def add_due(self, job: DueJob) -> None:
        """Collect a due task or retry for the next flush."""
        self._seen += 1
        if job.task is not None:
            self._due_tasks.append(job.task)
        if job.retry is not None:
            self._due_retries.append(job.retry)

    def flush(self) -> None:
        """Write what is collected. What fails stays due in the database and is found again."""
        retries, self._due_retries = self._due_retries, []
        tasks, self._due_tasks = self._due_tasks, []
        now = clock.now()
        if tasks:
            self._fire(tasks, now)
        if retries:
            self._requeue(retries, now)

    def _next_due(self, now: datetime) -> datetime:
        for window in LOOKAHEAD_WINDOWS:
            ahead = {"$gt": clock.EPOCH, "$lte": now + window}
            tasks = self._tasks.find({"next_run_at": ahead}, {"next_run_at": 1}).sort("next_run_at", 1).limit(1)
            retrying = {"status": RunStatus.RETRY, "retry_at": ahead}
            retries = self._runs.find(retrying, {"retry_at": 1}).sort("retry_at", 1).limit(1)
            found = [due_time(task["next_run_at"]) for task in tasks]
            found += [due_time(run.get("retry_at")) for run in retries]
            if found:
                return min(found)
        return now + LOOKAHEAD_WINDOWS[-1]

    def _requeue(self, runs: list[RunDocument], now: datetime) -> None:
        updates = []
        for run in runs:
            same = has_value("retry_at", run.get("retry_at"))
            if (until := self._meter.consume_runs(run["owner"], 1, now)) is not None:
                updates.append(postpone_retry(run["_id"], same, until))
                continue
            changes = {**queued_fields(now, run.get("priority") or 0), "retry_at": None, "worker": None, "reason": None}
            updates.append(move_run(run["_id"], [RunStatus.RETRY], RunStatus.QUEUED, changes, where=same))
        self._runs.bulk_write(updates, ordered=False)
        self._show(self._read([run["_id"] for run in runs]))
        self._transport.wake_dispatcher()

    def _show(self, runs: list[RunDocument]) -> None:
        updates = task_updates([run for run in runs if run["status"] not in SETTLED_STATUSES])
        if updates:
            self._tasks.bulk_write(updates, ordered=False)

    def _fire(self, tasks: list[TaskDocument], now: datetime) -> None:
        active = self._settle_active(tasks, now)
        fired = plan_firings(tasks, now, active, max_runs=self._due.slice_size, max_open=self._most_open)
        self._due.return_tasks(fired.postponed)
        if fired.unreadable:
            self._tasks.bulk_write([pause_unreadable(task, now) for task in fired.unreadable], ordered=False)
        if fired.firings:
            self._make([self._within_quota(firing) for firing in fired.firings], now)

    def _make(self, firings: list[TaskFiring], now: datetime) -> None:
        claimed = self._claim([run for firing in firings for run in firing.claimable_runs()], now)
        try:
            self._insert(firings, claimed)
            lost = self._advance(firings)
        except BaseException:
            self._transport.cancel_admission(list(claimed.values()))  # the lease tick rescues those that were written
            raise
        self._hand_over(firings, claimed, lost)
        for firing in firings:
            self._due.charge_owner(firing.task["owner"], len(firing.runs))

    def _settle_active(self, tasks: list[TaskDocument], now: datetime) -> dict[str, list[OpenRun]]:
        """Return the open runs of due tasks. Those that wait for a retry give way to the next due time."""
        named = [entry["run"] for task in tasks for entry in task["active"]]
        if not named:
            return {}
        runs = self._read(named, _OPEN_RUN_FIELDS)
        if any(run["status"] == RunStatus.RETRY for run in runs):
            end_superseded_retries(self._runs, runs, now)
            runs = self._read(named, _OPEN_RUN_FIELDS)
        if ended := [run["_id"] for run in runs if run["status"] in SETTLED_STATUSES]:
            self._effects.apply_effects(self._read(ended))
        open_runs: dict[str, list[OpenRun]] = {}
        for run in runs:
            if run["open"]:
                open_runs.setdefault(run["task"], []).append(OpenRun(run["_id"], run["status"]))
        return open_runs

    def _within_quota(self, firing: TaskFiring) -> TaskFiring:
        count, owner = sum(run["open"] for run in firing.runs), firing.task["owner"]
        until = self._meter.consume_runs(owner, count, firing.now) if count else None
        return firing if until is None else plan_quota_gap(firing.task, firing.now, until)

    def _claim(self, runs: list[RunDocument], now: datetime) -> dict[str, RunDocument]:
        claimed = {run["_id"]: run for run in self._transport.admit_new(runs, now)}
        for run in runs:
            if run["_id"] in claimed:
                run.update(claimed[run["_id"]])
        return claimed

    def _insert(self, firings: list[TaskFiring], claimed: dict[str, RunDocument]) -> None:
        planned = {run["_id"] for firing in firings for run in firing.runs}
        RunWriter(self._runs).write_runs(firings)
        made = [run for firing in firings for run in firing.runs if run not in firing.adopted]
        activity_log.log_new_runs(made)
        self._meter.add_run_bytes(made)
        unwritten = planned - {run["_id"] for run in made}
        self._transport.cancel_admission([claimed.pop(run_id) for run_id in unwritten & claimed.keys()])

    def _advance(self, firings: list[TaskFiring]) -> list[TaskFiring]:
        """Advance the tasks. Return the firings whose task was edited or deleted meanwhile."""
        result = self._tasks.bulk_write(group_updates(firing.build_advance() for firing in firings), ordered=False)
        if result.modified_count == len(firings):
            return []
        ids = [firing.task["_id"] for firing in firings]
        versions = {task["_id"]: task["version"] for task in self._tasks.find({"_id": {"$in": ids}}, {"version": 1})}
        return [firing for firing in firings if versions.get(firing.task["_id"]) != firing.task["version"]]

    def _hand_over(self, firings: list[TaskFiring], claimed: dict[str, RunDocument], lost: list[TaskFiring]) -> None:
        stale = {run["_id"]: run for firing in lost for run in firing.runs if run["open"]}
        born = [run for firing in firings for run in firing.runs if run["_id"] in claimed]
        self._transport.submit([run for run in born if run["_id"] not in stale])
        if stale:
            self._unclaim([run for run in born if run["_id"] in stale])
            self._effects.align_stale_runs(list(stale.values()))
        self._transport.wake_dispatcher()
        self._effects.apply_effects(self._ended(firings))

    def _ended(self, firings: list[TaskFiring]) -> list[RunDocument]:
        """Return ended runs with pending effects: adopted ones, and those that ended while another was made to wait."""
        found = [run for firing in firings for run in firing.adopted]
        blocked = [run for firing in firings for run in firing.runs if run.get("blocked")]
        if blockers := [after for run in blocked if (after := run.get("after"))]:
            found += self._read(blockers)
        return [run for run in found if run["status"] in SETTLED_STATUSES]

    def _unclaim(self, runs: list[RunDocument]) -> None:
        self._transport.cancel_admission(runs)
        changes: Changes = {"worker": None, "attempts": [], "started_at": None}
        updates = []
        for run in runs:
            ranked = changes | requeued_fields(run)
            same = has_value("fence", run["fence"])
            updates.append(move_run(run["_id"], [RunStatus.RUNNING], RunStatus.QUEUED, ranked, where=same))
        if updates:
            self._runs.bulk_write(updates, ordered=False)

    def _read(self, run_ids: list[str], fields: Filter | None = None) -> list[RunDocument]:
        return list(self._runs.find({"_id": {"$in": run_ids}}, fields))


def _task_job(task: TaskDocument) -> DueJob:
    return DueJob(task["_id"], due_time(task["next_run_at"]), task=task)
