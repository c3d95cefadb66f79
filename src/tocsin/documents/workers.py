"""Liveness of workers."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from tocsin.documents.queue_documents import WorkerDocument

MAX_LEASE = timedelta(minutes=10)
"""The maximum lease that can be configured."""
LEASE_FIELDS = {"until": 1, "lease": 1}
"""The projection of a worker to its lease."""


def is_alive(worker: WorkerDocument, now: datetime) -> bool:
    """Return whether the worker's lease is valid. A lease that ends too far in the future was set by a wrong clock."""
    lease = timedelta(seconds=seconds) if (seconds := worker.get("lease")) else MAX_LEASE
    return now <= worker["until"] <= now + 2 * lease


async def find_living_workers(
    db: AsyncDatabase[Any], now: datetime, fields: Mapping[str, int] | None = None
) -> list[WorkerDocument]:
    """Return the workers of all processes that are alive. Raises PyMongoError.

    `fields` is a projection, which must include LEASE_FIELDS.
    """
    workers: AsyncCollection[WorkerDocument] = db["workers"]
    return [worker async for worker in workers.find({}, fields) if is_alive(worker, now)]
