"""The effects of a run's state: on its task (status, streak), its alert (of which its owner is told), waiting runs.

The run itself is written first and is the source of truth. The effects follow from it and are idempotent: a task counts
the end of a run only while it lists the run as active, an alert counts a failure once, and a release is conditional.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from pymongo import UpdateMany, UpdateOne

from tocsin.documents import (
    SETTLED_STATUSES,
    Database,
    RunDocument,
    RunStatus,
    TaskDocument,
    TaskStatus,
    Trigger,
    is_inconclusive,
    is_repeated,
    parent_of,
    public_status,
)
from tocsin.documents.states import PROJECT_TASK_STATUS, TASK_STATUS_OF_OPEN_RUN
from tocsin.documents.updates import (
    Expression,
    Pipeline,
    change_task,
    change_task_pipeline,
    change_when,
    group_updates,
    is_active_run,
    put_active_runs,
    remove_active_runs,
    run_id_expression,
)
from tocsin.notifications.incidents.alerts import record_failures, record_successes
from tocsin.notifications.incidents.failures import Success, task_failure
from tocsin.notifications.preferences.failed_attempts import notify_failed_attempts
from tocsin.tasks import overlap
from tocsin.tasks.failure_streak import count_in_streak, pause_if_reached
from tocsin.tasks.missed_runs import tell_missed_runs


async def apply_effects(database: Database, runs: list[RunDocument]) -> bool:
    """Apply the effects of these runs' states. Return whether a waiting run was released."""
    await record_alerts(database, runs)
    await tell_missed_runs(database, runs)
    updates = task_updates(runs)
    if updates:
        await database.tasks.bulk_write(updates, ordered=False)
        database.changes.tasks_derived(scheduled_tasks(runs))
    ended = [run["_id"] for run in runs if run["status"] in SETTLED_STATUSES and run["trigger"] != Trigger.WORKFLOW]
    return await overlap.release_waiting(database, ended) > 0


async def record_alerts(database: Database, runs: list[RunDocument]) -> None:
    """Record failures and successes of scheduled runs in the alerts of their tasks, of which the keeper tells users."""
    await notify_failed_attempts(database, runs)
    await record_failures(database, [task_failure(run) for run in runs if _is_failure(run)])
    await record_successes(database, [success for run in runs if (success := _find_success(run)) is not None])


@dataclass(frozen=True, slots=True)
class RunProjection:
    """The update of a task from one of its scheduled runs: the status of an open run, or its end, counted once.

    `suffix` is the part of the run's ID after the task's. `is_rerun` is true for a run whose failure does not count:
    a user repeated it, or the network of this installation was down.
    """

    suffix: str
    status: RunStatus
    is_rerun: bool

    def build_pipeline(self) -> Pipeline:
        """Return the update of the task, which applies if the task lists the run as active."""
        run = run_id_expression(self.suffix)
        if self.status not in SETTLED_STATUSES:
            return change_task_pipeline(is_active_run(run), {}, {"active": put_active_runs([(run, self.status)])})
        computed = {
            "active": remove_active_runs([run]),
            "last_end": _last_end(self.status, {"$eq": ["$last_run", run]}),
            **count_in_streak(self.status, 1, is_rerun=self.is_rerun),
        }
        pause = pause_if_reached(self.status, 1, run, is_rerun=self.is_rerun)
        return change_task_pipeline(is_active_run(run), {}, computed, pause)


@dataclass(frozen=True, slots=True)
class RunProjections:
    """The update of a task from several of its runs, in this order. One update, because each rewrites the document."""

    task_id: str
    projections: tuple[RunProjection, ...]

    def build_pipeline(self) -> Pipeline:
        """Return the update of the task: one stage for each sequence of runs with the same status."""
        sequences = groupby(self.projections, lambda one: (one.status, one.is_rerun))
        changes = [self._change(status, [run.suffix for run in runs], rerun) for (status, rerun), runs in sequences]
        return [*changes, PROJECT_TASK_STATUS]

    def _change(self, status: RunStatus, suffixes: list[str], is_rerun: bool) -> Expression:
        run_ids = {"$literal": [self.task_id + suffix for suffix in suffixes]}
        named = {"$filter": {"input": "$active", "cond": {"$in": ["$$this.run", run_ids]}}}
        others = {"$filter": {"input": "$active", "cond": {"$not": [{"$in": ["$$this.run", run_ids]}]}}}
        count, names = {"$size": named}, {"$map": {"input": named, "in": "$$this.run"}}
        if status not in SETTLED_STATUSES:
            entry = {"run": "$$this.run", "shows": TASK_STATUS_OF_OPEN_RUN.get(status, TaskStatus.PENDING)}
            updated = {"$map": {"input": named, "in": entry}}
            return change_when({"$gt": [count, 0]}, {}, {"active": {"$concatArrays": [others, updated]}})
        computed: dict[str, Expression] = {
            "active": others,
            "last_end": _last_end(status, {"$in": ["$last_run", names]}),
            **count_in_streak(status, count, is_rerun=is_rerun),
        }
        pause = pause_if_reached(status, count, {"$arrayElemAt": [names, -1]}, is_rerun=is_rerun)
        return change_when({"$gt": [count, 0]}, {}, computed, pause)


