"""What an owner does with many tasks at once."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from tocsin import clock, errors
from tocsin.documents import Doc, User, new_id
from tocsin.errors import Conflict, InvalidInput
from tocsin.graphql import access
from tocsin.graphql.context import Info, Services
from tocsin.graphql.enums import describe
from tocsin.graphql.errors import UserError, caught, shown, shown_all
from tocsin.graphql.repeating import key_of
from tocsin.graphql.task_inputs import CreateTaskInput, key_field, read_draft
from tocsin.graphql.task_types import Task, load_task
from tocsin.graphql.words import WHAT
from tocsin.quotas import Quota
from tocsin.tasks import batches, idempotency, queues, saving

_PORTION = 50
"""So many tasks are checked before it is looked whether the caller still waits."""


class SaveMode(Enum):
    """What becomes of the good tasks of a list if others are wrong."""

    ALL_OR_NOTHING = "ALL_OR_NOTHING"
    EACH = "EACH"


describe(
    SaveMode,
    "What becomes of the good tasks of a list if others are wrong.",
    {"ALL_OR_NOTHING": "None is saved.", "EACH": "They are saved, each for itself."},
)


@strawberry.input(description="New tasks.")
class CreateTasksInput:
    tasks: list[CreateTaskInput] = strawberry.field(
        description=f"1 to {batches.MOST:,} tasks. The `idempotencyKey` is that of the whole list, not of single tasks."
    )
    mode: SaveMode = strawberry.field(
        default=SaveMode.ALL_OR_NOTHING, description="What becomes of the good tasks if others are wrong."
    )
    idempotency_key: str | None = key_field()


@strawberry.type(description="What became of one task of a list.")
class CreateTasksResult:
    index: int = strawberry.field(description="The task's place in `tasks`: how many come before it.")
    task: Task | None = strawberry.field(description="The task as it is now; null if it was not saved.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with this task: one fault at most.")


@strawberry.type(description="The answer to createTasks.")
class CreateTasksPayload:
    results: list[CreateTasksResult] = strawberry.field(
        description="What became of each task, in the order of `tasks`; empty if they were not looked at."
    )
    user_errors: list[UserError] = strawberry.field(
        description="Why nothing was saved. With EACH the faults of single tasks are told in `results` only."
    )


@strawberry.type
class BatchMutations:
    @strawberry.mutation(
        description=(
            "Save many tasks at once. Should the database fail on the way, the same sent again with its "
            "`idempotencyKey` saves what is missing and nothing twice."
        )
    )
    async def create_tasks(self, info: Info, input: Annotated[CreateTasksInput, WHAT]) -> CreateTasksPayload:
        owner = await access.user(info)
        work, faults = await caught(_create(info.context.services, owner, input))
        if work is None:
            return CreateTasksPayload(results=[], user_errors=faults)
        if work.record is None and input.mode is SaveMode.ALL_OR_NOTHING:
            faults = [_nothing_saved(work)]
        return CreateTasksPayload(results=await _results(info, owner.id, work), user_errors=faults)


@dataclass(frozen=True, slots=True)
class _Work:
    """What was found of a list of so many tasks; `record` is None if nothing was saved."""

    count: int
    good: Mapping[int, saving.Ready]
    wrong: Mapping[int, errors.UserError]
    record: Doc | None = None


async def _create(services: Services, owner: User, given: CreateTasksInput) -> _Work:
    """Check all and save what may be saved.

    A call that is repeated is checked as of its first try: what was good then is good, whatever has passed by now.
    """
    if not 1 <= len(given.tasks) <= batches.MOST:
        raise InvalidInput(f"Give 1 to {batches.MOST:,} tasks; these are {len(given.tasks):,}.", "tasks")
    key = await asyncio.to_thread(key_of, services, owner.id, "createTasks", given)
    record = None if key is None else await idempotency.find(services.database, key)
    now = clock.now() if record is None else record["created_at"]
    work = await _check(services, owner, given, now)
    done = record is not None and record["done"]
    if not done and (not work.good or (work.wrong and given.mode is SaveMode.ALL_OR_NOTHING)):
        return work
    record = await idempotency.take(services.database, key, new_id(owner.id), now)
    if record["created_at"] != now:  # the same call came twice at once, and the other one was faster
        work = await _check(services, owner, given, record["created_at"])
    async with services.quotas.room(owner.id, Quota.TASKS, 0 if record["done"] else len(work.good), "tasks"):
        await batches.save(services.database, owner.id, work.good, record)
    services.quotas.note_stored(owner.id, *(task.draft.job for task in work.good.values()))
    services.on_due(min((task.next_run_at for task in work.good.values()), default=None))
    return _Work(work.count, work.good, work.wrong, record)


async def _check(services: Services, owner: User, given: CreateTasksInput, now: datetime) -> _Work:
    """All tasks as they are to be saved, and what is wrong with the others."""
    standards = await queues.standards(services.database)

    def check(start: int) -> list[saving.Ready | errors.UserError]:
        portion = enumerate(given.tasks[start : start + _PORTION], start)
        return [_checked(services, owner, index, task, now, standards) for index, task in portion]

    found = [one for start in range(0, len(given.tasks), _PORTION) for one in await asyncio.to_thread(check, start)]
    good = {index: one for index, one in enumerate(found) if isinstance(one, saving.Ready)}
    wrong = {index: one for index, one in enumerate(found) if isinstance(one, errors.UserError)}
    return _Work(len(found), good, wrong)


def _checked(
    services: Services, owner: User, index: int, given: CreateTaskInput, now: datetime, standards: Mapping[str, int]
) -> saving.Ready | errors.UserError:
    try:
        if isinstance(given.idempotency_key, str):
            raise InvalidInput("Give one idempotencyKey for the whole list, beside `tasks`.", "idempotencyKey")
        draft = saving.in_queue(read_draft(given, services, owner, now), standards)
        return saving.ready(draft, now)
    except errors.UserError as error:
        return error.under("tasks", str(index))


def _nothing_saved(work: _Work) -> UserError:
    wrong = f"{len(work.wrong):,} of {work.count:,} tasks {'is' if len(work.wrong) == 1 else 'are'} wrong"
    return shown(InvalidInput(f"Nothing was saved: {wrong}, see `results`.", "tasks"))


async def _results(info: Info, owner: str, work: _Work) -> list[CreateTasksResult]:
    tasks: list[Task | None] = [None] * work.count
    if (record := work.record) is not None:
        ids = [batches.id_of(record, index) for index in range(work.count)]
        tasks = await asyncio.gather(*(load_task(info, owner, id_) for id_ in ids))  # one query
    return [
        CreateTasksResult(index=index, task=task, user_errors=[] if task else _faults(work, index))
        for index, task in enumerate(tasks)
    ]


def _faults(work: _Work, index: int) -> list[UserError]:
    if index in work.wrong:
        return shown_all(work.wrong[index])
    if work.record is None:
        return []
    return [shown(Conflict("This task was saved, and has been deleted since.", "tasks", str(index)))]
