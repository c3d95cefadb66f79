"""What the end of a run means: to its task (status, streak), to its owner (mails), to the run that waits for it.

The run's own document is written first and is the truth; all of this follows from it and may be done again: a task
counts a run's end only while it names the run among its active ones, a mail's id derives from its cause, a release is
conditional.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from pymongo import UpdateMany, UpdateOne

from tocsin.documents import (
    Database,
    RunDocument,
    RunStatus,
    TaskDocument,
    TaskStatus,
    Trigger,
    parent_of,
)
from tocsin.documents.states import PROJECT_TASK_STATUS, SETTLED_STATUSES, TASK_STATUS_OF_OPEN_RUN, public_status
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
from tocsin.notifications.deliveries import notify
from tocsin.notifications.event_factories import incident_event_id, task_began_failing, task_failed
from tocsin.notifications.events import Event
from tocsin.tasks import overlap

_ADD = "$add"


async def apply_effects(database: Database, runs: list[RunDocument]) -> bool:
    """Carry out what follows from the present state of these runs. Returns whether a mail or a release came of it."""
    has_mails = await enqueue_mails(database, runs)
    updates = task_updates(runs)
    if updates:
        await database.tasks.bulk_write(updates, ordered=False)
    released = await overlap.release_waiting(
        database, [run["_id"] for run in runs if run["status"] in SETTLED_STATUSES]
    )
    return has_mails or released > 0


async def enqueue_mails(database: Database, runs: list[RunDocument]) -> bool:
    """Queue the mails that these states of runs are the cause of. Returns whether there are any."""
    unreported = await _select_unreported(database, [run for run in runs if _is_news(run)])
    dues = await _next_dues(database, [run for run in unreported if run["status"] == RunStatus.RETRY])
    events = [_event_of(run, dues.get(run["task"])) for run in unreported]
    await notify(database, events)
    return bool(events)


@dataclass(frozen=True, slots=True)
class RunProjection:
    """What a task learns of one of its scheduled runs: the state of an open one, or its end, which is counted once.

    `suffix` is what the run's id adds to the task's; `asked_again` says that a person retried it.
    """

    suffix: str
    status: RunStatus
    is_rerun: bool

    def build_pipeline(self) -> Pipeline:
        """The change of the task, if it names this run as active."""
        run = run_id_expression(self.suffix)
        if self.status not in SETTLED_STATUSES:
            return change_task_pipeline(is_active_run(run), {}, {"active": put_active_runs([(run, self.status)])})
        computed = {
            "active": remove_active_runs([run]),
            "last_end": _last_end(self.status, {"$eq": ["$last_run", run]}),
            **_streak(self.status, 1, asked_again=self.is_rerun),
        }
        return change_task_pipeline(is_active_run(run), {}, computed)


@dataclass(frozen=True, slots=True)
class RunProjections:
    """What a task learns of several of its runs at once, in this order: in one update, for its document names them."""

    task_id: str
    projections: tuple[RunProjection, ...]

    def build_pipeline(self) -> Pipeline:
        """The change of the task: a stage for each stretch of runs that became the same."""
        stretches = groupby(self.projections, lambda one: (one.status, one.is_rerun))
        changes = [self._change(status, [one.suffix for one in runs], again) for (status, again), runs in stretches]
        return [*changes, PROJECT_TASK_STATUS]

    def _change(self, status: RunStatus, suffixes: list[str], asked_again: bool) -> Expression:
        run_ids = {"$literal": [self.task_id + suffix for suffix in suffixes]}
        named = {"$filter": {"input": "$active", "cond": {"$in": ["$$this.run", run_ids]}}}
        others = {"$filter": {"input": "$active", "cond": {"$not": [{"$in": ["$$this.run", run_ids]}]}}}
        count, names = {"$size": named}, {"$map": {"input": named, "in": "$$this.run"}}
        if status not in SETTLED_STATUSES:
            entry = {"run": "$$this.run", "shows": TASK_STATUS_OF_OPEN_RUN.get(status, TaskStatus.PENDING).value}
            shown = {"$map": {"input": named, "in": entry}}
            return change_when({"$gt": [count, 0]}, {}, {"active": {"$concatArrays": [others, shown]}})
        computed: dict[str, Any] = {
            "active": others,
            "last_end": _last_end(status, {"$in": ["$last_run", names]}),
            **_streak(status, count, asked_again=asked_again),
        }
        return change_when({"$gt": [count, 0]}, {}, computed)


def _last_end(status: RunStatus, is_last: Expression) -> Expression:
    ends = {
        RunStatus.COMPLETED: TaskStatus.COMPLETED,
        RunStatus.CANCELLED: TaskStatus.CANCELLED,
        RunStatus.SKIPPED: "$last_end",
    }
    return {"$cond": [is_last, ends.get(status, TaskStatus.FAILED), "$last_end"]}


def _streak(status: RunStatus, count: int | Expression, *, asked_again: bool) -> dict[str, Any]:
    """A success ends incident and streak; a failure lengthens it, but not one that a person asked for again."""
    if status is RunStatus.COMPLETED:
        return {"consecutive_failures": {"$literal": 0}, "incident": {_ADD: ["$incident", count]}}
    if status is RunStatus.FAILED and not asked_again:
        return {"consecutive_failures": {_ADD: ["$consecutive_failures", count]}}
    return {}


def task_updates(runs: list[RunDocument]) -> list[UpdateOne | UpdateMany]:
    """The updates that show the states of scheduled runs on their tasks: one for each task, or for many alike."""
    tasks: dict[str, list[RunProjection]] = {}
    for run in runs:
        if run["trigger"] == Trigger.SCHEDULE:
            task_id, shown = _shown(run)
            tasks.setdefault(task_id, []).append(shown)
    return group_updates(
        (task_id, shown[0] if len(shown) == 1 else RunProjections(task_id, tuple(shown)))
        for task_id, shown in tasks.items()
    )


def _shown(run: RunDocument) -> tuple[str, RunProjection]:
    task_id = parent_of(run["_id"])
    return task_id, RunProjection(run["_id"][len(task_id) :], public_status(run), run["round"] > 0)


def _is_news(run: RunDocument) -> bool:
    """Tell whether this state of a scheduled run is the cause of a mail."""
    has_failed = run["status"] in (RunStatus.FAILED, RunStatus.RETRY)
    return has_failed and run["incident"] is not None and run["round"] == 0


def _event_of(run: RunDocument, next_due: datetime | None) -> Event:
    if run["status"] == RunStatus.FAILED:
        return task_failed(run, run["attempts"][-1] if run["attempts"] else None)
    retry_at: Any = run.get("retry_at")  # never null in this status
    return task_began_failing(run, run["attempts"][-1], retry_at, next_due)


async def _select_unreported(database: Database, runs: list[RunDocument]) -> list[RunDocument]:
    """Those of these runs whose incident has not come so far yet; after a failure for good there is silence."""
    if not runs:
        return []
    later = {run["_id"]: _reporting_ids(run) for run in runs}
    causes = [cause for causes in later.values() for cause in causes]
    reported = {mail["_id"] async for mail in database.deliveries.find({"_id": {"$in": causes}}, {"_id": 1})}
    return [run for run in runs if reported.isdisjoint(later[run["_id"]])]


def _reporting_ids(run: RunDocument) -> list[str]:
    """The ids of the mails after which this state of the run is no news."""
    stages = (1,) if run["status"] == RunStatus.FAILED else (0, 1)
    return [incident_event_id(run["task"], run["incident"], stage) for stage in stages]


async def _next_dues(database: Database, runs: list[RunDocument]) -> dict[str, datetime]:
    """When the tasks of these runs are due next, if they are."""
    ids = list({run["task"] for run in runs})
    if not ids:
        return {}
    found = database.tasks.find({"_id": {"$in": ids}}, {"next_run_at": 1})
    return {task["_id"]: task["next_run_at"] async for task in found if task["next_run_at"] is not None}


async def repair_tasks(database: Database) -> int:
    """Compare each task that names active runs with those runs, and do what a crash left undone. Returns how many.

    Reads all tasks once, so it is for the start and for the death of a worker.
    """
    mended = 0
    batch: list[str] = []
    async for task in database.tasks.find({"active.0": {"$exists": True}}, {"active": 1}):
        batch += [entry["run"] for entry in task["active"]]
        if len(batch) >= 500:
            mended += await _mend_batch(database, batch)
            batch = []
    return mended + await _mend_batch(database, batch) + await overlap.repair_waiting(database)


async def repair_task(database: Database, task: TaskDocument) -> None:
    """The same for one task: its active runs that have ended are counted."""
    if task["active"]:
        await _mend_batch(database, [entry["run"] for entry in task["active"]])


async def _mend_batch(database: Database, run_ids: list[str]) -> int:
    runs = await database.runs.find({"_id": {"$in": run_ids}}).to_list()
    if runs:
        await apply_effects(database, runs)
    missing = set(run_ids) - {run["_id"] for run in runs}
    if missing:
        await database.tasks.bulk_write([_forget(run_id) for run_id in missing], ordered=False)
    return len(run_ids)


def _forget(run_id: str) -> UpdateOne:
    return change_task(parent_of(run_id), is_active_run(run_id), {}, {"active": remove_active_runs([run_id])})
