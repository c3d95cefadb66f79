"""Reads of single documents, gathered: what is asked for in one turn of the event loop is one query.

Nothing is kept between turns, so that a subscription sees what is true at each event. The loaders serve the whole
process: a change that a hundred subscribers hear of is read once. Whoever loads has checked by the id whose it is.
"""

import asyncio
from collections.abc import Mapping
from contextvars import Context
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection

from tocsin.documents import Database, Doc, Hold, owner_of
from tocsin.errors import DatabaseUnavailable

RUN_FIELDS: Mapping[str, int] = {"job": 0, "retry": 0}
"""What no answer needs of a run: the copy of its task's job, with sealed secrets."""


class Loaders:
    """Tasks, runs and response bodies by id; None for what is not there."""

    def __init__(self, database: Database) -> None:
        self._tasks = Loader(database.tasks)
        self._runs = Loader(database.runs, RUN_FIELDS)
        self._workflow_runs = Loader(database.workflow_runs)
        self._replays = Loader(database.replays)
        self._bodies = Loader(database.response_bodies)

    async def task(self, owner: str, task_id: str) -> Doc | None:
        """The owner's task; None if there is none or it was deleted."""
        if owner_of(task_id) != owner:
            return None
        task = await self._tasks.load(task_id)
        return None if task is None or task["hold"] == Hold.DELETED.value else task

    async def run(self, owner: str, run_id: str) -> Doc | None:
        """The owner's run."""
        return await self._runs.load(run_id) if owner_of(run_id) == owner else None

    async def workflow_run(self, owner: str, run_id: str) -> Doc | None:
        """The owner's workflow run."""
        return await self._workflow_runs.load(run_id) if owner_of(run_id) == owner else None

    async def replay(self, owner: str, replay_id: str) -> Doc | None:
        """The owner's replay."""
        return await self._replays.load(replay_id) if owner_of(replay_id) == owner else None

    async def body(self, run_id: str, attempt: int) -> str | None:
        """The response body of an attempt of a run that the caller may see."""
        body = await self._bodies.load(f"{run_id}#{attempt}")
        return None if body is None else str(body["text"])


class Loader:
    """Gathers what is asked for in one turn of the event loop into one query of a collection.

    Not Strawberry's DataLoader: where a subscriber leaves in the middle of an event, its dispatch is cancelled with the
    operation that began it, and then every load of anyone waits for ever. Here the query is nobody's: it begins in
    a context of its own, and who is cancelled only stops waiting.
    """

    def __init__(self, collection: AsyncCollection[Doc], fields: Mapping[str, Any] | None = None) -> None:
        self._collection = collection
        self._fields = fields
        self._asked: dict[str, asyncio.Future[Doc | None]] = {}
        self._queries: set[asyncio.Task[dict[str, Doc]]] = set()

    async def load(self, document_id: str) -> Doc | None:
        """The document of this id, or None. Raises PyMongoError."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._begin, context=Context())
        answer = self._asked.get(document_id)
        if answer is None:
            answer = self._asked[document_id] = loop.create_future()
        return await asyncio.shield(answer)

    def _begin(self) -> None:
        asked, self._asked = self._asked, {}
        query = asyncio.get_running_loop().create_task(self._query(list(asked)))
        self._queries.add(query)
        query.add_done_callback(lambda done: self._answer(asked, done))

    async def _query(self, ids: list[str]) -> dict[str, Doc]:
        found = await self._collection.find({"_id": {"$in": ids}}, self._fields).to_list()
        return {document["_id"]: document for document in found}

    def _answer(self, asked: "dict[str, asyncio.Future[Doc | None]]", query: "asyncio.Task[dict[str, Doc]]") -> None:
        """Called however the query ends, so that no one waits for one that never began."""
        self._queries.discard(query)
        error = DatabaseUnavailable("the query was broken off") if query.cancelled() else query.exception()
        for document_id, answer in asked.items():
            if error is None:
                answer.set_result(query.result().get(document_id))
            else:
                answer.set_exception(error)
                answer.exception()  # seen, also where nobody waits any more
