"""Inputs of tasks, and their conversion to drafts and changes."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import strawberry

from tocsin import documents, schedules
from tocsin.documents import Overlap
from tocsin.errors import ErrorCollector
from tocsin.graphql.context import Services
from tocsin.graphql.enums import IfPast
from tocsin.graphql.jobs.types import JobInput, parse_job
from tocsin.graphql.tasks.retry import RetryInput, parse_retry_policy
from tocsin.graphql.tasks.schedule import MisfireInput, ScheduleInput, parse_misfire, parse_schedule
from tocsin.named_secrets.store import KnownSecrets
from tocsin.tasks.drafts import DraftChanges, TaskDraft, draft_from_task, validate_fields
from tocsin.tasks.ranking import DEFAULT_QUEUE
from tocsin.tasks.setting_checks import DEFAULT_ALERT_AFTER

_KEY_DESCRIPTION = (
    "A string of 1 to 200 characters that makes the mutation safe to send again: the same input with the same key "
    "within 24 hours does nothing and returns the original result."
)


def idempotency_key_field() -> Any:
    """Return the field `idempotencyKey` of an input."""
    return strawberry.field(default=strawberry.UNSET, description=_KEY_DESCRIPTION)


@strawberry.input
class TaskSettingsInput:
    """The settings of a task that is saved as a whole."""

    name: str = strawberry.field(description="Name of the task, 1 to 200 characters.")
    description: str | None = strawberry.field(
        default=strawberry.UNSET, description="Free text, at most 2,000 characters. Default: empty."
    )
    tags: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="At most 20 different tags of 1 to 50 characters."
    )
    job: JobInput = strawberry.field(description="Job to perform.")
    schedule: ScheduleInput = strawberry.field(description="Due times of the task.")
    if_past: IfPast = strawberry.field(
        default=IfPast.REFUSE, description="Handling of a `schedule.at` that has already passed."
    )
    misfire: MisfireInput | None = strawberry.field(
        default=strawberry.UNSET,
        description="Handling of due times that passed while no server could run them. Default: RUN_ONCE.",
    )
    overlap: Overlap = strawberry.field(
        default=Overlap.SKIP, description="Handling of a due time at which the previous run has not ended."
    )
    retry: RetryInput | None = strawberry.field(
        default=strawberry.UNSET, description="Retry policy for failed runs. Default: the policy of the server."
    )
    timeout: timedelta | None = strawberry.field(
        default=strawberry.UNSET,
        description="Timeout of one attempt, at most `PT1H`. Default: the default of the server.",
    )
    priority: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Priority of its runs, -10 to 10, higher first among your queued runs. Default: that of the queue.",
    )
    queue: str | None = strawberry.field(
        default=strawberry.UNSET, description="Name of the queue for its runs. Default: `default`."
    )
    alert_after: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Number of scheduled runs in a row, 1 to 100, that fail before you are told. Default: 1.",
    )
    alert_on_missed: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether you are told of scheduled runs that were missed or skipped. Default: false.",
    )
    pause_after: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Number of failed runs in a row, 1 to 1,000, after which the task pauses itself. Default: never.",
    )


@strawberry.input(description="The input of `createTask`.")
class CreateTaskInput(TaskSettingsInput):
    unique_name: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether no other task with a unique name may have this one, ignoring case. Default: false.",
    )
    idempotency_key: str | None = idempotency_key_field()


@strawberry.input(
    description="The input of `upsertTask`: the complete settings. Those that are absent have their default afterwards."
)
class UpsertTaskInput(TaskSettingsInput):
    pass


@strawberry.input(
    description="The input of `updateTask`. Absent fields keep their value; null resets a field to its default."
)
class UpdateTaskInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the task.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Current version of the task. If it has another version, nothing is changed: user error CONFLICT.",
    )
    name: strawberry.Maybe[str] = strawberry.field(description="Name of the task, 1 to 200 characters.")
    description: strawberry.Maybe[str | None] = strawberry.field(
        description="Free text, at most 2,000 characters; null: empty."
    )
    unique_name: strawberry.Maybe[bool | None] = strawberry.field(
        description="Whether no other task of yours with a unique name may have its name, ignoring case; null: false."
    )
    tags: strawberry.Maybe[list[str] | None] = strawberry.field(
        description="Complete list of tags, which replaces the old one."
    )
    job: strawberry.Maybe[JobInput] = strawberry.field(
        description="Complete job, which replaces the old one. Absent secrets are kept for the same target server."
    )
    schedule: strawberry.Maybe[ScheduleInput] = strawberry.field(
        description=(
            "Complete schedule, which replaces the old one. Reactivates a cancelled task; never runs for the past."
        )
    )
    if_past: IfPast | None = strawberry.field(
        default=strawberry.UNSET, description="Handling of a `schedule.at` that has already passed. Default: REFUSE."
    )
    misfire: strawberry.Maybe[MisfireInput | None] = strawberry.field(
        description="Handling of due times that passed while no server could run them; null: RUN_ONCE."
    )
    overlap: strawberry.Maybe[Overlap | None] = strawberry.field(
        description="Handling of a due time at which the previous run has not ended; null: SKIP."
    )
    retry: strawberry.Maybe[RetryInput | None] = strawberry.field(
        description="Complete retry policy, which replaces the old one; null: the policy of the server."
    )
    timeout: strawberry.Maybe[timedelta | None] = strawberry.field(
        description="Timeout of one attempt, at most `PT1H`; null: the default of the server."
    )
    priority: strawberry.Maybe[int | None] = strawberry.field(
        description="Priority of its runs, -10 to 10, higher first among your queued runs; null: that of the queue."
    )
    queue: strawberry.Maybe[str | None] = strawberry.field(
        description="Name of the queue for its runs; null: `default`."
    )
    alert_after: strawberry.Maybe[int | None] = strawberry.field(
        description="Number of scheduled runs in a row, 1 to 100, that fail before you are told; null: 1."
    )
    alert_on_missed: strawberry.Maybe[bool | None] = strawberry.field(
        description="Whether you are told of scheduled runs that were missed or skipped; null: false."
    )
    pause_after: strawberry.Maybe[int | None] = strawberry.field(
        description="Number of failed runs in a row, 1 to 1,000, after which the task pauses itself; null: never."
    )


def parse_draft(
    input_: TaskSettingsInput,
    services: Services,
    owner: documents.User,
    known_secrets: KnownSecrets,
    now: datetime,
    before: documents.Task | None = None,
) -> TaskDraft:
    """Convert the input to a draft, of the task that replaces `before`. Secrets and the schedule's phase come from it.

    Raises MultipleInvalid with the path of each invalid field.
    """
    faults, tags = ErrorCollector(), tuple(input_.tags or ())
    misfire, timeout = parse_misfire(input_.misfire or None), _seconds(input_.timeout)
    alert_after = _alert_after(input_.alert_after)
    pause_after = input_.pause_after if isinstance(input_.pause_after, int) else None
    description = input_.description or ""
    job = faults.try_parse(parse_job, input_.job, services, owner, known_secrets, before and before.job)
    replaced = before and _replaced_schedule(before)
    schedule = faults.try_parse(parse_schedule, input_.schedule, now, input_.if_past, replaced, at=("schedule",))
    retry = faults.try_parse(parse_retry_policy, input_.retry or None)
    if faults.has_errors:
        faults.try_parse(
            validate_fields,
            input_.name,
            tags,
            misfire,
            timeout,
            retry,
            schedule,
            alert_after,
            pause_after,
            description,
        )
    faults.raise_if_any()
    assert job is not None and schedule is not None  # noqa: S101, PT018  # else `raise_if_any` raised
    return TaskDraft(
        name=input_.name,
        description=description,
        unique_name=isinstance(input_, UpsertTaskInput) or bool(getattr(input_, "unique_name", False)),
        tags=tags,
        job=job,
        schedule=schedule,
        misfire=misfire,
        overlap=input_.overlap,
        retry=retry,
        timeout=timeout,
        queue=input_.queue or DEFAULT_QUEUE,
        priority=input_.priority if isinstance(input_.priority, int) else None,
        alert_after=alert_after,
        alert_on_missed=bool(input_.alert_on_missed),
        pause_after=pause_after,
    )


def parse_draft_changes(
    input_: UpdateTaskInput,
    services: Services,
    owner: documents.User,
    known_secrets: KnownSecrets,
    task: documents.Task,
    now: datetime,
) -> DraftChanges:
    """Return the changed fields of TaskDraft. Raises MultipleInvalid with the path of each invalid field."""
    faults = ErrorCollector()
    changes: DraftChanges = {**_simple_changes(input_), **_other_changes(input_)}
    if input_.job is not None:
        given = input_.job.value, services, owner, known_secrets, task.job
        if (job := faults.try_parse(parse_job, *given)) is not None:
            changes["job"] = job
    if input_.schedule is not None:
        if_past = input_.if_past or IfPast.REFUSE
        schedule = faults.try_parse(
            parse_schedule, input_.schedule.value, now, if_past, _replaced_schedule(task), at=("schedule",)
        )
        if schedule is not None:
            changes["schedule"] = schedule
    if input_.retry is not None:
        changes["retry"] = faults.try_parse(parse_retry_policy, input_.retry.value)
    if faults.has_errors:
        draft = replace(draft_from_task(task), **changes)
        faults.try_parse(draft.validate)
    faults.raise_if_any()
    return changes


def _simple_changes(input_: UpdateTaskInput) -> DraftChanges:
    changes: DraftChanges = {}
    if input_.name is not None:
        changes["name"] = input_.name.value
    if input_.description is not None:
        changes["description"] = input_.description.value or ""
    if input_.tags is not None:
        changes["tags"] = tuple(input_.tags.value or ())
    if input_.misfire is not None:
        changes["misfire"] = parse_misfire(input_.misfire.value)
    if input_.overlap is not None:
        changes["overlap"] = input_.overlap.value or Overlap.SKIP
    if input_.timeout is not None:
        changes["timeout"] = _seconds(input_.timeout.value)
    if input_.priority is not None:
        changes["priority"] = input_.priority.value
    if input_.queue is not None:
        changes["queue"] = input_.queue.value or DEFAULT_QUEUE
    return changes


def _other_changes(input_: UpdateTaskInput) -> DraftChanges:
    changes: DraftChanges = {}
    if input_.alert_after is not None:
        changes["alert_after"] = _alert_after(input_.alert_after.value)
    if input_.alert_on_missed is not None:
        changes["alert_on_missed"] = bool(input_.alert_on_missed.value)
    if input_.pause_after is not None:
        changes["pause_after"] = input_.pause_after.value
    if input_.unique_name is not None:
        changes["unique_name"] = bool(input_.unique_name.value)
    return changes


def _replaced_schedule(task: documents.Task) -> schedules.SimpleSchedule | None:
    """Return the schedule to replace; None if it was a single due time of a cancelled task, which can be set again."""
    before = schedules.current_schedule(schedules.schedule_from_document(task.schedule))
    return None if task.hold is documents.Hold.CANCELLED and isinstance(before, schedules.Once) else before


def _alert_after(given: int | None) -> int:
    return given if isinstance(given, int) else DEFAULT_ALERT_AFTER


def _seconds(timeout: timedelta | None) -> float | None:
    return timeout.total_seconds() if isinstance(timeout, timedelta) else None
