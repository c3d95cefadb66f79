"""Liveness of workers."""

from datetime import datetime, timedelta
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from tocsin.documents.queue_documents import WorkerDocument

MAX_LEASE = timedelta(minutes=10)
"""The maximum lease that can be configured."""


def is_alive(worker: WorkerDocument, now: datetime) -> bool:
    """Return whether the worker's lease is valid. A lease that ends too far in the future was set by a wrong clock."""
    lease = timedelta(seconds=seconds) if (seconds := worker.get("lease")) else MAX_LEASE
    return now <= worker["until"] <= now + 2 * lease


async def find_living_workers(db: AsyncDatabase[Any], now: datetime) -> list[WorkerDocument]:
    """Return the workers of all processes that are alive. Raises PyMongoError."""
    workers: AsyncCollection[WorkerDocument] = db["workers"]
    return [worker async for worker in workers.find({}) if is_alive(worker, now)]
