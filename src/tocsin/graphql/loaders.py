"""Batched reads of single documents: the loads of one iteration of the event loop become one query.

Nothing is cached between iterations, so a subscription reads the current state at each event. The loaders are shared
by the whole process: a change that is sent to a hundred subscribers is read once. Callers check the owner by the ID.
"""

import asyncio
from collections.abc import Mapping
from contextvars import Context
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection

from tocsin.documents import Database, Doc, Hold, owner_of
from tocsin.errors import DatabaseUnavailable

RUN_PROJECTION: Mapping[str, int] = {"job": 0, "retry": 0}
"""Projection of runs without the copy of the task's job and its sealed secrets, which no resolver needs."""


class DocumentLoaders:
    """Loaders of documents by ID, which return None for documents that do not exist."""

    def __init__(self, database: Database) -> None:
        self._tasks = BatchLoader(database.tasks)
        self._runs = BatchLoader(database.runs, RUN_PROJECTION)
        self._workflow_runs = BatchLoader(database.workflow_runs)
        self._replays = BatchLoader(database.replays)
        self._bodies = BatchLoader(database.response_bodies)

    async def load_task(self, owner: str, task_id: str) -> Doc | None:
        """Load a task of the owner; None if it was deleted."""
        if owner_of(task_id) != owner:
            return None
        task = await self._tasks.load(task_id)
        return None if task is None or task["hold"] == Hold.DELETED.value else task

    async def load_run(self, owner: str, run_id: str) -> Doc | None:
        """Load a run of the owner."""
        return await self._runs.load(run_id) if owner_of(run_id) == owner else None

    async def load_workflow_run(self, owner: str, run_id: str) -> Doc | None:
        """Load a workflow run of the owner."""
        return await self._workflow_runs.load(run_id) if owner_of(run_id) == owner else None

    async def load_replay(self, owner: str, replay_id: str) -> Doc | None:
        """Load a replay of the owner."""
        return await self._replays.load(replay_id) if owner_of(replay_id) == owner else None

    async def load_response_body(self, run_id: str, attempt: int) -> str | None:
        """Load the response body of an attempt. The caller has checked who owns the run."""
        body = await self._bodies.load(f"{run_id}#{attempt}")
        return None if body is None else str(body["text"])


class BatchLoader:
    """A loader that batches the reads of one collection in one iteration of the event loop.

    Strawberry's DataLoader does not fit: when a subscriber disconnects in the middle of an event, its dispatch is
    cancelled together with the operation that started it, and every other pending load then waits forever. Here the
    query runs in a context that belongs to no operation, and a cancelled caller only stops waiting.
    """

    def __init__(self, collection: AsyncCollection[Doc], fields: Mapping[str, Any] | None = None) -> None:
        self._collection = collection
        self._fields = fields
        self._asked: dict[str, asyncio.Future[Doc | None]] = {}
        self._queries: set[asyncio.Task[dict[str, Doc]]] = set()

    async def load(self, document_id: str) -> Doc | None:
        """Return the document with this ID, or None. Raises PyMongoError."""
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
        """Resolve the futures however the query ended, so that nobody waits for a query that never started."""
        self._queries.discard(query)
        error = DatabaseUnavailable("the query was cancelled") if query.cancelled() else query.exception()
        for document_id, answer in asked.items():
            if error is None:
                answer.set_result(query.result().get(document_id))
            else:
                answer.set_exception(error)
                answer.exception()  # mark it as retrieved: perhaps nobody waits any longer
