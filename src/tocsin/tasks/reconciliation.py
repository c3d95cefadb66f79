"""Bringing a task's open runs in line with what its owner did to it.

The owner's change is one write that also sets `reconcile`; the runs follow, and only then is the mark taken away. After
a crash in between, `reconcile_all` finds the mark and does the rest. The runs follow in slices, each of them a few
updates however many runs it has, and of each owner one at a time: nobody else waits for them.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from pymongo import UpdateMany

from tocsin.documents import (
    Database,
    Hold,
    JobSnapshot,
    RunDocument,
    RunReason,
    RunStatus,
    TaskDocument,
    Trigger,
    owner_of,
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
from tocsin.tasks import activity_log, run_effects
from tocsin.tasks.ranking import queue_placement, rank_expression, ready_at_expression
from tocsin.tasks.retry_defaults import shortest_interval_ms

IDLE_STATUSES = (RunStatus.QUEUED, RunStatus.RETRY, RunStatus.WAITING)
_REASONS = {
    Hold.PAUSED: RunReason.TASK_PAUSED,
    Hold.CANCELLED: RunReason.TASK_CANCELLED,
    Hold.DELETED: RunReason.TASK_DELETED,
}
SLICE_SIZE = 200
"""Runs that are brought in line at once."""
_SEEN = {"task": 1, "task_version": 1, "trigger": 1, "round": 1}


def job_snapshot(task: TaskDocument, now: datetime) -> JobSnapshot:
    """Return what a run copies from its task, and the interval that retries by default are to fit into."""
    return {
        "job": task["job"],
        "retry": task["retry"],
        "timeout": task["timeout"],
        "interval_ms": shortest_interval_ms(task["schedule"], now),
        **queue_placement(task["owner"], task["job"], task.get("queue"), task.get("priority")),
    }


async def reconcile_task(database: Database, task_id: str, now: datetime) -> None:
    """Bring the open runs of one task in line with it."""
    task = await database.tasks.find_one({"_id": task_id})
    if task is None or not task["reconcile"]:
        return
    await align_runs(database, task, await _open_runs(database, task_id), now)
    if (left := await database.tasks.find_one({"_id": task_id}, {"active": 1})) is not None:
        await run_effects.repair_task(database, left)
    if task["hold"] == Hold.DELETED:
        await database.tasks.delete_one({"_id": task_id})
        return
    same = has_value("version", task["version"])
    await database.tasks.update_one({"_id": task_id}, [change_when(same, {"reconcile": False})])


async def _open_runs(database: Database, task_id: str) -> list[RunDocument]:
    return await database.runs.find({"task": task_id, "open": True}, _SEEN).to_list()


async def reconcile_tasks(database: Database, now: datetime) -> int:
    """Finish what a crash left between an owner's change and its runs, owners in turn. Returns how many tasks."""
    marked: FairQueue[str] = FairQueue()
    async for task in database.tasks.find({"reconcile": True}, {"_id": 1}):
        marked.add(owner_of(task["_id"]), task["_id"], task["_id"], task["_id"])
    count = len(marked)
    while (found := marked.pop()) is not None:
        await reconcile_task(database, found[1], now)
    return count


async def align_runs(database: Database, task: TaskDocument | None, runs: list[RunDocument], now: datetime) -> None:
    """Give open runs the task's present settings, or settle them as its hold says (no task: it was deleted)."""
    hold = Hold.DELETED if task is None else task["hold"] and Hold(task["hold"])
    if hold is Hold.PAUSED:
        runs = [run for run in runs if run["trigger"] == Trigger.SCHEDULE and run["round"] == 0]
    if not runs:
        return
    if task is not None and hold is None:
        await _refresh(database, task, [run["_id"] for run in runs], now)
    else:
        await _stop(database, runs, hold or Hold.DELETED, now)


async def _refresh(database: Database, task: TaskDocument, run_ids: list[str], now: datetime) -> None:
    for some in _slices(run_ids):
        async with database.fair_slots.slot(task["owner"]):
            await database.runs.bulk_write(refresh_updates(some, task, now), ordered=False)


async def _stop(database: Database, runs: list[RunDocument], hold: Hold, now: datetime) -> None:
    await _settle_all(database, [run["_id"] for run in runs], lambda some: stop_updates(some, hold, now))


async def cancel_moved_runs(database: Database, runs: list[RunDocument], now: datetime) -> None:
    """Cancel the runs whose due times are none any more: their task has another schedule."""
    change = cancel_if_idle(RunReason.TASK_EDITED, now)
    await _settle_all(database, [run["_id"] for run in runs], lambda some: [update_by_ids(some, change)])


