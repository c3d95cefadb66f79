"""Due tasks become runs, one batch at a time: plan, claim, insert, advance, hand over.

The runs are written first: their IDs derive from the due times, so that a second insert fails. Then the tasks advance,
each by a conditional update. After a crash in between, the tasks are found due again and make no second run.

All of this happens in the scheduler's own thread, with its own MongoDB client. What the event loop has to do afterwards
is left to the transport and to `FiringEffects`, which are thread-safe.
"""

from datetime import datetime
from typing import Any, Protocol

from pymongo.synchronous.collection import Collection
from pymongo.synchronous.database import Database as SyncDatabase

from tocsin.dispatch.claims import unclaimed_fields
from tocsin.dispatch.transport import Transport
from tocsin.documents import (
    RECORDED_FIELDS,
    SETTLED_STATUSES,
    ChangeLog,
    Filter,
    RunChanges,
    RunDocument,
    RunStatus,
    TaskDocument,
)
from tocsin.documents.updates import group_updates, has_value, move_run
from tocsin.quotas.meter import UsageMeter
from tocsin.scheduling.deferral import RunDeferrer
from tocsin.scheduling.due_queue import DueQueue
from tocsin.scheduling.planning import OpenRun, TaskFiring, pause_unreadable, plan_firings
from tocsin.scheduling.quota_gaps import plan_quota_gap
from tocsin.scheduling.retries import end_superseded_retries, queue_due_retry
from tocsin.scheduling.run_writer import RunWriter
from tocsin.tasks import activity_log
from tocsin.tasks.ranking import former_place
from tocsin.tasks.run_effects import scheduled_tasks, task_updates

_OPEN_RUN_FIELDS = {"task": 1, "status": 1, "open": 1}


class FiringEffects(Protocol):
    """Effects of a batch that the event loop applies. All methods are thread-safe."""

    def apply_effects(self, runs: list[RunDocument]) -> None:
        """Apply the effects of ended runs."""

    def align_stale_runs(self, runs: list[RunDocument]) -> None:
        """Align runs that were made from an outdated version of their task."""


