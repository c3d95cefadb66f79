"""Mutations of tasks."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import Annotated, TypeAlias

import bson
import strawberry

from tocsin import clock
from tocsin.documents import Database, TaskStatus, User
from tocsin.documents import Task as StoredTask
from tocsin.errors import Conflict
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info, Services
from tocsin.graphql.idempotency import begin_idempotent_call
from tocsin.graphql.node import RUN, TASK, load_node
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.graphql.runs.types import Run
from tocsin.graphql.tasks.inputs import (
    CreateTaskInput,
    UpdateTaskInput,
    idempotency_key_field,
    parse_draft,
    parse_draft_changes,
)
from tocsin.graphql.tasks.types import Task
from tocsin.quotas import Quota
from tocsin.tasks import idempotency, lifecycle, ownership, saving
from tocsin.tasks import runs as task_runs

_ENDED = (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED)
_TRIES = 20
HoldAction: TypeAlias = Callable[[Database, str, str, datetime], Awaitable[StoredTask]]


@strawberry.input(description="Input of mutations that take a task.")
class TaskIdInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the task.")


@strawberry.input(description="Input of `runTask`.")
class RunTaskInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the task.")
    idempotency_key: str | None = idempotency_key_field()


@payload
class TaskPayload(Payload):
    task: Task | None = strawberry.field(description="The task after the change; null if there are user errors.")


@payload
class CreateTaskPayload(TaskPayload):
    pass


@payload
class UpdateTaskPayload(TaskPayload):
    pass


@payload
class PauseTaskPayload(TaskPayload):
    pass


@payload
class ResumeTaskPayload(TaskPayload):
    pass


@payload
class CancelTaskPayload(TaskPayload):
    pass


@payload
class DeleteTaskPayload(Payload):
    deleted_task_id: strawberry.ID | None = strawberry.field(
        description="Global ID of the deleted task; null if there are user errors."
    )


@strawberry.type(description="Result of `runTask`.")
class RunTaskPayload(TaskPayload):
    run: Run | None = strawberry.field(description="The new run; null if there are user errors.")


@strawberry.type
class TaskMutations:
    @mutation(description="Create a task. It runs at the due times of its schedule.")
    async def create_task(self, info: Info, input: Annotated[CreateTaskInput, INPUT_ARGUMENT]) -> CreateTaskPayload:
        owner, services = await access.require_user(info), info.context.services
        key, earlier = await begin_idempotent_call(info, owner.id, input)
        if earlier is not None:
            task = await load_node(info, TASK, owner.id, earlier["thing"])
            if task is None:
                raise idempotency.deleted_result("task")
            return CreateTaskPayload(task=task)
        now = clock.now()
        draft = parse_draft(input, services, owner, now)
        async with services.quotas.reserve(owner.id, Quota.TASKS):
            saved = await saving.create_task(services.database, owner.id, draft, now, key)
        services.quotas.add_documents(owner.id, draft.job)
        services.wakeups.task_due(saved.next_run_at)
        return CreateTaskPayload(task=await load_node(info, TASK, owner.id, saved.id))

    @mutation(
        description=(
            "Change a task. Queued and retrying runs use the new settings. A new schedule applies from now on; no due "
            "time runs twice."
        )
    )
    async def update_task(self, info: Info, input: Annotated[UpdateTaskInput, INPUT_ARGUMENT]) -> UpdateTaskPayload:
        owner = await access.require_user(info)
        saved = await _update(info.context.services, owner, input)
        return UpdateTaskPayload(task=await load_node(info, TASK, owner.id, saved.id))

    @mutation(description="Delete a task. Its open runs are cancelled and its history is kept.")
    async def delete_task(self, info: Info, input: Annotated[TaskIdInput, INPUT_ARGUMENT]) -> DeleteTaskPayload:
        owner, services = await access.require_owner(info), info.context.services
        task_id = ids.require_id("Task", input.id, "id")
        task = await ownership.require_task(owner, task_id)
        await lifecycle.delete_task(services.database, owner, task_id, clock.now())
        services.quotas.remove_documents(owner, task.job)
        await _abort_runs(services, task_id)
        return DeleteTaskPayload(deleted_task_id=input.id)

    @mutation(
        description=(
            "Pause a task: it has no due times until it is resumed. Queued and retrying runs are cancelled. An attempt "
            "in progress finishes, but is not retried."
        )
    )
    async def pause_task(self, info: Info, input: Annotated[TaskIdInput, INPUT_ARGUMENT]) -> PauseTaskPayload:
        return PauseTaskPayload(task=await _change_hold(info, input, lifecycle.pause_task))

    @mutation(
        description=(
            "Resume a paused task from its next due time on. Due times that passed while it was paused do not run."
        )
    )
    async def resume_task(self, info: Info, input: Annotated[TaskIdInput, INPUT_ARGUMENT]) -> ResumeTaskPayload:
        return ResumeTaskPayload(task=await _change_hold(info, input, lifecycle.resume_task))

    @mutation(
        description=(
            "Cancel a task: it has no due times until it gets a new schedule. Its open runs are cancelled, and "
            "attempts in progress are aborted."
        )
    )
    async def cancel_task(self, info: Info, input: Annotated[TaskIdInput, INPUT_ARGUMENT]) -> CancelTaskPayload:
        return CancelTaskPayload(task=await _change_hold(info, input, lifecycle.cancel_task, aborts_runs=True))

    @mutation(
        description="Run a task now, in addition to its schedule. Works even if the task is paused or already running."
    )
    async def run_task(self, info: Info, input: Annotated[RunTaskInput, INPUT_ARGUMENT]) -> RunTaskPayload:
        owner, services = await access.require_owner(info), info.context.services
        task_id = ids.require_id("Task", input.id, "id")
        key, earlier = await begin_idempotent_call(info, owner, input)
        if earlier is None:
            await ownership.require_task(owner, task_id)
            services.quotas.consume_run(owner)
        run = await task_runs.run_task_now(services.database, owner, task_id, clock.now(), key)
        services.wakeups.runs_queued()
        return RunTaskPayload(
            task=await load_node(info, TASK, owner, task_id), run=await load_node(info, RUN, owner, run.id)
        )


async def _update(services: Services, owner: User, input: UpdateTaskInput) -> StoredTask:
    """Update the version that was read: stored secrets and the schedule's phase come from it. Retries on a conflict."""
    task_id = ids.require_id("Task", input.id, "id")
    expected = input.expected_version if isinstance(input.expected_version, int) else None
    for tries_left in reversed(range(_TRIES)):
        now, before = clock.now(), await ownership.require_task(owner.id, task_id)
        changes = parse_draft_changes(input, services, owner, before, now)
        keeps = input.job is not None or input.schedule is not None
        version = before.version if expected is None and keeps else expected
        growth = _job_growth(before, changes)
        if growth > 0:
            services.quotas.require_storage(owner.id, "job")
        try:
            async with _quota_for_reactivation(services, before, changes):
                task = await saving.update_task(services.database, owner.id, task_id, changes, now, version)
        except Conflict:
            if expected is not None or not tries_left:
                raise
            continue
        services.quotas.meter.add_bytes(owner.id, growth)
        services.wakeups.task_due(task.next_run_at)
        return task
    raise AssertionError  # the last try returns or raises


