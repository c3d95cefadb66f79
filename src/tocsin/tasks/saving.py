"""Saving of tasks: a draft is validated as a whole, then written. The scheduler needs only its `next_run_at`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypedDict

from pymongo.errors import DuplicateKeyError

from tocsin import schedules
from tocsin.documents import (
    ChangeKind,
    Database,
    Hold,
    JobDocument,
    Overlap,
    Task,
    TaskChanges,
    TaskSettings,
    TaskStatus,
    new_id,
)
from tocsin.documents.updates import all_of, change_task, has_value
from tocsin.errors import Conflict, ErrorCollector, InvalidInput
from tocsin.notifications.incidents.alerts import review_alerts
from tocsin.tasks import idempotency, ownership, queues
from tocsin.tasks import retry_policy as retries
from tocsin.tasks.activity_log import log_task, log_task_created
from tocsin.tasks.deferred_writes import write_deferred_of_task
from tocsin.tasks.ranking import DEFAULT_QUEUE
from tocsin.tasks.reconciliation import reconcile_task
from tocsin.tasks.retry_policy import RetryPolicy
from tocsin.tasks.setting_checks import (
    DEFAULT_ALERT_AFTER,
    check_alert_after,
    check_name,
    check_pause_after,
    check_tags,
    check_timeout,
)

MAX_WRITE_TRIES = 20
"""Tries of a change that conflicts with concurrent changes, before the caller gets an error."""


@dataclass(frozen=True, slots=True)
class TaskDraft:
    """A task as its owner wants it. `job` has been prepared by its kind. `timeout` is in seconds."""

    name: str
    job: JobDocument
    schedule: schedules.Schedule
    tags: tuple[str, ...] = ()
    misfire: schedules.Misfire = field(default_factory=schedules.Misfire)
    overlap: Overlap = Overlap.SKIP
    retry: RetryPolicy | None = None
    timeout: float | None = None
    queue: str = DEFAULT_QUEUE
    priority: int | None = None
    alert_after: int = DEFAULT_ALERT_AFTER
    alert_on_missed: bool = False
    pause_after: int | None = None

    def validate(self) -> "TaskDraft":
        """Return the draft if it is valid. Raises MultipleInvalid with the invalid fields."""
        validate_fields(
            self.name,
            self.tags,
            self.misfire,
            self.timeout,
            self.retry,
            self.schedule,
            self.alert_after,
            self.pause_after,
        )
        return self

    def document_fields(self) -> TaskSettings:
        """Return the fields of the document that the owner sets."""
        return {
            "name": self.name,
            "tags": list(self.tags),
            "job": self.job,
            "schedule": schedules.schedule_to_document(self.schedule),
            "misfire": self.misfire.to_document(),
            "overlap": self.overlap,
            "retry": None if self.retry is None else self.retry.to_document(),
            "timeout": self.timeout,
            "queue": self.queue,
            "priority": self.priority or 0,
            "alert_after": self.alert_after,
            "alert_on_missed": self.alert_on_missed,
            "pause_after": self.pause_after,
        }


class DraftChanges(TypedDict, total=False):
    """The fields of a `TaskDraft` that an update changes."""

    name: str
    tags: tuple[str, ...]
    job: JobDocument
    schedule: schedules.SimpleSchedule
    misfire: schedules.Misfire
    overlap: Overlap
    retry: RetryPolicy | None
    timeout: float | None
    priority: int | None
    queue: str
    alert_after: int
    alert_on_missed: bool
    pause_after: int | None


@dataclass(frozen=True, slots=True)
class ValidatedDraft:
    """A valid draft, and its first due time."""

    draft: TaskDraft
    next_run_at: datetime

    def build_task(self, task_id: str, owner: str, now: datetime) -> Task:
        """Build the task to be inserted."""
        times = {"next_run_at": self.next_run_at, "created_at": now, "updated_at": now}
        return Task(id=task_id, owner=owner, status=TaskStatus.PENDING, **times, **self.draft.document_fields())


def validate_fields(
    name: str,
    tags: tuple[str, ...],
    misfire: schedules.Misfire,
    timeout: float | None,
    retry: RetryPolicy | None,
    schedule: schedules.Schedule | None,
    alert_after: int = DEFAULT_ALERT_AFTER,
    pause_after: int | None = None,
) -> None:
    """Validate the fields of a draft; None is a missing field. Raises MultipleInvalid with the invalid fields."""
    errors = ErrorCollector()
    errors.try_parse(check_name, name)
    errors.try_parse(check_tags, tags)
    if schedule is not None:
        errors.try_parse(schedules.validate_schedule, schedule, at=("schedule",))
    errors.try_parse(schedules.validate_misfire, misfire, at=("misfire",))
    if retry is not None:
        errors.try_parse(retries.validate_policy, retry)
    errors.try_parse(check_timeout, timeout)
    errors.try_parse(check_alert_after, alert_after)
    errors.try_parse(check_pause_after, pause_after)
    errors.raise_if_any()


def validate_draft(draft: TaskDraft, now: datetime) -> ValidatedDraft:
    """Validate a draft. Raises InvalidInput at the invalid field."""
    next_run_at = schedules.first_due(draft.validate().schedule, now)
    if next_run_at is None:
        raise InvalidInput("The schedule has no due time in the future.", "schedule")
    return ValidatedDraft(draft, next_run_at)


def draft_from_task(task: Task) -> TaskDraft:
    """Return the draft that would create this task."""
    return TaskDraft(
        name=task.name,
        job=task.job,
        schedule=schedules.schedule_from_document(task.schedule),
        tags=tuple(task.tags),
        misfire=schedules.Misfire.from_document(task.misfire),
        overlap=task.overlap,
        retry=None if task.retry is None else retries.RetryPolicy.from_document(task.retry),
        timeout=task.timeout,
        queue=task.queue,
        priority=task.priority,
        alert_after=task.alert_after,
        alert_on_missed=task.alert_on_missed,
        pause_after=task.pause_after,
    )


async def create_task(
    database: Database, owner: str, draft: TaskDraft, now: datetime, key: idempotency.IdempotentCall | None = None
) -> Task:
    """Create a task. With a key that was used before, return the task that was created then."""
    draft = with_queue_priority(draft, await queues.default_priorities(database))
    valid = validate_draft(draft, now)

    async def insert(task_id: str) -> None:
        with suppress(DuplicateKeyError):  # created by an earlier try with the same idempotency key
            await valid.build_task(task_id, owner, now).insert()
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
    Conflict if `expected_version` is not the task's version.
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
        **_schedule_changes(task, draft, changes, now),
        "version": task.version + 1,
        "updated_at": now,
        "reconcile": True,
    }
    unchanged = all_of(has_value("version", task.version), has_value("last_due_at", task.last_due_at))
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
