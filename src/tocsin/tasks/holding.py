"""Pause, resume, cancel, delete: what an owner does to a task as a whole."""

from datetime import datetime

from tocsin import schedules
from tocsin.documents import Database, Doc, Hold, Task
from tocsin.documents.updates import change_task, equals
from tocsin.errors import Conflict
from tocsin.tasks.owned import require_task
from tocsin.tasks.reconciling import reconcile
from tocsin.tasks.saving import first_due


async def pause(database: Database, owner: str, task_id: str, now: datetime) -> Task:
    """No due times until it is resumed. Queued and retrying runs are cancelled, a running one ends without retry."""
    task = await require_task(owner, task_id)
    if task.hold is Hold.CANCELLED:
        raise Conflict("The task is cancelled, so it cannot be paused. Give it a new schedule first.", "id")
    return task if task.hold is Hold.PAUSED else await _hold(database, task, Hold.PAUSED, now)


async def cancel(database: Database, owner: str, task_id: str, now: datetime) -> Task:
    """No due times until it gets a new schedule. Its open runs are cancelled, running ones aborted."""
    task = await require_task(owner, task_id)
    return task if task.hold is Hold.CANCELLED else await _hold(database, task, Hold.CANCELLED, now)


async def delete(database: Database, owner: str, task_id: str, now: datetime) -> None:
    """The task is gone at once; its open runs are cancelled, its history is kept."""
    task = await require_task(owner, task_id)
    await _change(database, task, {"hold": Hold.DELETED.value, "next_run_at": None}, now)
    await reconcile(database, task.id, now)


async def resume(database: Database, owner: str, task_id: str, now: datetime) -> Task:
    """Active again from the next due time after now; what passed meanwhile is not made up for.

    A one-off task whose time passed while it was paused follows its misfire policy.
    """
    task = await require_task(owner, task_id)
    if task.hold is Hold.CANCELLED:
        raise Conflict("The task is cancelled, so it cannot be resumed. Give it a new schedule.", "id")
    if task.hold is Hold.PAUSED:
        next_run_at = first_due(schedules.from_document(task.schedule), now, task.last_due_at)
        await _change(database, task, {"hold": None, "next_run_at": next_run_at}, now)
        await reconcile(database, task.id, now)
    return await require_task(owner, task_id)


async def pause_all(database: Database, owner: str, now: datetime) -> int:
    """Pause every task of a user (he was deactivated). Returns how many were active."""
    paused = 0
    async for document in database.tasks.find({"owner": owner, "created_at": {"$lte": now}}, {"hold": 1}):
        if document["hold"] is None:
            await pause(database, owner, document["_id"], now)
            paused += 1
    return paused


async def _hold(database: Database, task: Task, hold: Hold, now: datetime) -> Task:
    await _change(database, task, {"hold": hold.value, "next_run_at": None}, now)
    await reconcile(database, task.id, now)
    return await require_task(task.owner, task.id)


async def _change(database: Database, task: Task, changes: Doc, now: datetime) -> None:
    for _ in range(5):
        fields = {**changes, "version": task.version + 1, "updated_at": now, "reconcile": True}
        update = change_task(task.id, equals("version", task.version), fields)
        if (await database.tasks.bulk_write([update])).modified_count:
            return
        task = await require_task(task.owner, task.id)
    raise Conflict("The task is being changed by others at this moment. Try again.", "id")
