"""Batched reads of single documents: the loads of one iteration of the event loop become one query.

Nothing is cached between iterations, so a subscription reads the current state at each event. The loaders are shared
by the whole process: a change that is sent to a hundred subscribers is read once. Callers check the owner by the ID.
"""

import asyncio
from collections.abc import Mapping
from contextvars import Context
from typing import Any, Generic, TypeVar

from pymongo.asynchronous.collection import AsyncCollection

from tocsin.documents import Database, Hold, RawDocument, owner_of
from tocsin.errors import DatabaseUnavailable
from tocsin.tasks.listing import RUN_PROJECTION

D = TypeVar("D", bound=Mapping[str, Any])


class DocumentLoaders:
    """Loaders of documents by the name of their type and their ID."""

    def __init__(self, database: Database) -> None:
        self._loaders: dict[str, BatchLoader[Any]] = {
            "Task": BatchLoader(database.tasks),
            "Run": BatchLoader(database.runs, RUN_PROJECTION),
            "Workflow": BatchLoader(database.workflows),
            "WorkflowRun": BatchLoader(database.workflow_runs),
            "Replay": BatchLoader(database.replays),
        }
        self._bodies = BatchLoader(database.response_bodies)

    async def load(self, type_name: str, owner: str, document_id: str) -> RawDocument | None:
        """Load a document of the owner; None if there is no such type or document, or if it was deleted."""
        loader = self._loaders.get(type_name)
        if loader is None or owner_of(document_id) != owner:
            return None
        document: RawDocument | None = await loader.load(document_id)
        return None if document is None or _is_deleted(document) else document

    async def load_response_body(self, run_id: str, attempt: int) -> str | None:
        """Load the response body of an attempt. The caller has checked who owns the run."""
        body = await self._bodies.load(f"{run_id}#{attempt}")
        return None if body is None else body["text"]


def _is_deleted(document: RawDocument) -> bool:
    """Tell whether a task or workflow was deleted. Other documents do not have the fields."""
    return document.get("hold") == Hold.DELETED or bool(document.get("deleted"))


class BatchLoader(Generic[D]):
    """A loader that batches the reads of one collection in one iteration of the event loop.

    Strawberry's DataLoader does not fit: when a subscriber disconnects in the middle of an event, its dispatch is
    cancelled together with the operation that started it, and every other pending load then waits forever. Here the
    query runs in a context that belongs to no operation, and a cancelled caller only stops waiting.
    """

    def __init__(self, collection: AsyncCollection[D], fields: Mapping[str, int] | None = None) -> None:
        self._collection = collection
        self._fields = fields
        self._pending: dict[str, asyncio.Future[D | None]] = {}
        self._queries: set[asyncio.Task[dict[str, D]]] = set()

    async def load(self, document_id: str) -> D | None:
        """Return the document with this ID, or None. Raises PyMongoError."""
        loop = asyncio.get_running_loop()
        if not self._pending:
            loop.call_soon(self._begin, context=Context())
        result = self._pending.get(document_id)
        if result is None:
            result = self._pending[document_id] = loop.create_future()
        return await asyncio.shield(result)

    def _begin(self) -> None:
        pending, self._pending = self._pending, {}
        query = asyncio.get_running_loop().create_task(self._query(list(pending)))
        self._queries.add(query)
        query.add_done_callback(lambda done: self._resolve(pending, done))

    async def _query(self, ids: list[str]) -> dict[str, D]:
        found = await self._collection.find({"_id": {"$in": ids}}, self._fields).to_list()
        return {document["_id"]: document for document in found}

    def _resolve(self, pending: "dict[str, asyncio.Future[D | None]]", query: "asyncio.Task[dict[str, D]]") -> None:
        """Resolve the futures however the query ended, so that nobody waits for a query that never started."""
        self._queries.discard(query)
        error = DatabaseUnavailable("the query was cancelled") if query.cancelled() else query.exception()
        for document_id, result in pending.items():
            if error is None:
                result.set_result(query.result().get(document_id))
            else:
                result.set_exception(error)
                result.exception()  # mark it as retrieved: perhaps nobody waits any longer
