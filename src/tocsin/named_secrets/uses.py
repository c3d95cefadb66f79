"""The tasks and workflows that use a named secret."""

from typing import Any

from pymongo.asynchronous.collection import AsyncCollection

from tocsin.documents import Database, Hold

MAX_USES = 20
"""Tasks, and workflows, that are told of each secret."""
_MAX_READ = 1_000
"""Documents that are read for each secret: deleted ones are kept for their history, and are skipped."""


async def find_tasks_with(database: Database, secret: str) -> list[str]:
    """Return the IDs of tasks that use the secret with this ID, 20 at most."""
    return await _find(database.tasks, "job.params.named_secrets.ids", secret)


async def find_workflows_with(database: Database, secret: str) -> list[str]:
    """Return the IDs of workflows whose latest version uses the secret with this ID, 20 at most."""
    return await _find(database.workflows, "secret_ids", secret)


async def _find(collection: AsyncCollection[Any], field: str, secret: str) -> list[str]:
    # With a condition on `hold` or `deleted`, the embedded database would use no index.
    found = await collection.find({field: secret}, {"hold": 1, "deleted": 1}).limit(_MAX_READ).to_list()
    left = [one["_id"] for one in found if one.get("hold") != Hold.DELETED and not one.get("deleted")]
    return left[:MAX_USES]
