"""What an owner does with tasks."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Annotated, Any

import bson
import strawberry

from tocsin import clock
from tocsin.documents import Doc, RunStatus, TaskStatus, User
from tocsin.documents import Task as TaskDocument
from tocsin.errors import Conflict
from tocsin.graphql import access, ids
from tocsin.graphql.context import Info, Services
from tocsin.graphql.errors import UserError, caught
from tocsin.graphql.repeating import earlier, key_of
from tocsin.graphql.run_types import Run, load_run
from tocsin.graphql.task_inputs import CreateTaskInput, UpdateTaskInput, key_field, read_changes, read_draft
from tocsin.graphql.task_types import Task, load_task
from tocsin.graphql.words import WHAT
from tocsin.quotas import Quota
from tocsin.tasks import holding, idempotency, owned, saving, triggering

_ENDED = (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED)
_TRIES = 20


@strawberry.input(description="One of your tasks.")
class TaskIdInput:
    id: strawberry.ID = strawberry.field(description="The task.")


@strawberry.input(description="A task to run now.")
class RunTaskInput:
    id: strawberry.ID = strawberry.field(description="The task.")
    idempotency_key: str | None = key_field()


@strawberry.type
class TaskPayload:
    task: Task | None = strawberry.field(description="The task as it is now; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to createTask.")
class CreateTaskPayload(TaskPayload):
    pass


@strawberry.type(description="The answer to updateTask.")
class UpdateTaskPayload(TaskPayload):
    pass


@strawberry.type(description="The answer to pauseTask.")
class PauseTaskPayload(TaskPayload):
    pass


@strawberry.type(description="The answer to resumeTask.")
class ResumeTaskPayload(TaskPayload):
    pass


@strawberry.type(description="The answer to cancelTask.")
class CancelTaskPayload(TaskPayload):
    pass


@strawberry.type(description="The answer to deleteTask.")
class DeleteTaskPayload:
    deleted_task_id: strawberry.ID | None = strawberry.field(
        description="The id of the task that is gone; null if there are user errors."
    )
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to runTask.")
class RunTaskPayload(TaskPayload):
    run: Run | None = strawberry.field(description="The run that was made; null if there are user errors.")


@strawberry.type
class TaskMutations:
    @strawberry.mutation(description="Save a task. It runs when its schedule says so.")
    async def create_task(self, info: Info, input: Annotated[CreateTaskInput, WHAT]) -> CreateTaskPayload:
        owner = await access.user(info)
        task, faults = await caught(_create(info.context.services, owner, input))
        return CreateTaskPayload(task=await _shown(info, owner.id, task), user_errors=faults)

    @strawberry.mutation(
        description="Change a task. Queued and retrying runs get the new settings; no due time is run twice."
    )
    async def update_task(self, info: Info, input: Annotated[UpdateTaskInput, WHAT]) -> UpdateTaskPayload:
        owner = await access.user(info)
        task, faults = await caught(_update(info.context.services, owner, input))
        return UpdateTaskPayload(task=await _shown(info, owner.id, task), user_errors=faults)

    @strawberry.mutation(description="Delete a task. Its open runs are cancelled, its history is kept.")
    async def delete_task(self, info: Info, input: Annotated[TaskIdInput, WHAT]) -> DeleteTaskPayload:
        owner = await access.owner(info)
        _, faults = await caught(_delete(info.context.services, owner, input))
        return DeleteTaskPayload(deleted_task_id=None if faults else input.id, user_errors=faults)

    @strawberry.mutation(
        description=(
            "No due times until it is resumed. Queued and retrying runs are cancelled, a running one ends "
            "without retry."
        )
    )
    async def pause_task(self, info: Info, input: Annotated[TaskIdInput, WHAT]) -> PauseTaskPayload:
        owner = await access.owner(info)
        task, faults = await caught(_hold(info.context.services, owner, input, holding.pause))
        return PauseTaskPayload(task=await _shown(info, owner, task), user_errors=faults)

    @strawberry.mutation(
        description="Make a paused task active again, from the next due time on. What passed meanwhile is not run."
    )
    async def resume_task(self, info: Info, input: Annotated[TaskIdInput, WHAT]) -> ResumeTaskPayload:
        owner = await access.owner(info)
        task, faults = await caught(_hold(info.context.services, owner, input, holding.resume))
        return ResumeTaskPayload(task=await _shown(info, owner, task), user_errors=faults)

    @strawberry.mutation(
        description=(
            "End a task: no due times until it gets a new schedule. Its open runs are cancelled, running ones aborted."
        )
    )
    async def cancel_task(self, info: Info, input: Annotated[TaskIdInput, WHAT]) -> CancelTaskPayload:
        owner = await access.owner(info)
        task, faults = await caught(_hold(info.context.services, owner, input, holding.cancel))
        return CancelTaskPayload(task=await _shown(info, owner, task), user_errors=faults)

    @strawberry.mutation(description="Run a task now, beside its schedule, even if it is paused or running.")
    async def run_task(self, info: Info, input: Annotated[RunTaskInput, WHAT]) -> RunTaskPayload:
        owner, services = await access.owner(info), info.context.services
        task, run = None, None
        made, faults = await caught(_run(services, owner, input))
        if made is not None:
            task, run = await load_task(info, owner, made[0]), await load_run(info, owner, made[1])
        return RunTaskPayload(task=task, run=run, user_errors=faults)


async def _shown(info: Info, owner: str, task: TaskDocument | None) -> Task | None:
    return None if task is None else await load_task(info, owner, task.id)


async def _create(services: Services, owner: User, given: CreateTaskInput) -> TaskDocument:
    key = key_of(services, owner.id, "createTask", given)
    if (record := await earlier(services, key)) is not None:
        task = await owned.find_task(owner.id, record["thing"])
        if task is None:
            raise idempotency.gone("task")
        return task
    now = clock.now()
    draft = read_draft(given, services, owner, now)
    async with services.quotas.room(owner.id, Quota.TASKS):
        task = await saving.create(services.database, owner.id, draft, now, key)
    services.quotas.note_stored(owner.id, draft.job)
    services.on_due(task.next_run_at)
    return task


async def _update(services: Services, owner: User, given: UpdateTaskInput) -> TaskDocument:
    """A kept secret or phase belongs to the version that was read: the change is made to that one or tried anew."""
    task_id = ids.require("Task", given.id, "id")
    expected = given.expected_version if isinstance(given.expected_version, int) else None
    for tries_left in reversed(range(_TRIES)):
        now, before = clock.now(), await owned.require_task(owner.id, task_id)
        changes = read_changes(given, services, owner, before, now)
        keeps = given.job is not None or given.schedule is not None
        version = before.version if expected is None and keeps else expected
        growth = _growth(before, changes)
        if growth > 0:
            services.quotas.require_storage(owner.id, "job")
        try:
            async with _room_for_revived(services, before, changes):
                task = await saving.update(services.database, owner.id, task_id, changes, now, version)
        except Conflict:
            if expected is not None or not tries_left:
                raise
            continue
        services.quotas.meter.add_bytes(owner.id, growth)
        services.on_due(task.next_run_at)
        return task
    raise AssertionError  # the last try returns or raises


def _growth(task: TaskDocument, changes: Mapping[str, Any]) -> int:
    """The bytes by which the task's job gets larger."""
    return len(bson.encode(changes["job"])) - len(bson.encode(task.job)) if "job" in changes else 0


