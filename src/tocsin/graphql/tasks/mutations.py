"""Mutations of tasks."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeAlias

import strawberry

from tocsin import clock
from tocsin.documents import Database, User
from tocsin.documents import Task as StoredTask
from tocsin.errors import Conflict
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info, Services
from tocsin.graphql.idempotency import begin_idempotent_call
from tocsin.graphql.jobs.known_secrets import load_known_secrets
from tocsin.graphql.node import RUN, TASK, load_node
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.graphql.runs.types import Run
from tocsin.graphql.tasks import writes
from tocsin.graphql.tasks.inputs import (
    CreateTaskInput,
    UpdateTaskInput,
    idempotency_key_field,
    parse_draft,
    parse_draft_changes,
)
from tocsin.graphql.tasks.types import Task
from tocsin.tasks import idempotency, lifecycle, ownership
from tocsin.tasks import runs as task_runs

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
        known_secrets = await load_known_secrets(services, owner.id, [input.job])
        draft = parse_draft(input, services, owner, known_secrets, now)
        saved = await writes.create_task(services, owner.id, draft, now, key)
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
        await writes.delete_task(services, owner, await ownership.require_task(owner, task_id), clock.now())
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
    for tries_left in reversed(range(writes.WRITE_TRIES)):
        now, before = clock.now(), await ownership.require_task(owner.id, task_id)
        known_secrets = await load_known_secrets(services, owner.id, [input.job])
        changes = parse_draft_changes(input, services, owner, known_secrets, before, now)
        keeps = input.job is not None or input.schedule is not None
        version = before.version if expected is None and keeps else expected
        try:
            return await writes.update_task(services, owner, before, changes, now, version)
        except Conflict:
            if expected is not None or not tries_left:
                raise
    raise AssertionError  # the last try returns or raises


async def _change_hold(info: Info, input: TaskIdInput, act: HoldAction, *, aborts_runs: bool = False) -> Task | None:
    owner, services = await access.require_owner(info), info.context.services
    task_id = ids.require_id("Task", input.id, "id")
    task = await act(services.database, owner, task_id, clock.now())
    services.wakeups.task_due(task.next_run_at)
    if aborts_runs:
        await writes.abort_runs(services, task_id)
    return await load_node(info, TASK, owner, task_id)