class BatchFirer:
    """Makes runs of due tasks, and queues due retries. Returns to `due` what it leaves for the next batch."""

    def __init__(
        self,
        database: SyncDatabase[Any],
        due: DueQueue,
        transport: Transport,
        effects: FiringEffects,
        max_open: int,
        meter: UsageMeter,
        changes: ChangeLog,
        deferrer: RunDeferrer,
    ) -> None:
        self._tasks: Collection[TaskDocument] = database["tasks"]
        self._runs: Collection[RunDocument] = database["runs"]
        self._writer, self._changes, self._deferrer = RunWriter(self._runs, changes), changes, deferrer
        self._due, self._transport, self._effects = due, transport, effects
        self._max_open, self._meter = max_open, meter

    def fire_batch(self, tasks: list[TaskDocument], now: datetime) -> None:
        """Make the runs of due tasks. After an error, what was not written is found due again by the next pass."""
        open_runs = self._find_open_runs(tasks, now)
        batch = plan_firings(tasks, now, open_runs, max_runs=self._due.slice_size, max_open=self._max_open)
        self._due.add_tasks(batch.postponed)
        if batch.unreadable:
            self._tasks.bulk_write([pause_unreadable(task, now) for task in batch.unreadable], ordered=False)
            self._changes.tasks_derived(task["_id"] for task in batch.unreadable)
        if not batch.firings:
            return
        firings = [self._within_quota(firing) for firing in batch.firings]
        claimed = self._claim(firings, now)
        deferrable, others = self._deferrer.split(firings, claimed)
        try:
            self._defer(deferrable, claimed, now)
            self._insert(others, claimed)
            self._advance(others)
        except BaseException:
            self._deferrer.take_back(deferrable)
            self._transport.cancel_admission(list(claimed.values()))  # the lease tick rescues those that were written
            raise
        self._hand_over(firings, claimed)
        for firing in firings:
            self._due.charge_owner(firing.task["owner"], len(firing.runs))

    # --- plan -------------------------------------------------------------------------------------------------------

    def _find_open_runs(self, tasks: list[TaskDocument], now: datetime) -> dict[str, list[OpenRun]]:
        """Return the open runs of due tasks. Those that wait for a retry give way to the next due time."""
        active = [entry["run"] for task in tasks for entry in task["active"]]
        if not active:
            return {}
        runs = self._find_runs(active, _OPEN_RUN_FIELDS)
        if any(run["status"] == RunStatus.RETRY for run in runs):
            end_superseded_retries(self._runs, runs, now, self._changes)
            runs = self._find_runs(active, _OPEN_RUN_FIELDS)
        if ended := [run["_id"] for run in runs if run["status"] in SETTLED_STATUSES]:
            self._effects.apply_effects(self._find_runs(ended))
        open_runs: dict[str, list[OpenRun]] = {}
        for run in runs:
            if run["open"]:
                open_runs.setdefault(run["task"], []).append(OpenRun(run["_id"], run["status"]))
        return open_runs

    def _within_quota(self, firing: TaskFiring) -> TaskFiring:
        """Return the firing, or one that records its due times as missed if the owner's quota is used up."""
        count, owner = sum(run["open"] for run in firing.runs), firing.task["owner"]
        until = self._meter.consume_runs(owner, count, firing.now) if count else None
        return firing if until is None else plan_quota_gap(firing, until)

    # --- claim, insert, advance -------------------------------------------------------------------------------------

    def _claim(self, firings: list[TaskFiring], now: datetime) -> dict[str, RunDocument]:
        """Claim the new runs that a worker can begin now, and return them by ID. They are inserted as claimed."""
        planned = [run for firing in firings for run in firing.runs]
        runs = [run for run in planned if run["status"] == RunStatus.QUEUED and not run.get("blocked")]
        claimed = {run["_id"]: run for run in self._transport.admit_new(runs, now)}
        for run in runs:
            if run["_id"] in claimed:
                run.update(claimed[run["_id"]])
        return claimed

    def _insert(self, firings: list[TaskFiring], claimed: dict[str, RunDocument]) -> None:
        """Insert the runs. Those that exist already are adopted instead, and are no longer among the claimed ones."""
        planned = {run["_id"] for firing in firings for run in firing.runs}
        self._writer.write_runs(firings)
        made = [run for firing in firings for run in firing.runs if run not in firing.adopted]
        self._note_made(made)
        unwritten = planned - {run["_id"] for run in made}
        self._transport.cancel_admission([claimed.pop(run_id) for run_id in unwritten & claimed.keys()])

    def _defer(self, firings: list[TaskFiring], claimed: dict[str, RunDocument], now: datetime) -> None:
        """Leave it to the completer to write the runs of these firings and to advance their tasks."""
        if not firings:
            return
        deferred, too_large = self._deferrer.defer(firings, now)
        outdated = self._deferrer.take_back_outdated(deferred)
        not_deferred = {id(firing) for firing in outdated}
        self._note_made([firing.runs[0] for firing in deferred if id(firing) not in not_deferred])
        for firing in outdated:
            firing.written = 0
        self._insert([*too_large, *outdated], claimed)
        self._advance([*too_large, *outdated])

    def _note_made(self, runs: list[RunDocument]) -> None:
        activity_log.log_new_runs(runs)
        self._meter.add_run_bytes(runs)

    def _advance(self, firings: list[TaskFiring]) -> None:
        """Move the tasks to their next due times, and mark the firings whose task was edited or deleted meanwhile."""
        if not firings:
            return
        result = self._tasks.bulk_write(group_updates(firing.build_advance() for firing in firings), ordered=False)
        self._changes.tasks_derived(firing.task["_id"] for firing in firings)
        if result.modified_count == len(firings):
            return
        ids = [firing.task["_id"] for firing in firings]
        versions = {task["_id"]: task["version"] for task in self._tasks.find({"_id": {"$in": ids}}, {"version": 1})}
        for firing in firings:
            firing.is_outdated = versions.get(firing.task["_id"]) != firing.task["version"]

    # --- hand over --------------------------------------------------------------------------------------------------

    def _hand_over(self, firings: list[TaskFiring], claimed: dict[str, RunDocument]) -> None:
        """Give claimed runs to the workers, queued ones to the dispatcher, and the effects to the event loop."""
        current = [run for firing in firings if not firing.is_outdated for run in firing.runs]
        outdated = [run for firing in firings if firing.is_outdated for run in firing.runs if run["open"]]
        self._transport.submit([run for run in current if run["_id"] in claimed])
        if outdated:
            self._unclaim([run for run in outdated if run["_id"] in claimed])
            self._effects.align_stale_runs(outdated)
        self._transport.wake_dispatcher()
        self._effects.apply_effects(self._find_ended(firings))

    def _unclaim(self, runs: list[RunDocument]) -> None:
        self._transport.cancel_admission(runs)
        updates = []
        for run in runs:
            changes: RunChanges = {**unclaimed_fields(run), **former_place(run)}
            same_claim = has_value("fence", run["fence"])
            updates.append(move_run(run["_id"], [RunStatus.RUNNING], RunStatus.QUEUED, changes, where=same_claim))
        if updates:
            self._runs.bulk_write(updates, ordered=False)
            self._changes.runs_moved(self._find_runs([run["_id"] for run in runs], RECORDED_FIELDS))

    def _find_ended(self, firings: list[TaskFiring]) -> list[RunDocument]:
        """Return ended runs with pending effects.

        These are adopted ones, those of which an owner is to be told, and those that ended while another was made to
        wait.
        """
        found = [run for firing in firings for run in firing.adopted]
        found += [run for firing in firings for run in firing.runs if firing.is_alerting(run) and run not in found]
        blocked = [run for firing in firings for run in firing.runs if run.get("blocked")]
        if blockers := [after for run in blocked if (after := run.get("after"))]:
            found += self._find_runs(blockers)
        return [run for run in found if run["status"] in SETTLED_STATUSES]

    # --- retries ----------------------------------------------------------------------------------------------------

    def queue_due_retries(self, retries: list[RunDocument], now: datetime) -> None:
        """Queue due retries again, unless a quota of their owner is used up, and show their status in their tasks."""
        updates = [queue_due_retry(run, now, self._meter.consume_runs(run["owner"], 1, now)) for run in retries]
        self._runs.bulk_write(updates, ordered=False)
        stored = self._find_runs([run["_id"] for run in retries])
        self._changes.runs_moved(run for run in stored if run["status"] in (RunStatus.QUEUED, RunStatus.RETRY))
        unsettled = [run for run in stored if run["status"] not in SETTLED_STATUSES]
        if shown := task_updates(unsettled):
            self._tasks.bulk_write(shown, ordered=False)
            self._changes.tasks_derived(scheduled_tasks(unsettled))
        self._transport.wake_dispatcher()

    def _find_runs(self, run_ids: list[str], fields: Filter | None = None) -> list[RunDocument]:
        return list(self._runs.find({"_id": {"$in": run_ids}}, fields))
