"""Reads of single documents, gathered: what is asked for in one turn of the event loop is one query.

Nothing is kept between turns, so that a subscription sees what is true at each event. The loaders serve the whole
process: a change that a hundred subscribers hear of is read once. Whoever loads has checked by the id whose it is.
"""

from collections.abc import Mapping
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from strawberry.dataloader import DataLoader

from tocsin.documents import Database, Doc, Hold, owner_of

_LARGEST = 500
RUN_FIELDS: Mapping[str, int] = {"job": 0, "retry": 0}
"""What no answer needs of a run: the copy of its task's job, with sealed secrets."""


class Loaders:
    """Tasks, runs and response bodies by id; None for what is not there."""

    def __init__(self, database: Database) -> None:
        self._tasks = _loader(database.tasks)
        self._runs = _loader(database.runs, RUN_FIELDS)
        self._bodies = _loader(database.response_bodies)

    async def task(self, owner: str, task_id: str) -> Doc | None:
        """The owner's task; None if there is none or it was deleted."""
        if owner_of(task_id) != owner:
            return None
        task = await self._tasks.load(task_id)
        return None if task is None or task["hold"] == Hold.DELETED.value else task

    async def run(self, owner: str, run_id: str) -> Doc | None:
        """The owner's run."""
        return await self._runs.load(run_id) if owner_of(run_id) == owner else None

    async def body(self, run_id: str, attempt: int) -> str | None:
        """The response body of an attempt of a run that the caller may see."""
        body = await self._bodies.load(f"{run_id}#{attempt}")
        return None if body is None else str(body["text"])


def _loader(collection: AsyncCollection[Doc], fields: Mapping[str, Any] | None = None) -> DataLoader[str, Doc | None]:
    async def load(ids: list[str]) -> list[Doc | None]:
        found = await collection.find({"_id": {"$in": list(set(ids))}}, fields).to_list()
        documents = {document["_id"]: document for document in found}
        return [documents.get(wanted) for wanted in ids]

    return DataLoader(load, max_batch_size=_LARGEST, cache=False)
