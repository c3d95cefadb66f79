"""Batched reads: the loads of one iteration of the event loop become one query.

Nothing is cached between iterations, so a subscription reads the current state at each event. The loaders are shared
by the whole process: a change that is sent to a hundred subscribers is read once. Callers check the owner by the ID.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from contextvars import Context
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar, cast

from pymongo.asynchronous.collection import AsyncCollection

from tocsin import clock
from tocsin.dead_letters import replays
from tocsin.dead_letters.plan import ReplayProgress
from tocsin.documents import (
    Database,
    DeliveryDocument,
    Hold,
    IncidentDocument,
    NotificationDocument,
    NotificationPreferencesDocument,
    OutcomeDocument,
    PublicLinkDocument,
    RawDocument,
    ReplayDocument,
    WorkflowDocument,
    owner_of,
)
from tocsin.errors import DatabaseUnavailable
from tocsin.notifications.channel_deliveries import find_deliveries_of
from tocsin.notifications.inbox.reader import find_horizon
from tocsin.notifications.incidents.listing import IncidentCounts, count_alerts, find_open_incidents
from tocsin.public_links.store import list_links
from tocsin.statistics.periods import PeriodStatistics
from tocsin.statistics.reader import read_last_hour
from tocsin.statistics.service import Statistics
from tocsin.tasks.listing import RUN_PROJECTION
from tocsin.tasks.queue_statistics import LoadedQueue, find_loaded_queues
from tocsin.workflows.approval_refusals import ApprovalRefusals
from tocsin.workflows.versions import LoadedVersion, VersionCache, version_id

D = TypeVar("D", bound=Mapping[str, Any])
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class DocumentLoaders:
    """Loaders of documents by the name of their type and their ID, and of what belongs to documents."""

    def __init__(
        self, database: Database, versions: VersionCache, refusals: ApprovalRefusals, statistics: Statistics
    ) -> None:
        self._loaders: dict[str, BatchLoader[Any]] = {
            "Task": BatchLoader(database.tasks),
            "Run": BatchLoader(database.runs, RUN_PROJECTION),
            "Workflow": BatchLoader(database.workflows),
            "WorkflowRun": BatchLoader(database.workflow_runs),
            "Replay": BatchLoader(database.replays),
            "Incident": BatchLoader(database.incidents),
            "NotificationChannel": BatchLoader(database.notification_channels),
            "Secret": BatchLoader(database.named_secrets),
        }
        self._rules: BatchLoader[NotificationPreferencesDocument] = BatchLoader(database.notification_preferences)
        self._notifications: BatchLoader[NotificationDocument] = BatchLoader(database.notifications)
        self._horizons = Batcher(partial(_find_horizons, database))
        self._bodies = BatchLoader(database.response_bodies)
        self._replayed_runs = Batcher(partial(replays.find_runs_of, database))
        self._versions = Batcher(versions.get_many)
        self._refusals = Batcher(refusals.find_reasons)
        self._incident_counts = Batcher(partial(count_alerts, database))
        self._deliveries = Batcher(partial(find_deliveries_of, database))
        self._queues = Batcher(partial(find_loaded_queues, database))
        self._open_incidents = Batcher(partial(find_open_incidents, database))
        self._outcomes = Batcher(statistics.read_outcomes)
        self._public_links = Batcher(partial(list_links, database))
        self._last_hours = Batcher(partial(_read_last_hours, statistics))

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

    async def load_replay_progress(self, replay: ReplayDocument) -> ReplayProgress:
        """Load the progress of a replay."""
        runs = (await self._replayed_runs.load(replay["_id"]) or []) if replay["open"] else []
        return replays.get_progress(replay, runs)

    async def load_rule(self, subject: str) -> NotificationPreferencesDocument | None:
        """Load the notification rule of a task or workflow, whose owner the caller has checked."""
        return await self._rules.load(subject)

    async def load_version(self, workflow: WorkflowDocument) -> LoadedVersion:
        """Load the latest version of a workflow. Raises KeyError if it does not exist, which is a bug."""
        key = version_id(workflow["_id"], workflow["version"])
        version = await self.load_version_by_id(key)
        if version is None:
            raise KeyError(key)
        return version

    async def load_version_by_id(self, document_id: str) -> LoadedVersion | None:
        """Load a version of a workflow, whose owner the caller has checked; None if it does not exist."""
        return await self._versions.load(document_id)

    async def load_incident_counts(self, incident_id: str) -> IncidentCounts:
        """Load the counts of an incident. The caller has checked who owns it."""
        return await self._incident_counts.load(incident_id) or IncidentCounts()

    async def load_deliveries(self, owner: str, notification_id: str) -> list[DeliveryDocument]:
        """Load the deliveries of a notification of this owner."""
        return await self._deliveries.load((owner, notification_id)) or []

    async def load_notifications(self, owner: str, ids: Sequence[str]) -> list[NotificationDocument]:
        """Load these notifications of the owner, in this order, without those that no longer exist."""
        found = await asyncio.gather(*map(self._notifications.load, ids))
        return [row for row in found if row is not None and row["owner"] == owner]

    async def load_queue(self, owner: str | None, name: str) -> LoadedQueue | None:
        """Load a queue, with statistics of this owner, or of all owners; None if it does not exist."""
        return await self._queues.load((owner, name))

    async def load_horizon(self) -> datetime:
        """Load the time until which all notifications are visible."""
        return cast("datetime", await self._horizons.load(None))

    async def load_open_incident(self, subject: str) -> IncidentDocument | None:
        """Load the open incident of a task or workflow; None if there is none. The caller has checked its owner."""
        return await self._open_incidents.load(subject)

    async def load_outcomes(self, task_id: str) -> list[OutcomeDocument]:
        """Load the latest outcomes of a task. The caller has checked who owns it."""
        return await self._outcomes.load(task_id) or []

    async def load_public_links(self, subject: str) -> list[PublicLinkDocument]:
        """Load the public links of a task or workflow. The caller has checked who owns it."""
        return await self._public_links.load(subject) or []

    async def load_last_hour(self, owner: str, queue: str) -> list[PeriodStatistics]:
        """Load the statistics of the last hour of the owner's runs in a queue."""
        return await self._last_hours.load((owner, queue)) or []

    async def load_refusal(self, owner: str, asks: str) -> str | None:
        """Load the reason why a step of this owner asks nobody; None if it asks somebody."""
        return await self._refusals.load((owner, asks))


