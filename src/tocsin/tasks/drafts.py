"""Drafts: tasks as their owners want them, which are validated as a whole before they are saved."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from tocsin import schedules
from tocsin.documents import JobDocument, Overlap, Task, TaskSettings, TaskStatus
from tocsin.errors import ErrorCollector, InvalidInput
from tocsin.tasks import retry_policy as retries
from tocsin.tasks.ranking import DEFAULT_QUEUE
from tocsin.tasks.retry_policy import RetryPolicy
from tocsin.tasks.setting_checks import (
    DEFAULT_ALERT_AFTER,
    check_alert_after,
    check_description,
    check_name,
    check_pause_after,
    check_tags,
    check_timeout,
)


@dataclass(frozen=True, slots=True)
class TaskDraft:
    """A task as its owner wants it. `job` has been prepared by its kind. `timeout` is in seconds."""

    name: str
    job: JobDocument
    schedule: schedules.Schedule
    description: str = ""
    unique_name: bool = False
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
            self.description,
        )
        return self

    def document_fields(self) -> TaskSettings:
        """Return the fields of the document that the owner sets."""
        return {
            "name": self.name,
            "description": self.description,
            "unique_name": self.unique_name,
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
    description: str
    unique_name: bool
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
    description: str = "",
) -> None:
    """Validate the fields of a draft; None is a missing field. Raises MultipleInvalid with the invalid fields."""
    errors = ErrorCollector()
    errors.try_parse(check_name, name)
    errors.try_parse(check_description, description)
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
        description=task.description,
        unique_name=task.unique_name,
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
