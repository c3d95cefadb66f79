"""Loading of the queue that a task or run names."""

from tocsin.graphql import access
from tocsin.graphql.context import Info
from tocsin.graphql.queues.types import Queue, to_queue

ASSIGNED_QUEUE = "The queue that `queue` names, with its limits and numbers; null if it does not exist any more."


async def load_queue(info: Info, name: str) -> Queue | None:
    """Load a queue, with the numbers that the caller may see. All loads of a response are one query."""
    owner = None if await access.is_administrator(info) else await access.require_owner(info)
    loaded = await info.context.services.loaders.load_queue(owner, name)
    return None if loaded is None else to_queue(loaded.document, loaded.statistics)
