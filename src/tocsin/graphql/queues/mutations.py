"""Mutations of queues, for administrators."""

from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.accounts import audit
from tocsin.documents import AuditAction, Changes
from tocsin.graphql import access
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info
from tocsin.graphql.payloads import mutation
from tocsin.graphql.queues.inputs import (
    PauseQueuePayload,
    QueueNameInput,
    ResumeQueuePayload,
    UpdateQueueInput,
    UpdateQueuePayload,
)
from tocsin.graphql.queues.types import Queue, to_queue
from tocsin.tasks import queues
from tocsin.tasks.queue_statistics import QueueStatistics


@strawberry.type
class QueueMutations:
    @mutation(description="Create or change a queue. Requires administrator access. Takes effect immediately.")
    async def update_queue(self, info: Info, input: Annotated[UpdateQueueInput, INPUT_ARGUMENT]) -> UpdateQueuePayload:
        given = {
            "description": input.description, "concurrency": input.concurrency, "rate": input.rate_per_minute,
            "priority": input.priority,
        }  # fmt: skip
        changes = {name: maybe.value for name, maybe in given.items() if maybe is not None}
        return UpdateQueuePayload(queue=await _change(info, input.name, changes))

    @mutation(
        description=(
            "Pause a queue: no attempt starts until it is resumed. Attempts in progress continue. Requires "
            "administrator access."
        )
    )
    async def pause_queue(self, info: Info, input: Annotated[QueueNameInput, INPUT_ARGUMENT]) -> PauseQueuePayload:
        return PauseQueuePayload(queue=await _change(info, input.name, {"paused": True}, must_exist=True))

    @mutation(description="Resume a paused queue. Requires administrator access.")
    async def resume_queue(self, info: Info, input: Annotated[QueueNameInput, INPUT_ARGUMENT]) -> ResumeQueuePayload:
        return ResumeQueuePayload(queue=await _change(info, input.name, {"paused": False}, must_exist=True))


async def _change(info: Info, name: str, changes: Changes, *, must_exist: bool = False) -> Queue:
    admin, services = await access.require_administrator(info), info.context.services
    if must_exist:
        await queues.find_queue(services.database, name)
    document = await queues.update_queue(services.database, name, changes, clock.now())
    services.wakeups.queues_changed()
    detail = f"queue {name}: " + ", ".join(f"{field} {value}" for field, value in changes.items())
    await audit.record(AuditAction.QUEUE_CHANGED, access.audit_actor(info, admin), admin.user, detail=detail[:500])
    return to_queue(document, QueueStatistics(services.database, None))
