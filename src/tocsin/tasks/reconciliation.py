"""Reconciliation of a task's open runs with the changes of its owner.

The owner's change is one write that also sets `reconcile`. The runs are updated next, and only then the flag is
cleared. After a crash in between, `reconcile_tasks` finds the flag and completes the work. Runs are updated in slices
of a few updates each, one slice of an owner at a time, so that other owners do not wait.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from pymongo import UpdateMany

from tocsin import schedules
from tocsin.documents import (
    AttemptOutcome,
    Database,
    ErrorKind,
    Hold,
    JobSnapshot,
    NetworkFailureState,
    RunChanges,
    RunDocument,
    RunReason,
    RunStatus,
    SelfPauseDocument,
    TaskChanges,
    TaskDocument,
    Trigger,
    is_repeated,
    owner_of,
    record_stored_runs,
    snapshot_changes,
)
from tocsin.documents.updates import (
    Expression,
    Pipeline,
    all_of,
    change_when,
    has_value,
    is_null,
    is_one_of,
    move_run_pipeline,
    update_by_ids,
)
from tocsin.fair_queue import FairQueue
from tocsin.notifications.deliveries import notify
from tocsin.notifications.task_events import TaskPaused
from tocsin.tasks import activity_log, run_effects
from tocsin.tasks.network_failures import failure_id
from tocsin.tasks.ranking import queue_placement, rank_expression, ready_at_expression

IDLE_STATUSES = (RunStatus.QUEUED, RunStatus.RETRY)
_REASONS = {
    Hold.PAUSED: RunReason.TASK_PAUSED,
    Hold.CANCELLED: RunReason.TASK_CANCELLED,
    Hold.DELETED: RunReason.TASK_DELETED,
}
SLICE_SIZE = 200
"""Runs that are updated together."""
_RUN_FIELDS = {"task": 1, "task_version": 1, "trigger": 1, "round": 1, "inconclusive_rounds": 1}


def job_snapshot(task: TaskDocument, now: datetime) -> JobSnapshot:
    """Return the fields that a run copies from its task, and the interval that default retries must fit into."""
    return {
        "job": task["job"],
        "retry": task["retry"],
        "timeout": task["timeout"],
        "interval_ms": schedules.shortest_interval_ms(task["schedule"], now),
        **queue_placement(task["owner"], task["job"], task.get("queue"), task.get("priority")),
    }


def current_settings(task: TaskDocument, now: datetime) -> RunChanges:
    """Return the changes that give an existing run the current settings of its task."""
    return {
        "task_name": task["name"],
        "task_version": task["version"],
        **snapshot_changes(job_snapshot(task, now)),
    }


async def reconcile_task(database: Database, task_id: str, now: datetime) -> None:
    """Reconcile the open runs of a task with it."""
    task = await database.tasks.find_one({"_id": task_id})
    if task is None or not task["reconcile"]:
        return
    is_unsure = await _is_suspected(database, task)
    told = None if is_unsure else await _tell_pause(database, task)
    await align_runs(database, task, await _open_runs(database, task_id), now)
    if (left := await database.tasks.find_one({"_id": task_id}, {"active": 1})) is not None:
        await run_effects.repair_task(database, left)
    if task["hold"] == Hold.DELETED:
        await database.tasks.delete_one({"_id": task_id})
        return
    same = has_value("version", task["version"])
    if is_unsure:  # the next check tells it
        return
    done: TaskChanges = {"reconcile": False} if told is None else {"reconcile": False, "self_pause": told}
    await database.tasks.update_one({"_id": task_id}, [change_when(same, done)])


async def _is_suspected(database: Database, task: TaskDocument) -> bool:
    """Tell whether it is not known yet if our own network has caused the pause of a task that is to be told."""
    pause = task.get("self_pause")
    if pause is None or pause["is_told"] or pause["run"] is None:
        return False
    run = await database.runs.find_one({"_id": pause["run"]}, {"fence": 1})
    if run is None:
        return False
    found = await database.network_failures.find_one({"_id": failure_id(run["_id"], run["fence"])})
    return found is not None and found["state"] == NetworkFailureState.SUSPECTED


async def _tell_pause(database: Database, task: TaskDocument) -> SelfPauseDocument | None:
    """Notify the owner of a task that has paused itself. Return the pause as told; None if there is nothing to tell.

    `reconcile` is cleared later, so that a crash repeats it.
    """
    pause = task.get("self_pause")
    if pause is None or pause["is_told"]:
        return None
    run = None if pause["run"] is None else await database.runs.find_one({"_id": pause["run"]})
    await notify(database, [TaskPaused.from_task(task, pause, run)])
    activity_log.log_task("task paused", task["_id"], task["owner"], failures=pause["failures"])
    return {**pause, "is_told": True}


async def _open_runs(database: Database, task_id: str) -> list[RunDocument]:
    return await database.runs.find({"task": task_id, "open": True}, _RUN_FIELDS).to_list()


async def reconcile_tasks(database: Database, now: datetime) -> int:
    """Reconcile all tasks whose flag is still set, owners in turn. Return the number of tasks."""
    marked: FairQueue[str] = FairQueue()
    async for task in database.tasks.find({"reconcile": True}, {"_id": 1}):
        marked.add(owner_of(task["_id"]), task["_id"], task["_id"], task["_id"])
    count = len(marked)
    while (found := marked.pop()) is not None:
        await reconcile_task(database, found[1], now)
    return count


async def align_runs(database: Database, task: TaskDocument | None, runs: list[RunDocument], now: datetime) -> None:
    """Apply the task's current settings to its open runs, or cancel them if it is on hold or deleted (None)."""
    hold = Hold.DELETED if task is None else task["hold"] and Hold(task["hold"])
    if hold is Hold.PAUSED:
        runs = [run for run in runs if run["trigger"] == Trigger.SCHEDULE and not is_repeated(run)]
    if task is None or hold is not None:
        await _settle_runs(database, runs, lambda slice_ids: stop_updates(slice_ids, hold or Hold.DELETED, now))
        return
    for slice_ids in _slices(runs):
        async with database.fair_slots.slot(task["owner"]):
            await database.runs.bulk_write(_refresh_updates(slice_ids, task, now), ordered=False)
            database.changes.runs_requeued(slice_ids)


