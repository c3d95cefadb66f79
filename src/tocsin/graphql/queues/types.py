"""Queues and circuits as the API shows them."""

from datetime import datetime

import strawberry

from tocsin import clock
from tocsin.dispatch.circuit_breaker import CircuitState
from tocsin.documents import CircuitDocument, QueueDocument
from tocsin.graphql import access
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.runs.statistics_types import RunStatisticsBucket, to_bucket
from tocsin.tasks.queue_statistics import QueueStatistics

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
    statistics: strawberry.Private[QueueStatistics]
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
    async def depth(self) -> int:
        return await self.statistics.count_waiting(self.name)

    @strawberry.field(description="Number of runs with an attempt in progress.")
    async def running(self) -> int:
        return await self.statistics.count_running(self.name)

    @strawberry.field(description="Time at which the longest waiting run was queued; null if none waits.")
    async def oldest_queued_at(self) -> datetime | None:
        return await self.statistics.find_oldest_queued_at(self.name)

    @strawberry.field(description="Number of attempts that ended in the last minute, updated every few seconds.")
    async def throughput_per_minute(self) -> int:
        return await self.statistics.count_recent_attempts(self.name, clock.now())

    @strawberry.field(description="Your runs that were due in the last hour, by five minutes.")
    async def last_hour(self, info: Info) -> list[RunStatisticsBucket]:
        owner = await access.require_owner(info)
        found = await info.context.services.loaders.load_last_hour(owner, self.name)
        return [to_bucket(each) for each in found]


@strawberry.type(description="The circuit breaker of your runs to one target host. Exists only while it is not closed.")
class Circuit:
    host: str = strawberry.field(description="Host and port.")
    state: CircuitState = strawberry.field(description="OPEN or HALF_OPEN.")
    failures: int = strawberry.field(description="Number of consecutive failed attempts that opened it.")
    cause: str = strawberry.field(description="Error of the last of these attempts.")
    opened_at: datetime = strawberry.field(description="Time at which it opened.")
    retry_at: datetime = strawberry.field(description="Time from which a run is sent again as a probe.")


def to_queue(document: QueueDocument, statistics: QueueStatistics) -> Queue:
    """Return a stored queue as the API shows it, with counts by these statistics."""
    return Queue(
        statistics=statistics,
        name=document["_id"],
        description=document["description"],
        concurrency=document["concurrency"],
        rate_per_minute=document["rate"],
        priority=document["priority"],
        paused=document["paused"],
    )


def to_circuit(document: CircuitDocument) -> Circuit:
    """Return a stored circuit as the API shows it."""
    return Circuit(
        host=document["host"],
        state=CircuitState(document["state"]),
        failures=document["failures"],
        cause=document["cause"],
        opened_at=document["opened_at"],
        retry_at=document["retry_at"],
    )
