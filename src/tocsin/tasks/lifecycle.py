"""The lifecycle of tasks: pause, resume, cancel, delete."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from tocsin import clock, schedules
from tocsin.documents import (
    ChangeKind,
    Database,
    Hold,
    PauseReason,
    RunStatus,
    Task,
    TaskChanges,
    TaskStatus,
    delete_public_links,
)
from tocsin.documents.history import note_deleted_tasks
from tocsin.documents.updates import CHANGED_NOW, change_task, change_when, has_value, is_null
from tocsin.errors import Conflict, NotFound
from tocsin.notifications.incidents.alerts import review_alerts
from tocsin.notifications.preferences.store import delete_rule
from tocsin.tasks.activity_log import log_task
from tocsin.tasks.deferred_writes import write_deferred_of_task
from tocsin.tasks.ownership import find_task, require_task
from tocsin.tasks.reconciliation import cancel_open_runs, reconcile_task
from tocsin.tasks.saving import MAX_WRITE_TRIES, record_task_change, recorded_if_interrupted


async def pause_task(database: Database, owner: str, task_id: str, now: datetime) -> Task:
    """Pause a task until it is resumed. Its queued and retrying runs are cancelled; a running one is not retried."""

    def decide(task: Task) -> TaskChanges | None:
        if task.hold is Hold.CANCELLED:
            raise Conflict("The task is cancelled, so it cannot be paused. Give it a new schedule first.", "id")
        return None if task.hold is Hold.PAUSED else _hold_changes(Hold.PAUSED)

    return await _change(database, owner, task_id, now, decide, "task paused")


async def cancel_task(database: Database, owner: str, task_id: str, now: datetime) -> Task:
    """Cancel a task until it gets a new schedule. Its open runs are cancelled, running ones aborted."""

    def decide(task: Task) -> TaskChanges | None:
        return None if task.hold is Hold.CANCELLED else _hold_changes(Hold.CANCELLED)

    return await _change(database, owner, task_id, now, decide, "task cancelled")


async def delete_task(database: Database, owner: str, task_id: str, now: datetime) -> None:
    """Delete a task at once. Its open runs are cancelled; its history is kept."""
    await require_task(owner, task_id)
    await note_deleted_tasks(database, owner, [task_id])
    await _change(database, owner, task_id, now, lambda _: _hold_changes(Hold.DELETED), "task deleted")
    await delete_rule(database, task_id)
    await delete_public_links(database, task_id)


async def resume_task(database: Database, owner: str, task_id: str, now: datetime) -> Task:
    """Resume a paused task from its next due time after now. Due times that passed meanwhile are not caught up.

    A one-off task whose time passed while it was paused follows its misfire policy. The streak of one that had
    paused itself starts anew.
    """

    def decide(task: Task) -> TaskChanges | None:
        if task.hold is Hold.CANCELLED:
            raise Conflict("The task is cancelled, so it cannot be resumed. Give it a new schedule.", "id")
        if task.hold is None:
            return None
        resumed: TaskChanges = {"next_run_at": _find_first_due(task, now)}
        if task.pause_reason is PauseReason.CONSECUTIVE_FAILURES:
            resumed["consecutive_failures"] = 0  # else the next failure would pause it again
        return {**_hold_changes(None), **resumed}

    return await _change(database, owner, task_id, now, decide, "task resumed")


async def undo_self_pause(database: Database, owner: str, task_id: str, incident: int, now: datetime) -> None:
    """Resume a task that has paused itself, if runs that were taken out of its streak since then led to that.

    Its owner is not told of the pause if that has not happened yet. `incident` is the number that those runs carry.
    """

    def decide(task: Task) -> TaskChanges | None:
        if task.incident != incident or not _is_undue_pause(task):
            return None
        return {**_hold_changes(None), "next_run_at": _find_first_due(task, now)}

    with suppress(NotFound, Conflict):  # deleted, or changed by its owner all the time
        await _change(database, owner, task_id, now, decide, "task resumed", tell_pause=False)


def _is_undue_pause(task: Task) -> bool:
    is_own = task.hold is Hold.PAUSED and task.pause_reason is PauseReason.CONSECUTIVE_FAILURES
    has_lost_failures = task.pause_after is not None and task.consecutive_failures < task.pause_after
    return is_own and bool(task.uncounted) and has_lost_failures


def _find_first_due(task: Task, now: datetime) -> datetime | None:
    """Return the first due time of a task that is resumed. Raises Conflict if its schedule still cannot be read."""
    try:
        return schedules.first_due(schedules.schedule_from_document(task.schedule), now, task.last_due_at)
    except Exception:
        if task.pause_reason is not PauseReason.UNREADABLE:
            raise
        unreadable = "The task cannot be resumed, because its schedule cannot be read. Set another one with updateTask."
        raise Conflict(unreadable, "id") from None


async def pause_all_tasks(database: Database, owner: str, now: datetime) -> int:
    """Pause all tasks of a deactivated user. Return how many were active."""
    paused = 0
    async for document in database.tasks.find({"owner": owner, "created_at": {"$gt": clock.EPOCH}}, {"hold": 1}):
        if document["hold"] is None:
            with suppress(NotFound, Conflict):  # deleted or cancelled meanwhile, which has the same effect
                await pause_task(database, owner, document["_id"], now)
                paused += 1
        await cancel_open_runs(database, document["_id"], now)
    return paused


async def cancel_workflow_runs(database: Database, owner: str, now: datetime) -> None:
    """Request the cancellation of all open workflow runs of a deactivated user. The workflow engine cancels them."""
    owned = {"owner": owner, "open": True}
    asked = {"cancel_requested_at": now}
    change = change_when(is_null("cancel_requested_at"), asked, {"rev": {"$add": ["$rev", 1]}, **CHANGED_NOW})
    await database.workflow_runs.update_many(owned, [change])
    async for run in database.workflow_runs.find(owned, {"workflow": 1}):
        database.changes.workflow_run_changed(ChangeKind.RUN_UPDATED, run["_id"], workflow=run["workflow"])


async def find_running_runs(database: Database, task_id: str) -> list[str]:
    """Return the IDs of the task's runs that a worker has claimed."""
    open_runs = await database.runs.find({"task": task_id, "open": True}, {"status": 1}).to_list()
    return [run["_id"] for run in open_runs if run["status"] == RunStatus.RUNNING]


