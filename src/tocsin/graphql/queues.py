"""Queues and circuits: what is shown of them, and what administrators do."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import strawberry

from tocsin import clock
from tocsin.accounts import audit
from tocsin.documents import AuditAction, Database, Doc, RunStatus
from tocsin.documents.workers import is_alive
from tocsin.execution.circuit import State
from tocsin.graphql import access
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe
from tocsin.graphql.errors import UserError, caught
from tocsin.graphql.words import WHAT
from tocsin.tasks import queues
from tocsin.tasks.lanes import DEFAULT_QUEUE, lane_prefix

describe(
    State,
    "Whether runs are sent to a target host.",
    {
        "CLOSED": "They are.",
        "OPEN": "None is, until `retryAt`.",
        "HALF_OPEN": "One is, as the probe; its outcome decides.",
    },
    name="CircuitState",
)


@strawberry.type(description="A named lane of runs. Administrators see the counts of all users, others their own.")
class Queue:
    document: strawberry.Private[Doc]
    owner: strawberry.Private[str | None]
    name: str = strawberry.field(description="Its name, as tasks give it.")
    description: str = strawberry.field(description="What it is for.")
    concurrency: int | None = strawberry.field(
        description="How many of its runs may be under way at once, in all processes together; null: no limit."
    )
    rate_per_minute: int | None = strawberry.field(
        description="How many attempts begin in a minute, at an even pace; null: no limit."
    )
    priority: int = strawberry.field(description="The priority, -10 to 10, of tasks that are saved without one.")
    paused: bool = strawberry.field(description="Whether nothing of it begins. What runs goes on.")

    @strawberry.field(description="How many runs wait in it: a count.")
    async def depth(self, info: Info) -> int:
        database = info.context.services.database
        which = {"status": RunStatus.QUEUED.value, "lane": lane_prefix(self.name, self.owner)}
        in_line = await _claimed(database, self.owner, begun=False)
        return await database.runs.count_documents(which) + in_line.get(self.name, 0)

    @strawberry.field(description="How many of its runs are under way: a count.")
    async def running(self, info: Info) -> int:
        return (await _claimed(info.context.services.database, self.owner, begun=True)).get(self.name, 0)

    @strawberry.field(description="Since when the run waits that was queued first; null: none waits.")
    async def oldest_queued_at(self, info: Info) -> datetime | None:
        which = {"status": RunStatus.QUEUED.value, "lane": lane_prefix(self.name, self.owner)}
        runs = info.context.services.database.runs.find(which, {"queued_at": 1}).sort("queued_at", 1).limit(1)
        return next((run["queued_at"] for run in await runs.to_list()), None)

    @strawberry.field(
        description="Attempts that ended in the last minute, a count; brought up to date each few seconds."
    )
    async def throughput_per_minute(self, info: Info) -> int:
        now, workers = clock.now(), info.context.services.database.workers.find({})
        counts = [each async for worker in workers if is_alive(worker, now) for each in worker.get("ended", ())]
        mine = [count for queue, owner, count in counts if queue == self.name and self.owner in (None, owner)]
        return sum(mine)


@strawberry.type(description="The circuit of your runs to one target host, while it is not closed.")
class Circuit:
    host: str = strawberry.field(description="The host and port.")
    state: State = strawberry.field(description="Where it is.")
    failures: int = strawberry.field(description="How many attempts in a row had failed when it opened: a count.")
    cause: str = strawberry.field(description="What the last of them failed with.")
    opened_at: datetime = strawberry.field(description="When it opened.")
    retry_at: datetime = strawberry.field(description="When a run is tried again.")


@strawberry.input(description="A queue to be made or changed: what is absent stays as it is, null resets.")
class UpdateQueueInput:
    name: str = strawberry.field(description="1 to 50 of a-z, 0-9, _ and -. A new name makes a new queue.")
    description: strawberry.Maybe[str | None] = strawberry.field(description="What it is for: at most 500 characters.")
    concurrency: strawberry.Maybe[int | None] = strawberry.field(
        description="How many of its runs may be under way at once, 1 to 100000; null: no limit."
    )
    rate_per_minute: strawberry.Maybe[int | None] = strawberry.field(
        description="How many attempts may begin in a minute, 1 to 1000000; null: no limit."
    )
    priority: strawberry.Maybe[int | None] = strawberry.field(
        description="The priority, -10 to 10, of tasks that are saved without one; null: 0."
    )


@strawberry.input(description="A queue.")
class QueueNameInput:
    name: str = strawberry.field(description="Its name.")


@strawberry.type
class QueuePayload:
    queue: Queue | None = strawberry.field(description="The queue as it is now; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to updateQueue.")
class UpdateQueuePayload(QueuePayload):
    pass


@strawberry.type(description="The answer to pauseQueue.")
class PauseQueuePayload(QueuePayload):
    pass


@strawberry.type(description="The answer to resumeQueue.")
class ResumeQueuePayload(QueuePayload):
    pass


@strawberry.type
class QueueQueries:
    @strawberry.field(description="All queues, by name.")
    async def queues(self, info: Info) -> list[Queue]:
        owner = None if await access.administers(info) else await access.owner(info)
        return [_queue(document, owner) for document in await queues.list_queues(info.context.services.database)]

    @strawberry.field(description="The circuits of your runs that are not closed, by host.")
    async def circuits(self, info: Info) -> list[Circuit]:
        found = info.context.services.database.circuits.find({"owner": await access.owner(info)})
        names = ("host", "failures", "cause", "opened_at", "retry_at")
        made = [Circuit(state=State(each["state"]), **{name: each[name] for name in names}) async for each in found]
        return sorted(made, key=lambda circuit: circuit.host)


@strawberry.type
class QueueMutations:
    @strawberry.mutation(description="For administrators: make a queue, or change it; it holds at once.")
    async def update_queue(self, info: Info, input: Annotated[UpdateQueueInput, WHAT]) -> UpdateQueuePayload:
        given = {
            "description": input.description, "concurrency": input.concurrency, "rate": input.rate_per_minute,
            "priority": input.priority,
        }  # fmt: skip
        changes = {name: maybe.value for name, maybe in given.items() if maybe is not None}
        queue, faults = await _change(info, input.name, changes)
        return UpdateQueuePayload(queue=queue, user_errors=faults)

    @strawberry.mutation(
        description="For administrators: begin nothing of this queue until it is resumed. What runs goes on."
    )
    async def pause_queue(self, info: Info, input: Annotated[QueueNameInput, WHAT]) -> PauseQueuePayload:
        queue, faults = await _change(info, input.name, {"paused": True}, known=True)
        return PauseQueuePayload(queue=queue, user_errors=faults)

    @strawberry.mutation(description="For administrators: let runs of this queue begin again.")
    async def resume_queue(self, info: Info, input: Annotated[QueueNameInput, WHAT]) -> ResumeQueuePayload:
        queue, faults = await _change(info, input.name, {"paused": False}, known=True)
        return ResumeQueuePayload(queue=queue, user_errors=faults)


async def _change(
    info: Info, name: str, changes: Mapping[str, Any], *, known: bool = False
) -> tuple[Queue | None, list[UserError]]:
    admin, services = await access.administrator(info), info.context.services

    async def change() -> Doc:
        if known:
            await queues.find_queue(services.database, name)
        return await queues.change(services.database, name, changes, clock.now())

    document, faults = await caught(change())
    if document is None:
        return None, faults
    services.on_queue_change()
    detail = f"queue {name}: " + ", ".join(f"{field} {value}" for field, value in changes.items())
    await audit.record(AuditAction.QUEUE_CHANGED, access.actor(info, admin), admin.user, detail=detail[:500])
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


async def _claimed(database: Database, owner: str | None, *, begun: bool) -> dict[str, int]:
    """Claimed runs by queue, whose attempt has begun or has not: at most what all workers hold."""
    which: Doc = {"status": RunStatus.RUNNING.value, "worker": {"$gt": ""}}
    counts: dict[str, int] = {}
    async for run in database.runs.find(which, {"queue": 1, "owner": 1, "begun": 1}):
        if owner in (None, run["owner"]) and run.get("begun", True) == begun:
            queue = run.get("queue") or DEFAULT_QUEUE
            counts[queue] = counts.get(queue, 0) + 1
    return counts