async def _settle_all(
    database: Database, run_ids: list[str], updates: Callable[[list[str]], Sequence[UpdateMany]]
) -> None:
    """Write what may settle these runs, and let follow what does from those that it settled.

    All are written first: the end of one must not let go another that is to be settled too.
    """
    for some in _slices(run_ids):
        async with database.fair_slots.slot(owner_of(some[0])):
            await database.runs.bulk_write(updates(some), ordered=True)  # see `stop`
    for some in _slices(run_ids):
        async with database.fair_slots.slot(owner_of(some[0])):
            present = await database.runs.find({"_id": {"$in": some}}).to_list()
            activity_log.log_run_outcomes([run for run in present if run["status"] == RunStatus.CANCELLED])
            await run_effects.apply_effects(database, present)


def _slices(run_ids: list[str]) -> Iterator[list[str]]:
    """Of one owner each: the runs of a task are its owner's."""
    for _, some in groupby(run_ids, owner_of):
        ids = list(some)
        yield from (ids[start : start + SLICE_SIZE] for start in range(0, len(ids), SLICE_SIZE))


async def cancel_open_runs(database: Database, task_id: str, now: datetime) -> None:
    """End what a person asked for besides the schedule too: its owner was deactivated."""
    await _stop(database, await _open_runs(database, task_id), Hold.PAUSED, now)


async def align_stale_runs(database: Database, runs: list[RunDocument], now: datetime) -> None:
    """Align runs that were made from, or lived through, an older version of their tasks. Steps have none."""
    runs = [run for run in runs if run["trigger"] != Trigger.WORKFLOW]
    tasks = {
        task["_id"]: task async for task in database.tasks.find({"_id": {"$in": list({run["task"] for run in runs})}})
    }
    stale: dict[str, list[RunDocument]] = {}
    for run in runs:
        task = tasks.get(run["task"])
        if task is None or task["hold"] or task["version"] != run["task_version"]:
            stale.setdefault(run["task"], []).append(run)
    for task_id, some in stale.items():
        await align_runs(database, tasks.get(task_id), some, now)


def refresh_updates(run_ids: list[str], task: TaskDocument, now: datetime) -> list[UpdateMany]:
    """The updates that give open runs their task's present settings. A running attempt goes on with the old ones.

    What a pause said of its end is taken back; what a cancel said is not. A pinned run keeps its own.
    """
    copies = {**job_snapshot(task, now), "task_name": task["name"], "task_version": task["version"]}
    unrestrained = all_of(has_value("open", True), is_null("cancel_requested_at"))
    follows = all_of(has_value("open", True), {"$ne": ["$pinned", True]})
    return [
        update_by_ids(run_ids, [change_when(follows, copies), _RANK_ANEW]),
        update_by_ids(run_ids, [change_when(unrestrained, {"final": None})]),
    ]


_RANK_ANEW: Expression = {"$set": {"rank": rank_expression(), "ready_at": ready_at_expression()}}


def stop_updates(run_ids: list[str], hold: Hold, now: datetime, reason: RunReason | None = None) -> list[UpdateMany]:
    """The updates, in this order, that settle runs which are not running, and tell running ones how they must end.

    They are settled before and after: an attempt may end, to be made again, between the two.
    """
    settling = update_by_ids(run_ids, cancel_if_idle(reason or _REASONS[hold], now))
    return [settling, update_by_ids(run_ids, limit_running(hold, now, reason)), settling]


def cancel_if_idle(reason: RunReason, now: datetime) -> Pipeline:
    """The change that cancels a run which no worker has."""
    changes = {
        "reason": reason, "finished_at": now, "retry_at": None, "rank": None, "blocked": False, "after": None
    }  # fmt: skip
    return move_run_pipeline(IDLE_STATUSES, RunStatus.CANCELLED, changes)


def limit_running(hold: Hold, now: datetime, reason: RunReason | None = None) -> Pipeline:
    """The change of a RUNNING run: after a pause it may succeed but is not retried, else its attempt is aborted."""
    final = RunStatus.FAILED if hold is Hold.PAUSED else RunStatus.CANCELLED
    changes: dict[str, Any] = {"final": {"status": final, "reason": reason or _REASONS[hold]}}
    if hold is not Hold.PAUSED:
        changes["cancel_requested_at"] = now
    return [change_when(is_one_of("status", [RunStatus.RUNNING]), changes)]
