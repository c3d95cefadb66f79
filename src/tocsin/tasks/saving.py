"""Saving of tasks: a draft is validated as a whole, then written. The scheduler needs only its `next_run_at`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from tocsin import schedules
from tocsin.documents import (
    ChangeKind,
    Database,
    Hold,
    Task,
    TaskChanges,
    TaskStatus,
    new_id,
)
from tocsin.documents.task_names import name_key
from tocsin.documents.updates import all_of, change_task, has_value
from tocsin.errors import Conflict, InvalidInput
from tocsin.notifications.incidents.alerts import review_alerts
from tocsin.tasks import idempotency, ownership, queues
from tocsin.tasks.activity_log import log_task, log_task_created
from tocsin.tasks.deferred_writes import write_deferred_of_task
from tocsin.tasks.drafts import DraftChanges, TaskDraft, ValidatedDraft, draft_from_task, validate_draft
from tocsin.tasks.reconciliation import reconcile_task
from tocsin.tasks.unique_names import claimed_name, has_unique_name

__all__ = ["DraftChanges", "TaskDraft", "ValidatedDraft", "draft_from_task", "validate_draft"]

MAX_WRITE_TRIES = 20
"""Tries of a change that conflicts with concurrent changes, before the caller gets an error."""


async def create_task(
    database: Database, owner: str, draft: TaskDraft, now: datetime, key: idempotency.IdempotentCall | None = None
) -> Task:
    """Create a task. With a key that was used before, return the task that was created then.

    Raises InvalidInput, and Conflict if another task has the same unique name.
    """
    draft = with_queue_priority(draft, await queues.default_priorities(database))
    valid = validate_draft(draft, now)

    async def insert(task_id: str) -> None:
        try:
            async with claimed_name(database, owner, task_id, draft.name) if draft.unique_name else nullcontext():
                with suppress(DuplicateKeyError):  # by an earlier try with the same idempotency key
                    await valid.build_task(task_id, owner, now).insert()
        except Conflict:  # the task of an earlier try may have given up its name since
            if await ownership.find_task(owner, task_id) is None:
                raise
        database.changes.task_changed(ChangeKind.TASK_CREATED, task_id, TaskStatus.PENDING, valid.next_run_at)
        log_task_created(task_id, owner, valid.next_run_at)

    task = await ownership.find_task(owner, await idempotency.create_once(database, key, new_id(owner), now, insert))
    if task is None:
        raise idempotency.deleted_result("task")
    return task


def with_queue_priority(draft: TaskDraft, defaults: Mapping[str, int]) -> TaskDraft:
    """Return the draft with its effective priority. Raises InvalidInput for an invalid priority or unknown queue."""
    return replace(draft, priority=queues.resolve_priority(defaults, draft.queue, draft.priority))


async def update_task(
    database: Database,
    owner: str,
    task_id: str,
    changes: DraftChanges,
    now: datetime,
    expected_version: int | None = None,
) -> Task:
    """Change fields of a task (by their names in TaskDraft). Queued and retrying runs get the new settings.

    A new schedule reactivates a cancelled task and never fires for the past. Raises NotFound, InvalidInput, and
    Conflict if `expected_version` is not the task's version, or another task has the same unique name.
    """
    await write_deferred_of_task(database, owner, task_id)
    task = await ownership.require_task(owner, task_id)
    for _ in range(MAX_WRITE_TRIES):
        if expected_version is not None and expected_version != task.version:
            raise _version_conflict(task.version)
        if await _update_once(database, task, changes, now):
            log_task("task changed", task_id, owner, fields=sorted(changes))
            with recorded_if_interrupted(database, task_id, now):
                await write_deferred_of_task(database, owner, task_id)  # one that was deferred meanwhile
                await reconcile_task(database, task_id, now)
                await review_alerts(database, task_id)
                changed = await ownership.require_task(owner, task_id)
            record_task_change(database, task, changed)
            return changed
        task = await ownership.require_task(owner, task_id)
    raise _version_conflict(task.version)


@contextmanager
def recorded_if_interrupted(database: Database, task_id: str, due_at: datetime | None) -> Iterator[None]:
    """Record the change of a task, which is stored, if the block that completes it raises."""
    try:
        yield
    except BaseException:
        database.changes.task_changed(ChangeKind.TASK_UPDATED, task_id, None, due_at)
        raise


def record_task_change(database: Database, before: Task, after: Task) -> None:
    """Record a change of a task by its owner."""
    status = None if after.status is before.status else after.status
    database.changes.task_changed(ChangeKind.TASK_UPDATED, after.id, status, after.next_run_at)


def _version_conflict(version: int) -> Conflict:
    return Conflict(f"The task has changed: its version is {version}. Fetch it again.", "expectedVersion")


async def _update_once(database: Database, task: Task, changes: DraftChanges, now: datetime) -> bool:
    draft = replace(draft_from_task(task), **changes).validate()
    if not changes.keys().isdisjoint({"queue", "priority"}):
        draft = with_queue_priority(draft, await queues.default_priorities(database))
    fields: TaskChanges = {
        **draft.document_fields(),
        "name_key": name_key(draft.name),
        **_schedule_changes(task, draft, changes, now),
        "version": task.version + 1,
        "updated_at": now,
        "reconcile": True,
    }
    unchanged = all_of(has_value("version", task.version), has_value("last_due_at", task.last_due_at))
    keeps_name = not draft.unique_name or has_unique_name(task, draft.name)
    async with nullcontext() if keeps_name else claimed_name(database, task.owner, task.id, draft.name):
        result = await database.tasks.bulk_write([change_task(task.id, unchanged, fields)])
    return result.modified_count == 1


def _schedule_changes(task: Task, draft: TaskDraft, changes: DraftChanges, now: datetime) -> TaskChanges:
    """Return the changes of a new schedule. Other edits do not affect due times.

    Sending the current schedule again changes nothing, unless the task was cancelled.
    """
    if "schedule" not in changes:
        return {}
    before, new_schedule, last = (
        schedules.schedule_from_document(task.schedule),
        schedules.current_schedule(draft.schedule),
        task.last_due_at,
    )
    if new_schedule == schedules.current_schedule(before) and task.hold is not Hold.CANCELLED:
        return {"schedule": task.schedule}
    hold = None if task.hold is Hold.CANCELLED else task.hold
    if isinstance(new_schedule, schedules.Once) and last is not None and new_schedule.at <= last:
        new_schedule = schedules.postpone(new_schedule, last)
    schedule, next_run_at = schedules.revise_schedule(before, task.next_run_at, last, new_schedule, now)
    if next_run_at is None:
        raise InvalidInput("The schedule has no due time in the future.", "schedule")
    return {
        "schedule": schedules.schedule_to_document(schedule),
        "hold": hold,
        "next_run_at": None if hold else next_run_at,
    }
