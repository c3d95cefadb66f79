"""Queues and circuits as the API shows them."""

from datetime import datetime

import strawberry

from tocsin import clock
from tocsin.dispatch.circuit_breaker import CircuitState
from tocsin.documents import Database, Doc, RunStatus
from tocsin.documents.workers import is_alive
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe_enum
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