def count_last_end(status: RunStatus, *, is_rerun: bool = False) -> dict[str, Expression]:
    """Return the changes of a task that count the end of its last run."""
    return {"last_end": _last_end(status, {"$literal": True}), **count_in_streak(status, 1, is_rerun=is_rerun)}


def _last_end(status: RunStatus, is_last: Expression) -> Expression:
    ends = {
        RunStatus.COMPLETED: TaskStatus.COMPLETED,
        RunStatus.CANCELLED: TaskStatus.CANCELLED,
        RunStatus.SKIPPED: "$last_end",
    }
    return {"$cond": [is_last, ends.get(status, TaskStatus.FAILED), "$last_end"]}


def task_updates(runs: list[RunDocument]) -> list[UpdateOne | UpdateMany]:
    """Return the updates of tasks from their scheduled runs. Tasks that change alike share one update."""
    tasks: dict[str, list[RunProjection]] = {}
    for run in runs:
        if run["trigger"] == Trigger.SCHEDULE:
            task_id = parent_of(run["_id"])
            projection = RunProjection(run["_id"][len(task_id) :], public_status(run), _is_uncounted(run))
            tasks.setdefault(task_id, []).append(projection)
    return group_updates(
        (task_id, projections[0] if len(projections) == 1 else RunProjections(task_id, tuple(projections)))
        for task_id, projections in tasks.items()
    )


def scheduled_tasks(runs: Iterable[RunDocument]) -> list[str]:
    """Return the IDs of the tasks that `task_updates` of these runs changes."""
    return [parent_of(run["_id"]) for run in runs if run["trigger"] == Trigger.SCHEDULE]


def _is_failure(run: RunDocument) -> bool:
    """Return whether this state of a scheduled run is a failure that its owner is alerted of."""
    has_failed = run["status"] in (RunStatus.FAILED, RunStatus.RETRY)
    return has_failed and run["incident"] is not None and not _is_uncounted(run)


def _is_uncounted(run: RunDocument) -> bool:
    """Return whether a failure of this run is neither alerted of nor part of the streak."""
    return is_repeated(run) or is_inconclusive(run)


def _find_success(run: RunDocument) -> Success | None:
    """Return the success of a scheduled run, in whichever round; None for any other state and for other runs."""
    if run["status"] != RunStatus.COMPLETED or run.get("incident") is None:
        return None
    return Success(run["task"], run["due_at"], run.get("finished_at") or run["due_at"])


async def repair_tasks(database: Database) -> int:
    """Compare tasks with the active runs that they list, and apply missing effects. Return the number of runs.

    Reads all tasks, so call it only at start and when a worker has died.
    """
    checked = 0
    batch: list[str] = []
    async for task in database.tasks.find({"active.0": {"$exists": True}}, {"active": 1}):
        batch += [entry["run"] for entry in task["active"]]
        if len(batch) >= 500:
            checked += await _repair_batch(database, batch)
            batch = []
    return checked + await _repair_batch(database, batch) + await overlap.repair_waiting(database)


async def repair_task(database: Database, task: TaskDocument) -> None:
    """Apply the missing effects of the active runs of one task."""
    if task["active"]:
        await _repair_batch(database, [entry["run"] for entry in task["active"]])


async def _repair_batch(database: Database, run_ids: list[str]) -> int:
    runs = await database.runs.find({"_id": {"$in": run_ids}}).to_list()
    if runs:
        await apply_effects(database, runs)
    missing = set(run_ids) - {run["_id"] for run in runs}
    removals = [
        change_task(parent_of(run_id), is_active_run(run_id), {}, {"active": remove_active_runs([run_id])})
        for run_id in missing
    ]
    if removals:
        await database.tasks.bulk_write(removals, ordered=False)
        database.changes.tasks_derived(parent_of(run_id) for run_id in missing)
    return len(run_ids)
