"""Queries of queues and circuits."""

import strawberry

from tocsin.dispatch.circuit_registry import list_circuits
from tocsin.graphql import access
from tocsin.graphql.context import Info
from tocsin.graphql.queues.types import Circuit, Queue, to_circuit, to_queue
from tocsin.tasks import queues
from tocsin.tasks.queue_statistics import QueueStatistics


@strawberry.type
class QueueQueries:
    @strawberry.field(description="All queues, ordered by name.")
    async def queues(self, info: Info) -> list[Queue]:
        owner = None if await access.is_administrator(info) else await access.require_owner(info)
        database = info.context.services.database
        statistics = QueueStatistics(database, owner)
        return [to_queue(document, statistics) for document in await queues.list_queues(database)]

    @strawberry.field(description="Circuit breakers of your runs that are not closed, ordered by host.")
    async def circuits(self, info: Info) -> list[Circuit]:
        owner = await access.require_owner(info)
        return [to_circuit(document) for document in await list_circuits(info.context.services.database, owner)]
