"""What an owner writes of a task: a draft of a new one, changes of an old one."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import strawberry

from tocsin import documents, schedules
from tocsin.documents import Overlap
from tocsin.errors import FaultCollector, InvalidInput
from tocsin.graphql.context import Services
from tocsin.graphql.enums import IfPast
from tocsin.graphql.job_types import JobInput, read_job
from tocsin.graphql.retry_types import RetryInput, read_retry
from tocsin.graphql.schedule_types import MisfireInput, ScheduleInput, read_misfire, read_schedule
from tocsin.tasks.lanes import DEFAULT_QUEUE
from tocsin.tasks.saving import Draft, check_fields, draft_of

_KEY = (
    "A text of your choice, 1 to 200 characters. The same input sent again with it within 24 hours "
    "answers the same and does nothing more."
)


def key_field() -> Any:
    """The field `idempotencyKey` of an input."""
    return strawberry.field(default=strawberry.UNSET, description=_KEY)


@strawberry.input(description="A new task.")
class CreateTaskInput:
    name: str = strawberry.field(description="1 to 200 characters.")
    tags: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="At most 20, of 1 to 50 characters, each once."
    )
    job: JobInput = strawberry.field(description="The work to do.")
    schedule: ScheduleInput = strawberry.field(description="When to do it.")
    if_past: IfPast = strawberry.field(
        default=IfPast.REFUSE, description="What to do when `schedule.at` has already passed."
    )
    misfire: MisfireInput | None = strawberry.field(
        default=strawberry.UNSET, description="What happens to due times that passed while nobody could run them."
    )
    overlap: Overlap = strawberry.field(
        default=Overlap.SKIP, description="What happens to a due time while the run before is still going on."
    )
    retry: RetryInput | None = strawberry.field(
        default=strawberry.UNSET, description="How failed runs are tried again. Default: the server's policy."
    )
    timeout: timedelta | None = strawberry.field(
        default=strawberry.UNSET, description="How long one attempt may take, at most `PT1H`. Default: the server's."
    )
    priority: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="-10 to 10: among your runs, those of a higher one go first. Default: the queue's.",
    )
    queue: str | None = strawberry.field(
        default=strawberry.UNSET, description="The queue that its runs go through. Default: `default`."
    )
    idempotency_key: str | None = key_field()


@strawberry.input(description="Changes of a task: what is absent stays as it is, null resets to the default.")
class UpdateTaskInput:
    id: strawberry.ID = strawberry.field(description="The task.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET, description="Change nothing if this is not the task's version: user error CONFLICT."
    )
    name: strawberry.Maybe[str] = strawberry.field(description="1 to 200 characters.")
    tags: strawberry.Maybe[list[str] | None] = strawberry.field(description="All tags, replacing the old ones.")
    job: strawberry.Maybe[JobInput] = strawberry.field(
        description="The whole job, replacing the old one; secrets that are left out are kept, for the same server."
    )
    schedule: strawberry.Maybe[ScheduleInput] = strawberry.field(
        description=(
            "The whole schedule, replacing the old one. Makes a cancelled task active again; never fires for the past."
        )
    )
    if_past: IfPast | None = strawberry.field(
        default=strawberry.UNSET, description="What to do when `schedule.at` has already passed. Default: REFUSE."
    )
    misfire: strawberry.Maybe[MisfireInput | None] = strawberry.field(
        description="What happens to due times that passed while nobody could run them."
    )
    overlap: strawberry.Maybe[Overlap | None] = strawberry.field(
        description="What happens to a due time while the run before is still going on."
    )
    retry: strawberry.Maybe[RetryInput | None] = strawberry.field(
        description="The whole retry policy, replacing the old one; null: the server's."
    )
    timeout: strawberry.Maybe[timedelta | None] = strawberry.field(
        description="How long one attempt may take, at most `PT1H`; null: the server's default."
    )
    priority: strawberry.Maybe[int | None] = strawberry.field(
        description="-10 to 10: among your runs, those of a higher one go first; null: the queue's."
    )
    queue: strawberry.Maybe[str | None] = strawberry.field(
        description="The queue that its runs go through; null: `default`."
    )


def read_draft(given: CreateTaskInput, services: Services, owner: documents.User, now: datetime) -> Draft:
    """The task that is meant. Raises SeveralInvalid that names the faulty fields."""
    faults, tags = FaultCollector(), tuple(given.tags or ())
    misfire, timeout = read_misfire(given.misfire or None), _seconds(given.timeout)
    job = faults.read(read_job, given.job, services, owner)
    schedule = faults.read(_schedule, given.schedule, now, given.if_past)
    retry = faults.read(read_retry, given.retry or None)
    if faults.found:
        faults.read(check_fields, given.name, tags, misfire, timeout, retry, schedule)
    faults.refuse()
    assert job is not None and schedule is not None  # noqa: S101, PT018  # else it was refused
    return Draft(
        name=given.name,
        tags=tags,
        job=job,
        schedule=schedule,
        misfire=misfire,
        overlap=given.overlap,
        retry=retry,
        timeout=timeout,
        queue=given.queue or DEFAULT_QUEUE,
        priority=given.priority if isinstance(given.priority, int) else None,
    )


def read_changes(
    given: UpdateTaskInput, services: Services, owner: documents.User, task: documents.Task, now: datetime
) -> dict[str, Any]:
    """The fields of Draft that change. Raises SeveralInvalid that names the faulty ones."""
    faults = FaultCollector()
    changes = _simple_changes(given) | _place(given)
    if given.job is not None:
        changes["job"] = faults.read(read_job, given.job.value, services, owner, task.job)
    if given.schedule is not None:
        if_past = given.if_past or IfPast.REFUSE
        changes["schedule"] = faults.read(_schedule, given.schedule.value, now, if_past, _before(task))
    if given.retry is not None:
        changes["retry"] = faults.read(read_retry, given.retry.value)
    if faults.found:
        draft = replace(draft_of(task), **changes)
        faults.read(draft.checked)
    faults.refuse()
    return changes


def _simple_changes(given: UpdateTaskInput) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if given.name is not None:
        changes["name"] = given.name.value
    if given.tags is not None:
        changes["tags"] = tuple(given.tags.value or ())
    if given.misfire is not None:
        changes["misfire"] = read_misfire(given.misfire.value)
    if given.overlap is not None:
        changes["overlap"] = given.overlap.value or Overlap.SKIP
    if given.timeout is not None:
        changes["timeout"] = _seconds(given.timeout.value)
    return changes


def _place(given: UpdateTaskInput) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if given.priority is not None:
        changes["priority"] = given.priority.value
    if given.queue is not None:
        changes["queue"] = given.queue.value or DEFAULT_QUEUE
    return changes


def _before(task: documents.Task) -> schedules.Plain | None:
    """The schedule that a new one replaces; None for a single run that was cancelled, which may be asked for again."""
    before = schedules.plain(schedules.from_document(task.schedule))
    return None if task.hold is documents.Hold.CANCELLED and isinstance(before, schedules.Once) else before


def _schedule(
    given: ScheduleInput, now: datetime, if_past: IfPast, before: schedules.Plain | None = None
) -> schedules.Plain:
    try:
        return read_schedule(given, now, if_past, before)
    except InvalidInput as error:
        raise error.under("schedule") from None


def _seconds(timeout: timedelta | None) -> float | None:
    return timeout.total_seconds() if isinstance(timeout, timedelta) else None
