"""The mutation that creates many tasks at once."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from tocsin import clock, errors
from tocsin.documents import IdempotencyDocument, User, new_id
from tocsin.errors import Conflict, InvalidInput
from tocsin.graphql import access
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info, Services
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.errors import UserError, to_user_error, to_user_errors
from tocsin.graphql.idempotency import find_earlier_call
from tocsin.graphql.jobs.known_secrets import load_known_secrets
from tocsin.graphql.node import TASK, load_node
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.graphql.tasks.inputs import CreateTaskInput, idempotency_key_field, parse_draft
from tocsin.graphql.tasks.types import Task
from tocsin.named_secrets.store import KnownSecrets
from tocsin.quotas import Quota
from tocsin.tasks import bulk_creation, idempotency, queues, saving

_CHUNK = 50
"""Tasks checked in one call of a thread. Between calls the operation can be cancelled."""


class SaveMode(Enum):
    """Behaviour of `createTasks` if some of the tasks are invalid."""

    ALL_OR_NOTHING = "ALL_OR_NOTHING"
    EACH = "EACH"


describe_enum(
    SaveMode,
    "What `createTasks` does with the valid tasks if others are invalid.",
    {"ALL_OR_NOTHING": "No task is saved.", "EACH": "The valid tasks are saved."},
)


@strawberry.input(description="Input of `createTasks`.")
class CreateTasksInput:
    tasks: list[CreateTaskInput] = strawberry.field(
        description=(
            f"1 to {bulk_creation.MAX_TASKS:,} tasks. They must not have an `idempotencyKey` each; "
            "use the one of the list."
        )
    )
    mode: SaveMode = strawberry.field(
        default=SaveMode.ALL_OR_NOTHING, description="What to do with the valid tasks if others are invalid."
    )
    idempotency_key: str | None = idempotency_key_field()


@strawberry.type(description="Result for one task of `createTasks`.")
class CreateTasksResult:
    index: int = strawberry.field(description="Zero-based index of the task: the number of tasks before it in `tasks`.")
    task: Task | None = strawberry.field(description="The created task; null if it was not saved.")
    user_errors: list[UserError] = strawberry.field(
        description="The error of this task, at most one; empty if it was saved."
    )


@payload
class CreateTasksPayload(Payload):
    results: list[CreateTasksResult] = strawberry.field(
        default_factory=list,
        description="Result for each task, in the order of `tasks`; empty if the list as a whole was refused.",
    )
    user_errors: list[UserError] = strawberry.field(
        default_factory=list,
        description=(
            "Errors of the list as a whole, for which nothing was saved. Errors of single tasks are in `results`."
        ),
    )


@strawberry.type
class TaskBatchMutations:
    @mutation(
        description=(
            "Create up to "
            f"{bulk_creation.MAX_TASKS:,} tasks at once. If the database fails meanwhile, sending the same input again "
            "with the same `idempotencyKey` saves the missing tasks and none twice."
        )
    )
    async def create_tasks(self, info: Info, input: Annotated[CreateTasksInput, INPUT_ARGUMENT]) -> CreateTasksPayload:
        owner = await access.require_user(info)
        work = await _create(info, owner, input)
        is_refused = work.record is None and input.mode is SaveMode.ALL_OR_NOTHING
        return CreateTasksPayload(
            results=await _results(info, owner.id, work), user_errors=[_nothing_saved(work)] if is_refused else []
        )


@dataclass(frozen=True, slots=True)
class _Batch:
    """A checked list of `count` tasks, valid and invalid ones by index. `record` is None if nothing was saved."""

    count: int
    valid: Mapping[int, saving.ValidatedDraft]
    invalid: Mapping[int, errors.UserError]
    record: IdempotencyDocument | None = None


async def _create(info: Info, owner: User, input: CreateTasksInput) -> _Batch:
    """Check all tasks and save the valid ones, unless the mode forbids it.

    A repeated call is checked as of the time of the first one, so that tasks that were valid then stay valid.
    """
    if not 1 <= len(input.tasks) <= bulk_creation.MAX_TASKS:
        raise InvalidInput(f"Give 1 to {bulk_creation.MAX_TASKS:,} tasks, not {len(input.tasks):,}.", "tasks")
    services = info.context.services
    key, record = await find_earlier_call(info, owner.id, input)
    now = clock.now() if record is None else record["created_at"]
    work = await _check(services, owner, input, now)
    done = record is not None and record["done"]
    if not done and (not work.valid or (work.invalid and input.mode is SaveMode.ALL_OR_NOTHING)):
        return work
    record = await idempotency.claim_key(services.database, key, new_id(owner.id), now)
    if record["created_at"] != now:  # a concurrent call with the same key was faster
        work = await _check(services, owner, input, record["created_at"])
    async with services.quotas.reserve(owner.id, Quota.TASKS, 0 if record["done"] else len(work.valid), "tasks"):
        await bulk_creation.create_tasks(services.database, owner.id, work.valid, record)
    if not record["done"]:
        services.quotas.add_documents(owner.id, *(task.draft.job for task in work.valid.values()))
    services.wakeups.task_due(min((task.next_run_at for task in work.valid.values()), default=None))
    return _Batch(work.count, work.valid, work.invalid, record)


async def _check(services: Services, owner: User, input: CreateTasksInput, now: datetime) -> _Batch:
    """Check all tasks in threads: the valid ones are ready to be saved, the others have their error."""
    default_priorities = await queues.default_priorities(services.database)
    known_secrets = await load_known_secrets(services, owner.id, (task.job for task in input.tasks))

    def check(start: int) -> list[saving.ValidatedDraft | errors.UserError]:
        chunk = enumerate(input.tasks[start : start + _CHUNK], start)
        return [
            _check_one(services, owner, known_secrets, index, task, now, default_priorities) for index, task in chunk
        ]

    found = [one for start in range(0, len(input.tasks), _CHUNK) for one in await asyncio.to_thread(check, start)]
    valid = {index: one for index, one in enumerate(found) if isinstance(one, saving.ValidatedDraft)}
    invalid = {index: one for index, one in enumerate(found) if isinstance(one, errors.UserError)}
    return _Batch(len(found), valid, invalid)


def _check_one(
    services: Services,
    owner: User,
    known_secrets: KnownSecrets,
    index: int,
    input: CreateTaskInput,
    now: datetime,
    default_priorities: Mapping[str, int],
) -> saving.ValidatedDraft | errors.UserError:
    try:
        if isinstance(input.idempotency_key, str):
            raise InvalidInput(
                "Tasks of a list cannot have an idempotencyKey. Give one for the whole list, next to `tasks`.",
                "idempotencyKey",
            )
        if input.unique_name:
            raise InvalidInput("Tasks of a list cannot have unique names. Use upsertTask for these.", "uniqueName")
        draft = saving.with_queue_priority(parse_draft(input, services, owner, known_secrets, now), default_priorities)
        return saving.validate_draft(draft, now)
    except errors.UserError as error:
        return error.prefix_path("tasks", str(index))


def _nothing_saved(work: _Batch) -> UserError:
    invalid = f"{len(work.invalid):,} of {work.count:,} tasks {'is' if len(work.invalid) == 1 else 'are'} invalid"
    return to_user_error(InvalidInput(f"Nothing was saved: {invalid}, see `results`.", "tasks"))


async def _results(info: Info, owner: str, work: _Batch) -> list[CreateTasksResult]:
    tasks: list[Task | None] = [None] * work.count
    if (record := work.record) is not None:
        ids = [bulk_creation.task_id_at(record, index) for index in range(work.count)]
        tasks = await asyncio.gather(*(load_node(info, TASK, owner, id_) for id_ in ids))  # one query
    return [
        CreateTasksResult(index=index, task=task, user_errors=[] if task else _errors_of(work, index))
        for index, task in enumerate(tasks)
    ]


def _errors_of(work: _Batch, index: int) -> list[UserError]:
    if index in work.invalid:
        return to_user_errors(work.invalid[index])
    if work.record is None:
        return []
    return [
        to_user_error(
            Conflict("This task was saved by an earlier call and has been deleted since.", "tasks", str(index))
        )
    ]
