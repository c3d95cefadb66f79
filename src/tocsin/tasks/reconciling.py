"""Bringing a task's open runs in line with what its owner did to it.

The owner's change is one write that also sets `reconcile`; the runs follow, and only then is the mark taken away. After
a crash in between, `reconcile_all` finds the mark and does the rest.
"""

from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from tocsin.documents import Database, Doc, Hold, RunReason, RunStatus, Trigger
from tocsin.documents.updates import both, change_when, equals, is_null, move_run, one_of
from tocsin.tasks import ending, work_log
from tocsin.tasks.lanes import placed, rank_expression, ready_expression
from tocsin.tasks.retry_defaults import interval_ms

WAITING_STATES = (RunStatus.QUEUED, RunStatus.RETRY, RunStatus.WAITING)
_REASONS = {
    Hold.PAUSED: RunReason.TASK_PAUSED,
    Hold.CANCELLED: RunReason.TASK_CANCELLED,
    Hold.DELETED: RunReason.TASK_DELETED,
}
COPIED = ("job", "retry", "timeout")


def copied(task: Doc, now: datetime) -> Doc:
    """Return what a run copies from its task, and the interval that retries by default are to fit into."""
    copies = {name: task[name] for name in COPIED}
    return {**copies, "interval_ms": interval_ms(task["schedule"], now), **placed(task, task["owner"])}


async def reconcile(database: Database, task_id: str, now: datetime) -> None:
    """Bring the open runs of one task in line with it."""
    task = await database.tasks.find_one({"_id": task_id})
    if task is None or not task["reconcile"]:
        return
    runs = await database.runs.find({"task": task_id, "open": True}).to_list()
    await align(database, task, runs, now)
    await ending.mend_task(database, task)
    if task["hold"] == Hold.DELETED.value:
        await database.tasks.delete_one({"_id": task_id})
        return
    same = equals("version", task["version"])
    await database.tasks.update_one({"_id": task_id}, [change_when(same, {"reconcile": False})])


async def reconcile_all(database: Database, now: datetime) -> int:
    """Finish what a crash left between an owner's change and its runs. Returns how many tasks."""
    marked = [task["_id"] async for task in database.tasks.find({"reconcile": True}, {"_id": 1})]
    for task_id in marked:
        await reconcile(database, task_id, now)
    return len(marked)


async def align(database: Database, task: Doc | None, runs: list[Doc], now: datetime) -> None:
    """Give open runs the task's present settings, or settle them as its hold says (no task: it was deleted)."""
    hold = Hold.DELETED if task is None else task["hold"] and Hold(task["hold"])
    if hold is Hold.PAUSED:
        runs = [run for run in runs if run["trigger"] == Trigger.SCHEDULE.value and run["round"] == 0]
    if not runs:
        return
    if hold is None:
        updates = [update for run in runs for update in refresh(run["_id"], task or {}, now)]
        await database.runs.bulk_write(updates, ordered=False)
        return
    await _stop(database, runs, hold, now)


async def _stop(database: Database, runs: list[Doc], hold: Hold, now: datetime) -> None:
    await _settle_all(database, runs, [update for run in runs for update in stop(run["_id"], hold, now)])


async def settle_moved(database: Database, runs: list[Doc], now: datetime) -> None:
    """Cancel the runs whose due times are none any more: their task has another schedule."""
    await _settle_all(database, runs, [settle(run["_id"], RunReason.TASK_EDITED, now) for run in runs])


async def _settle_all(database: Database, runs: list[Doc], updates: list[UpdateOne]) -> None:
    """Write what may settle these runs, and let follow what does from those that it settled."""
    if runs:
        await database.runs.bulk_write(updates, ordered=True)  # see `stop`
        present = await _read(database, runs)
        work_log.log_outcomes([run for run in present if run["status"] == RunStatus.CANCELLED.value])
        await ending.follow(database, present)


async def stop_all(database: Database, task_id: str, now: datetime) -> None:
    """End what a person asked for besides the schedule too: its owner was deactivated."""
    runs = await database.runs.find({"task": task_id, "open": True}).to_list()
    await _stop(database, runs, Hold.PAUSED, now)


async def align_stale(database: Database, runs: list[Doc], now: datetime) -> None:
    """Align runs that were made from, or lived through, an older version of their tasks. Steps have none."""
    runs = [run for run in runs if run["trigger"] != Trigger.WORKFLOW.value]
    tasks = {
        task["_id"]: task async for task in database.tasks.find({"_id": {"$in": list({run["task"] for run in runs})}})
    }
    for run in runs:
        task = tasks.get(run["task"])
        if task is None or task["hold"] or task["version"] != run["task_version"]:
            await align(database, task, [run], now)


def refresh(run_id: str, task: Doc, now: datetime) -> list[UpdateOne]:
    """The updates that give an open run its task's present settings. A running attempt goes on with the old ones.

    What a pause said of its end is taken back; what a cancel said is not. A pinned run keeps its own.
    """
    copies: dict[str, Any] = copied(task, now)
    copies |= {"task_name": task["name"], "task_version": task["version"]}
    unrestrained = both(equals("open", True), is_null("cancel_requested_at"))
    follows = both(equals("open", True), {"$ne": ["$pinned", True]})
    return [
        UpdateOne({"_id": run_id}, [change_when(follows, copies), _RANK_ANEW]),
        UpdateOne({"_id": run_id}, [change_when(unrestrained, {"final": None})]),
    ]


_RANK_ANEW: Doc = {"$set": {"rank": rank_expression(), "ready_at": ready_expression()}}


def stop(run_id: str, hold: Hold, now: datetime) -> list[UpdateOne]:
    """The updates that settle a run that is not running, and tell a running one how it must end.

    It is settled before and after: its attempt may end, to be made again, between the two.
    """
    settled = settle(run_id, _REASONS[hold], now)
    return [settled, restrain(run_id, hold, now), settled]


def settle(run_id: str, reason: RunReason, now: datetime) -> UpdateOne:
    """The update that cancels a run which no worker has."""
    changes = {
        "reason": reason.value, "finished_at": now, "retry_at": None, "rank": None, "blocked": False, "after": None
    }  # fmt: skip
    return move_run(run_id, WAITING_STATES, RunStatus.CANCELLED, changes)


def restrain(run_id: str, hold: Hold, now: datetime, reason: RunReason | None = None) -> UpdateOne:
    """The update of a RUNNING run: after a pause it may succeed but is not retried, else its attempt is aborted."""
    final = RunStatus.FAILED if hold is Hold.PAUSED else RunStatus.CANCELLED
    changes: Doc = {"final": {"status": final.value, "reason": (reason or _REASONS[hold]).value}}
    if hold is not Hold.PAUSED:
        changes["cancel_requested_at"] = now
    return UpdateOne({"_id": run_id}, [change_when(one_of("status", [RunStatus.RUNNING.value]), changes)])


async def _read(database: Database, runs: list[Doc]) -> list[Doc]:
    return await database.runs.find({"_id": {"$in": [run["_id"] for run in runs]}}).to_list()
