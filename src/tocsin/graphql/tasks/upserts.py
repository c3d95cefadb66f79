"""The mutation that creates or updates a task by its name, so that tasks can be kept in files."""

import asyncio
import dataclasses
from enum import Enum
from typing import Annotated, cast

import strawberry

from tocsin import clock, documents
from tocsin.documents import User
from tocsin.errors import Conflict
from tocsin.graphql import access
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info, Services
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.idempotency import digest_input
from tocsin.graphql.jobs.known_secrets import load_known_secrets
from tocsin.graphql.node import TASK, load_node
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.graphql.tasks import writes
from tocsin.graphql.tasks.inputs import UpsertTaskInput, parse_draft
from tocsin.graphql.tasks.types import Task
from tocsin.tasks.drafts import DraftChanges
from tocsin.tasks.names import digest_applied, find_task_by_name, note_applied


class UpsertOutcome(Enum):
    """What `upsertTask` did."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"


describe_enum(
    UpsertOutcome,
    "What `upsertTask` did.",
    {
        "CREATED": "There was no task with this name; it was created.",
        "UPDATED": "The task was given these settings.",
        "UNCHANGED": "The task has these settings since they were last applied; nothing was written.",
    },
)


@payload
class UpsertTaskPayload(Payload):
    task: Task | None = strawberry.field(description="The task; null if there are user errors.")
    outcome: UpsertOutcome | None = strawberry.field(description="What was done; null if there are user errors.")


@strawberry.type
class TaskUpsertMutations:
    @mutation(
        description=(
            "Create the task with this name, or give it these settings, so that tasks can be kept in files. The name "
            "is unique from then on, ignoring case. A task that has the name already is taken over if it is the only "
            "one. Sending the same input again changes nothing; a paused or cancelled task stays so unless its "
            "schedule changes."
        )
    )
    async def upsert_task(self, info: Info, input: Annotated[UpsertTaskInput, INPUT_ARGUMENT]) -> UpsertTaskPayload:
        owner, services = await access.require_user(info), info.context.services
        digest = await asyncio.to_thread(digest_input, services, input)
        for tries_left in reversed(range(writes.WRITE_TRIES)):
            before = await find_task_by_name(services.database, owner.id, input.name)
            if before is not None and _is_in_effect(services, digest, before):
                return await _payload(info, owner.id, before.id, UpsertOutcome.UNCHANGED)
            try:
                saved = await _save(services, owner, input, before)
            except Conflict:  # changed, or created by another call, since it was looked up
                if not tries_left:
                    raise
                continue
            await note_applied(services.database, saved, digest_applied(services.fingerprint_key, digest, saved))
            done = UpsertOutcome.CREATED if before is None else UpsertOutcome.UPDATED
            return await _payload(info, owner.id, saved.id, done)
        raise AssertionError  # the last try returns or raises


def _is_in_effect(services: Services, digest: str, task: documents.Task) -> bool:
    return task.unique_name and task.applied == digest_applied(services.fingerprint_key, digest, task)


async def _save(
    services: Services, owner: User, input: UpsertTaskInput, before: documents.Task | None
) -> documents.Task:
    now = clock.now()
    known_secrets = await load_known_secrets(services, owner.id, [input.job])
    draft = parse_draft(input, services, owner, known_secrets, now, before)
    if before is None:
        return await writes.create_task(services, owner.id, draft, now)
    fields = {field.name: getattr(draft, field.name) for field in dataclasses.fields(draft)}
    return await writes.update_task(services, owner, before, cast("DraftChanges", fields), now, before.version)


async def _payload(info: Info, owner: str, task_id: str, outcome: UpsertOutcome) -> UpsertTaskPayload:
    return UpsertTaskPayload(task=await load_node(info, TASK, owner, task_id), outcome=outcome)
