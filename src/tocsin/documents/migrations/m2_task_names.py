"""Version 2: tasks have the key by which they are sorted by name."""

from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase

from tocsin.documents.migrations.reading import read_batches


async def apply(db: AsyncDatabase[dict[str, Any]]) -> int:
    """Add the key to the tasks that lack it. Return how many these were."""
    changed = 0
    async for tasks in read_batches(db["tasks"]):
        updates = [
            UpdateOne({"_id": task["_id"]}, {"$set": {"name_key": task["name"].casefold()}})
            for task in tasks
            if "name_key" not in task
        ]
        if updates:
            changed += (await db["tasks"].bulk_write(updates)).modified_count
    return changed