def _room_for_revived(
    services: Services, task: TaskDocument, changes: Mapping[str, Any]
) -> AbstractAsyncContextManager[None]:
    """A task that had ended counts again once it has a new schedule."""
    if "schedule" in changes and task.status in _ENDED:
        return services.quotas.room(task.owner, Quota.TASKS)
    return nullcontext()


async def _delete(services: Services, owner: str, given: TaskIdInput) -> None:
    task_id = ids.require("Task", given.id, "id")
    task = await owned.require_task(owner, task_id)
    await holding.delete(services.database, owner, task_id, clock.now())
    services.quotas.note_deleted(owner, task.job)
    await _abort_runs(services, task_id)


async def _hold(services: Services, owner: str, given: TaskIdInput, act: Any) -> TaskDocument:
    task_id = ids.require("Task", given.id, "id")
    task: TaskDocument = await act(services.database, owner, task_id, clock.now())
    services.on_due(task.next_run_at)
    if act is holding.cancel:
        await _abort_runs(services, task_id)
    return task


async def _abort_runs(services: Services, task_id: str) -> None:
    """Tell this process to stop what it runs of a task; other processes see it in the change stream."""
    open_runs: list[Doc] = await services.database.runs.find({"task": task_id, "open": True}, {"status": 1}).to_list()
    for run in open_runs:
        if run["status"] == RunStatus.RUNNING.value:
            services.on_cancel(run["_id"])


async def _run(services: Services, owner: str, given: RunTaskInput) -> tuple[str, str]:
    task_id = ids.require("Task", given.id, "id")
    key = key_of(services, owner, "runTask", given)
    if await earlier(services, key) is None:
        await owned.require_task(owner, task_id)
        services.quotas.take_run(owner)
    run = await triggering.run_now(services.database, owner, task_id, clock.now(), key)
    services.on_queued()
    return task_id, run.id