def _job_growth(task: StoredTask, changes: saving.DraftChanges) -> int:
    """Return the bytes by which the stored job grows; negative if it shrinks."""
    return len(bson.encode(changes["job"])) - len(bson.encode(task.job)) if "job" in changes else 0


def _quota_for_reactivation(
    services: Services, task: StoredTask, changes: saving.DraftChanges
) -> AbstractAsyncContextManager[object]:
    """Reserve quota if a new schedule makes a task that had ended active again."""
    if "schedule" in changes and task.status in _ENDED:
        return services.quotas.reserve(task.owner, Quota.TASKS)
    return nullcontext()


async def _change_hold(info: Info, input: TaskIdInput, act: HoldAction, *, aborts_runs: bool = False) -> Task | None:
    owner, services = await access.require_owner(info), info.context.services
    task_id = ids.require_id("Task", input.id, "id")
    task = await act(services.database, owner, task_id, clock.now())
    services.wakeups.task_due(task.next_run_at)
    if aborts_runs:
        await _abort_runs(services, task_id)
    return await load_node(info, TASK, owner, task_id)


async def _abort_runs(services: Services, task_id: str) -> None:
    """Abort attempts of the task in this process. Other processes learn of it from the changes."""
    for run_id in await lifecycle.find_running_runs(services.database, task_id):
        services.wakeups.cancel_requested(run_id)
