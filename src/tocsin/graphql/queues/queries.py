"""Queries of queues and circuits."""

import strawberry

from tocsin.dispatch.circuit_breaker import CircuitState
from tocsin.graphql import access
from tocsin.graphql.context import Info
from tocsin.graphql.queues.types import Circuit, Queue, _queue
from tocsin.tasks import queues


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