def _hold_changes(hold: Hold | None) -> TaskChanges:
    return {"hold": hold, "pause_reason": None, "self_pause": None, "next_run_at": None}


async def _change(
    database: Database,
    owner: str,
    task_id: str,
    now: datetime,
    decide: Callable[[Task], TaskChanges | None],
    event: str,
    *,
    tell_pause: bool = True,
) -> Task:
    """Apply the changes that `decide` returns for the task, retrying if it changed meanwhile, and log `event`.

    None changes nothing. Return the task after the change; a deleted task as it was before.
    """
    for _ in range(MAX_WRITE_TRIES):
        await write_deferred_of_task(database, owner, task_id)
        task = await require_task(owner, task_id)
        if tell_pause and task.self_pause is not None and not task.self_pause["is_told"]:
            await reconcile_task(database, task.id, now)  # its owner is told, as nothing will know of the pause later
        changes = decide(task)
        if changes is None:
            return task
        fields: TaskChanges = {**changes, "version": task.version + 1, "updated_at": now, "reconcile": True}
        update = change_task(task.id, has_value("version", task.version), fields)
        if (await database.tasks.bulk_write([update])).modified_count:
            log_task(event, task.id, owner)
            with recorded_if_interrupted(database, task.id, changes.get("next_run_at")):
                await write_deferred_of_task(database, owner, task.id)  # one that was deferred meanwhile
                await reconcile_task(database, task.id, now)
                await review_alerts(database, task.id)
                changed = await find_task(owner, task_id)
            if changed is None:
                database.changes.task_changed(ChangeKind.TASK_DELETED, task.id, TaskStatus.CANCELLED)
                return task
            record_task_change(database, task, changed)
            return changed
    raise Conflict("The task is being changed by other requests. Try again.", "id")
