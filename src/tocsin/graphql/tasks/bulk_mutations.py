"""Mutations that do one thing to many tasks. Each task is changed by itself, and has its own errors."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias

import strawberry

from tocsin import clock, errors
from tocsin.errors import InvalidInput
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info, Services
from tocsin.graphql.errors import UserError, to_user_errors
from tocsin.graphql.idempotency import digest_key
from tocsin.graphql.node import RUN, TASK, load_node
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.graphql.runs.types import Run
from tocsin.graphql.tasks import writes
from tocsin.graphql.tasks.inputs import idempotency_key_field
from tocsin.graphql.tasks.types import Task
from tocsin.tasks import idempotency, lifecycle, ownership
from tocsin.tasks import runs as task_runs
from tocsin.tasks.idempotency import IdempotentCall

MAX_IDS = 100
_IDS_DESCRIPTION = f"Global IDs of 1 to {MAX_IDS} different tasks."
_EACH = "Each task is changed by itself: an error of one does not keep the others from it."
Change: TypeAlias = Callable[[Services, str, str], Awaitable[str | None]]
"""Changes a task of an owner, and returns the ID of the run that was made, if any."""


@strawberry.input(description="Input of mutations that take many tasks.")
class TaskIdsInput:
    ids: list[strawberry.ID] = strawberry.field(description=_IDS_DESCRIPTION)


@strawberry.input(description="Input of `runTasks`.")
class RunTasksInput:
    ids: list[strawberry.ID] = strawberry.field(description=_IDS_DESCRIPTION)
    idempotency_key: str | None = idempotency_key_field()


@strawberry.type(description="What became of one task of a mutation that takes many.")
class TaskChangeResult:
    task_id: strawberry.ID = strawberry.field(description="Global ID of the task, as it was given.")
    task: Task | None = strawberry.field(
        description="The task after the change; null if it was deleted, and if there are user errors."
    )
    run: Run | None = strawberry.field(description="The run that `runTasks` made; null otherwise.")
    user_errors: list[UserError] = strawberry.field(description="Errors of this task; empty on success.")


@strawberry.type
class TaskChangesPayload(Payload):
    results: list[TaskChangeResult] = strawberry.field(
        default_factory=list,
        description="Result for each task, in the order of `ids`; empty if the list as a whole was refused.",
    )
    user_errors: list[UserError] = strawberry.field(
        default_factory=list,
        description="Errors of the list as a whole, for which nothing was done. Others are in `results`.",
    )


@payload
class PauseTasksPayload(TaskChangesPayload):
    pass


@payload
class ResumeTasksPayload(TaskChangesPayload):
    pass


@payload
class RunTasksPayload(TaskChangesPayload):
    pass


@payload
class DeleteTasksPayload(TaskChangesPayload):
    pass


@strawberry.type
class BulkTaskMutations:
    @mutation(description=f"Pause many tasks, as `pauseTask` does. {_EACH}")
    async def pause_tasks(self, info: Info, input: Annotated[TaskIdsInput, INPUT_ARGUMENT]) -> PauseTasksPayload:
        return PauseTasksPayload(results=await _change_each(info, input.ids, _pause))

    @mutation(description=f"Resume many paused tasks, as `resumeTask` does. {_EACH}")
    async def resume_tasks(self, info: Info, input: Annotated[TaskIdsInput, INPUT_ARGUMENT]) -> ResumeTasksPayload:
        return ResumeTasksPayload(results=await _change_each(info, input.ids, _resume))

    @mutation(description=f"Run many tasks now, as `runTask` does. {_EACH}")
    async def run_tasks(self, info: Info, input: Annotated[RunTasksInput, INPUT_ARGUMENT]) -> RunTasksPayload:
        owner = await access.require_owner(info)
        key = await digest_key(info, owner, input)

        async def run(services: Services, owner: str, task_id: str) -> str:
            return await _run(services, owner, task_id, key and key.derive(task_id))

        return RunTasksPayload(results=await _change_each(info, input.ids, run))

    @mutation(description=f"Delete many tasks, as `deleteTask` does. {_EACH}")
    async def delete_tasks(self, info: Info, input: Annotated[TaskIdsInput, INPUT_ARGUMENT]) -> DeleteTasksPayload:
        return DeleteTasksPayload(results=await _change_each(info, input.ids, _delete))


async def _change_each(info: Info, given: list[strawberry.ID], change: Change) -> list[TaskChangeResult]:
    """Change the tasks one after the other, so that a long list does not crowd out other requests."""
    owner = await access.require_owner(info)
    if not 1 <= len(given) <= MAX_IDS or len(set(given)) != len(given):
        raise InvalidInput(f"Give 1 to {MAX_IDS} different ids, not {len(given):,}.", "ids")
    return [await _change(info, owner, index, task_id, change) for index, task_id in enumerate(given)]


async def _change(info: Info, owner: str, index: int, given: strawberry.ID, change: Change) -> TaskChangeResult:
    try:
        task_id = ids.require_id("Task", given)
        run_id = await change(info.context.services, owner, task_id)
    except errors.UserError as error:
        error.path = ()
        user_errors = to_user_errors(error.prefix_path("ids", str(index)))
        return TaskChangeResult(task_id=given, task=None, run=None, user_errors=user_errors)
    task = await load_node(info, TASK, owner, task_id)
    run = None if run_id is None else await load_node(info, RUN, owner, run_id)
    return TaskChangeResult(task_id=given, task=task, run=run, user_errors=[])


async def _pause(services: Services, owner: str, task_id: str) -> None:
    await lifecycle.pause_task(services.database, owner, task_id, clock.now())


async def _resume(services: Services, owner: str, task_id: str) -> None:
    task = await lifecycle.resume_task(services.database, owner, task_id, clock.now())
    services.wakeups.task_due(task.next_run_at)


async def _delete(services: Services, owner: str, task_id: str) -> None:
    await writes.delete_task(services, owner, await ownership.require_task(owner, task_id), clock.now())


async def _run(services: Services, owner: str, task_id: str, key: IdempotentCall | None) -> str:
    record = None if key is None else await idempotency.find_record(services.database, key)
    if record is None or not record["done"]:
        await ownership.require_task(owner, task_id)
        services.quotas.consume_run(owner)
    run = await task_runs.run_task_now(services.database, owner, task_id, clock.now(), key)
    services.wakeups.runs_queued()
    return run.id
