"""Queues and circuits: their types, queries, and mutations for administrators."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import strawberry

from tocsin import clock
from tocsin.accounts import audit
from tocsin.dispatch.circuit_breaker import CircuitState
from tocsin.documents import AuditAction, Database, Doc, RunStatus
from tocsin.documents.workers import is_alive
from tocsin.graphql import access
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.errors import UserError, collect_user_errors
from tocsin.tasks import queues
from tocsin.tasks.ranking import DEFAULT_QUEUE, lane_range

describe_enum(
    CircuitState,
    "State of a circuit breaker: whether runs are sent to a target host.",
    {
        "CLOSED": "Runs are sent.",
        "OPEN": "No run is sent until `retryAt`.",
        "HALF_OPEN": "One run is sent as a probe. Its outcome closes the circuit or opens it again.",
    },
    name="CircuitState",
)


@strawberry.type(
    description=(
        "A named queue with its own limits. Counts include all users for administrators, and only your runs otherwise."
    )
)
class Queue:
    document: strawberry.Private[Doc]
    owner: strawberry.Private[str | None]
    name: str = strawberry.field(description="Name that tasks refer to.")
    description: str = strawberry.field(description="Free text; empty if not set.")
    concurrency: int | None = strawberry.field(
        description="Maximum number of runs in progress at once, over all processes; null for no limit."
    )
    rate_per_minute: int | None = strawberry.field(
        description="Maximum number of attempts started per minute, at an even pace; null for no limit."
    )
    priority: int = strawberry.field(description="Default priority of tasks in this queue, -10 to 10.")
    paused: bool = strawberry.field(
        description="Whether the queue is paused: no attempt starts, attempts in progress continue."
    )

    @strawberry.field(description="Number of runs that wait in the queue.")
    async def depth(self, info: Info) -> int:
        database = info.context.services.database
        which = {"status": RunStatus.QUEUED.value, "lane": lane_range(self.name, self.owner)}
        claimed = await _count_claimed(database, self.owner, begun=False)
        return await database.runs.count_documents(which) + claimed.get(self.name, 0)

    @strawberry.field(description="Number of runs with an attempt in progress.")
    async def running(self, info: Info) -> int:
        return (await _count_claimed(info.context.services.database, self.owner, begun=True)).get(self.name, 0)

    @strawberry.field(description="Time at which the longest waiting run was queued; null if none waits.")
    async def oldest_queued_at(self, info: Info) -> datetime | None:
        which = {"status": RunStatus.QUEUED.value, "lane": lane_range(self.name, self.owner)}
        runs = info.context.services.database.runs.find(which, {"queued_at": 1}).sort("queued_at", 1).limit(1)
        return next((run["queued_at"] for run in await runs.to_list()), None)

    @strawberry.field(description="Number of attempts that ended in the last minute, updated every few seconds.")
    async def throughput_per_minute(self, info: Info) -> int:
        now, workers = clock.now(), info.context.services.database.workers.find({})
        counts = [each async for worker in workers if is_alive(worker, now) for each in worker.get("ended", ())]
        mine = [count for queue, owner, count in counts if queue == self.name and self.owner in (None, owner)]
        return sum(mine)


@strawberry.type(description="The circuit breaker of your runs to one target host. Exists only while it is not closed.")
class Circuit:
    host: str = strawberry.field(description="Host and port.")
    state: CircuitState = strawberry.field(description="OPEN or HALF_OPEN.")
    failures: int = strawberry.field(description="Number of consecutive failed attempts that opened it.")
    cause: str = strawberry.field(description="Error of the last of these attempts.")
    opened_at: datetime = strawberry.field(description="Time at which it opened.")
    retry_at: datetime = strawberry.field(description="Time from which a run is sent again as a probe.")


@strawberry.input(
    description="Input of `updateQueue`. Omitted fields stay unchanged, null resets a field to its default."
)
class UpdateQueueInput:
    name: str = strawberry.field(
        description="Name of the queue: 1 to 50 characters of a-z, 0-9, _ and -. An unknown name creates a queue."
    )
    description: strawberry.Maybe[str | None] = strawberry.field(description="Free text, at most 500 characters.")
    concurrency: strawberry.Maybe[int | None] = strawberry.field(
        description="Maximum number of runs in progress at once, over all processes, 1 to 100000; null for no limit."
    )
    rate_per_minute: strawberry.Maybe[int | None] = strawberry.field(
        description="Maximum number of attempts started per minute, 1 to 1000000; null for no limit."
    )
    priority: strawberry.Maybe[int | None] = strawberry.field(
        description="Default priority of tasks that are saved without one, -10 to 10; null for 0."
    )


@strawberry.input(description="Input of `pauseQueue` and `resumeQueue`.")
class QueueNameInput:
    name: str = strawberry.field(description="Name of the queue.")


@strawberry.type
class QueuePayload:
    queue: Queue | None = strawberry.field(description="The queue after the change; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="Errors in the input; empty on success.")


@strawberry.type(description="Result of `updateQueue`.")
class UpdateQueuePayload(QueuePayload):
    pass


@strawberry.type(description="Result of `pauseQueue`.")
class PauseQueuePayload(QueuePayload):
    pass


@strawberry.type(description="Result of `resumeQueue`.")
class ResumeQueuePayload(QueuePayload):
    pass


@strawberry.type
class QueueQueries:
    @strawberry.field(description="All queues, ordered by name.")
    async def queues(self, info: Info) -> list[Queue]:
        owner = None if await access.is_administrator(info) else await access.require_owner(info)
        return [_queue(document, owner) for document in await queues.list_queues(info.context.services.database)]

    @strawberry.field(description="Circuit breakers of your runs that are not closed, ordered by host.")
    async def circuits(self, info: Info) -> list[Circuit]:
        found = info.context.services.database.circuits.find({"owner": await access.require_owner(info)})
        names = ("host", "failures", "cause", "opened_at", "retry_at")
        made = [
            Circuit(state=CircuitState(each["state"]), **{name: each[name] for name in names}) async for each in found
        ]
        return sorted(made, key=lambda circuit: circuit.host)


@strawberry.type
class QueueMutations:
    @strawberry.mutation(
        description="Create or change a queue. Requires administrator access. Takes effect immediately."
    )
    async def update_queue(self, info: Info, input: Annotated[UpdateQueueInput, INPUT_ARGUMENT]) -> UpdateQueuePayload:
        given = {
            "description": input.description, "concurrency": input.concurrency, "rate": input.rate_per_minute,
            "priority": input.priority,
        }  # fmt: skip
        changes = {name: maybe.value for name, maybe in given.items() if maybe is not None}
        queue, errors = await _change(info, input.name, changes)
        return UpdateQueuePayload(queue=queue, user_errors=errors)

    @strawberry.mutation(
        description=(
            "Pause a queue: no attempt starts until it is resumed. Attempts in progress continue. Requires "
            "administrator access."
        )
    )
    async def pause_queue(self, info: Info, input: Annotated[QueueNameInput, INPUT_ARGUMENT]) -> PauseQueuePayload:
        queue, errors = await _change(info, input.name, {"paused": True}, known=True)
        return PauseQueuePayload(queue=queue, user_errors=errors)

    @strawberry.mutation(description="Resume a paused queue. Requires administrator access.")
    async def resume_queue(self, info: Info, input: Annotated[QueueNameInput, INPUT_ARGUMENT]) -> ResumeQueuePayload:
        queue, errors = await _change(info, input.name, {"paused": False}, known=True)
        return ResumeQueuePayload(queue=queue, user_errors=errors)


async def _change(
    info: Info, name: str, changes: Mapping[str, Any], *, known: bool = False
) -> tuple[Queue | None, list[UserError]]:
    admin, services = await access.require_administrator(info), info.context.services

    async def change() -> Doc:
        if known:
            await queues.find_queue(services.database, name)
        return await queues.update_queue(services.database, name, changes, clock.now())

    document, errors = await collect_user_errors(change())
    if document is None:
        return None, errors
    services.wakeups.queues_changed()
    detail = f"queue {name}: " + ", ".join(f"{field} {value}" for field, value in changes.items())
    await audit.record(AuditAction.QUEUE_CHANGED, access.audit_actor(info, admin), admin.user, detail=detail[:500])
    return _queue(document, None), []


def _queue(document: Doc, owner: str | None) -> Queue:
    same = ("description", "concurrency", "priority", "paused")
    return Queue(
        document=document,
        owner=owner,
        name=document["_id"],
        rate_per_minute=document["rate"],
        **{name: document[name] for name in same},
    )


async def _count_claimed(database: Database, owner: str | None, *, begun: bool) -> dict[str, int]:
    """Count claimed runs by queue: those whose attempt has begun, or those whose attempt has not.

    There are at most as many as all workers can claim.
    """
    which: Doc = {"status": RunStatus.RUNNING.value, "worker": {"$gt": ""}}
    counts: dict[str, int] = {}
    async for run in database.runs.find(which, {"queue": 1, "owner": 1, "begun": 1}):
        if owner in (None, run["owner"]) and run.get("begun", True) == begun:
            queue = run.get("queue") or DEFAULT_QUEUE
            counts[queue] = counts.get(queue, 0) + 1
    return counts