async def cancel_moved_runs(database: Database, runs: list[RunDocument], now: datetime) -> None:
    """Cancel runs whose due times are not in the task's new schedule."""
    change = cancel_if_idle(RunReason.TASK_EDITED, now)
    await _settle_runs(database, runs, lambda slice_ids: [update_by_ids(slice_ids, change)])


async def _settle_runs(
    database: Database, runs: list[RunDocument], updates: Callable[[list[str]], Sequence[UpdateMany]]
) -> None:
    """Write the updates that settle these runs, then apply the effects of the settled ones.

    All updates are written first: the end of one run must not release another that is about to be settled.
    """
    for slice_ids in _slices(runs):
        async with database.fair_slots.slot(owner_of(slice_ids[0])):
            await database.runs.bulk_write(updates(slice_ids), ordered=True)  # in the order of `stop_updates`
            await record_stored_runs(database, slice_ids)
    for slice_ids in _slices(runs):
        async with database.fair_slots.slot(owner_of(slice_ids[0])):
            present = await database.runs.find({"_id": {"$in": slice_ids}}).to_list()
            activity_log.log_run_outcomes([run for run in present if run["status"] == RunStatus.CANCELLED])
            await run_effects.apply_effects(database, present)


def _slices(runs: list[RunDocument]) -> Iterator[list[str]]:
    """Yield the IDs of the runs in slices, each of one owner."""
    for _, owned in groupby((run["_id"] for run in runs), owner_of):
        ids = list(owned)
        yield from (ids[start : start + SLICE_SIZE] for start in range(0, len(ids), SLICE_SIZE))


async def cancel_open_runs(database: Database, task_id: str, now: datetime) -> None:
    """Cancel all open runs of a task, manual ones too, because its owner was deactivated.

    Running attempts end by themselves, without a retry. Nobody is to call back for weeks, though: runs that only expect
    a callback end now.
    """
    runs, ending = await _open_runs(database, task_id), _cancel_if_waiting(_REASONS[Hold.PAUSED], now)

    def updates(slice_ids: list[str]) -> list[UpdateMany]:
        return [*stop_updates(slice_ids, Hold.PAUSED, now), update_by_ids(slice_ids, ending)]

    await _settle_runs(database, runs, updates)