async def _find_horizons(database: Database, keys: list[None]) -> dict[None, datetime]:
    return dict.fromkeys(keys, await find_horizon(database))


async def _read_last_hours(
    statistics: Statistics, keys: list[tuple[str, str]]
) -> dict[tuple[str, str], list[PeriodStatistics]]:
    return await read_last_hour(statistics, keys, clock.now())


def _is_deleted(document: RawDocument) -> bool:
    """Tell whether a task or workflow was deleted. Other documents do not have the fields."""
    return document.get("hold") == Hold.DELETED or bool(document.get("deleted"))


class Batcher(Generic[K, V]):
    """A loader that passes all keys of one iteration of the event loop to one call of `query`.

    Strawberry's DataLoader does not fit: when a subscriber disconnects in the middle of an event, its dispatch is
    cancelled together with the operation that started it, and every other pending load then waits forever. Here the
    query runs in a context that belongs to no operation, and a cancelled caller only stops waiting.
    """

    def __init__(self, query: Callable[[list[K]], Coroutine[Any, Any, Mapping[K, V]]]) -> None:
        self._query = query
        self._pending: dict[K, asyncio.Future[V | None]] = {}
        self._queries: set[asyncio.Task[Mapping[K, V]]] = set()

    async def load(self, key: K) -> V | None:
        """Return the value of this key, or None. Raises what the query raises."""
        loop = asyncio.get_running_loop()
        if not self._pending:
            loop.call_soon(self._begin, context=Context())
        result = self._pending.get(key)
        if result is None:
            result = self._pending[key] = loop.create_future()
        return await asyncio.shield(result)

    def _begin(self) -> None:
        pending, self._pending = self._pending, {}
        query = asyncio.get_running_loop().create_task(self._query(list(pending)))
        self._queries.add(query)
        query.add_done_callback(lambda done: self._resolve(pending, done))

    def _resolve(self, pending: "dict[K, asyncio.Future[V | None]]", query: "asyncio.Task[Mapping[K, V]]") -> None:
        """Resolve the futures however the query ended, so that nobody waits for a query that never started."""
        self._queries.discard(query)
        error = DatabaseUnavailable("the query was cancelled") if query.cancelled() else query.exception()
        for key, result in pending.items():
            if error is None:
                result.set_result(query.result().get(key))
            else:
                result.set_exception(error)
                result.exception()  # mark it as retrieved: perhaps nobody waits any longer


class BatchLoader(Batcher[str, D]):
    """A loader of documents of one collection by their IDs."""

    def __init__(self, collection: AsyncCollection[D], fields: Mapping[str, int] | None = None) -> None:
        async def find(ids: list[str]) -> dict[str, D]:
            found = await collection.find({"_id": {"$in": ids}}, fields).to_list()
            return {document["_id"]: document for document in found}

        super().__init__(find)
