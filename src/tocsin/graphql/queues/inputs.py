"""Inputs and payloads of the mutations of queues."""

import strawberry

from tocsin.graphql.payloads import Payload, payload
from tocsin.graphql.queues.types import Queue


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
class QueuePayload(Payload):
    queue: Queue | None = strawberry.field(description="The queue after the change; null if there are user errors.")


@payload
class UpdateQueuePayload(QueuePayload):
    pass


@payload
class PauseQueuePayload(QueuePayload):
    pass


@payload
class ResumeQueuePayload(QueuePayload):
    pass
