"""Writes of tasks as the API makes them: within quotas, and waking the scheduler."""

from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime

import bson

from tocsin.documents import Task, TaskStatus, User
from tocsin.graphql.context import Services
from tocsin.quotas import Quota
from tocsin.tasks import lifecycle, saving
from tocsin.tasks.drafts import DraftChanges, TaskDraft
from tocsin.tasks.idempotency import IdempotentCall

WRITE_TRIES = 20
"""Tries of a change that conflicts with concurrent ones."""
_ENDED = (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED)


async def create_task(
    services: Services, owner: str, draft: TaskDraft, now: datetime, key: IdempotentCall | None = None
) -> Task:
    """Create a task. Raises UserError."""
    async with services.quotas.reserve(owner, Quota.TASKS):
        saved = await saving.create_task(services.database, owner, draft, now, key)
    services.quotas.add_documents(owner, draft.job)
    services.wakeups.task_due(saved.next_run_at)
    return saved


async def update_task(
    services: Services, owner: User, before: Task, changes: DraftChanges, now: datetime, version: int | None
) -> Task:
    """Change a task, if it has this version. Raises UserError; Conflict if the version is another one."""
    growth = _job_growth(before, changes)
    if growth > 0:
        services.quotas.require_storage(owner.id, "job")
    async with _quota_for_reactivation(services, before, changes):
        task = await saving.update_task(services.database, owner.id, before.id, changes, now, version)
    services.quotas.meter.add_bytes(owner.id, growth)
    services.wakeups.task_due(task.next_run_at)
    return task


async def delete_task(services: Services, owner: str, task: Task, now: datetime) -> None:
    """Delete a task and abort its attempts. Raises NotFound."""
    await lifecycle.delete_task(services.database, owner, task.id, now)
    services.quotas.remove_documents(owner, task.job)
    await abort_runs(services, task.id)


async def abort_runs(services: Services, task_id: str) -> None:
    """Abort attempts of the task in this process. Other processes learn of it from the changes."""
    for run_id in await lifecycle.find_running_runs(services.database, task_id):
        services.wakeups.cancel_requested(run_id)


def _job_growth(task: Task, changes: DraftChanges) -> int:
    """Return the bytes by which the stored job grows; negative if it shrinks."""
    return len(bson.encode(changes["job"])) - len(bson.encode(task.job)) if "job" in changes else 0


def _quota_for_reactivation(
    services: Services, task: Task, changes: DraftChanges
) -> AbstractAsyncContextManager[object]:
    """Reserve quota if a new schedule makes a task that had ended active again."""
    if "schedule" in changes and task.status in _ENDED:
        return services.quotas.reserve(task.owner, Quota.TASKS)
    return nullcontext()