async def align_stale_runs(database: Database, runs: list[RunDocument], now: datetime) -> None:
    """Align runs that were created from an older version of their tasks. Steps of workflows are left alone."""
    runs = [run for run in runs if run["trigger"] != Trigger.WORKFLOW]
    tasks = {
        task["_id"]: task async for task in database.tasks.find({"_id": {"$in": list({run["task"] for run in runs})}})
    }
    stale: dict[str, list[RunDocument]] = {}
    for run in runs:
        task = tasks.get(run["task"])
        if task is None or task["hold"] or task["version"] != run["task_version"]:
            stale.setdefault(run["task"], []).append(run)
    for task_id, stale_runs in stale.items():
        await align_runs(database, tasks.get(task_id), stale_runs, now)


def _refresh_updates(run_ids: list[str], task: TaskDocument, now: datetime) -> list[UpdateMany]:
    """Return the updates that apply the task's current settings to open runs. A running attempt keeps the old ones.

    They also undo the effect of a pause on a running attempt, but not that of a cancellation. A pinned run keeps its
    settings.
    """
    is_uncancelled = all_of(has_value("open", True), is_null("cancel_requested_at"))
    follows_task = all_of(has_value("open", True), {"$ne": ["$pinned", True]})
    return [
        update_by_ids(run_ids, [change_when(follows_task, current_settings(task, now)), _RERANK]),
        update_by_ids(run_ids, [change_when(is_uncancelled, RunChanges(final=None))]),
    ]


_RERANK: Expression = {"$set": {"rank": rank_expression(), "ready_at": ready_at_expression()}}


def stop_updates(run_ids: list[str], hold: Hold, now: datetime, reason: RunReason | None = None) -> list[UpdateMany]:
    """Return the updates that cancel idle runs and set how running ones end. Write them in this order.

    A pause prevents the retries of a running attempt; a cancellation or deletion aborts it. A run that expects a
    callback counts as running: its target is at work. But there is no attempt to abort, so it is cancelled at once.
    Idle runs are cancelled before and after: a running attempt may end, and its run wait for a retry, in between.
    """
    reason = reason or _REASONS[hold]
    final = RunStatus.FAILED if hold is Hold.PAUSED else RunStatus.CANCELLED
    changes: RunChanges = {"final": {"status": final, "reason": reason}}
    if hold is not Hold.PAUSED:
        changes["cancel_requested_at"] = now
    is_under_way = is_one_of("status", [RunStatus.RUNNING, RunStatus.WAITING])
    limiting = update_by_ids(run_ids, [change_when(is_under_way, changes)])
    settling = cancel_if_idle(reason, now)
    ending = settling if hold is Hold.PAUSED else [*settling, *_cancel_if_waiting(reason, now)]
    return [update_by_ids(run_ids, settling), limiting, update_by_ids(run_ids, ending)]


def cancel_if_idle(reason: RunReason, now: datetime) -> Pipeline:
    """Return the update that cancels a run unless a worker has claimed it."""
    changes: RunChanges = {
        "reason": reason, "finished_at": now, "retry_at": None, "rank": None, "blocked": False, "after": None
    }  # fmt: skip
    return move_run_pipeline(IDLE_STATUSES, RunStatus.CANCELLED, changes)


def _cancel_if_waiting(reason: RunReason, now: datetime) -> Pipeline:
    """Return the update that cancels a run while it expects a callback, unless one is there and about to settle it."""
    changes: RunChanges = {"reason": reason, "finished_at": now, "callback_by": None}
    error = {"kind": ErrorKind.CANCELLED, "message": "The run was cancelled while a callback was expected."}
    ended = {"finished_at": now, "outcome": AttemptOutcome.CANCELLED, "error": {**error, "hint": None}}
    is_open = {"$eq": [{"$ifNull": ["$$this.outcome", None]}, None]}
    closed = {"$cond": [is_open, {"$mergeObjects": ["$$this", {"$literal": ended}]}, "$$this"]}
    computed = {"attempts": {"$map": {"input": "$attempts", "in": closed}}}
    return move_run_pipeline(
        [RunStatus.WAITING], RunStatus.CANCELLED, changes, computed=computed, where=is_null("callback")
    )
