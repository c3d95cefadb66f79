"""The pruner deletes expired history: runs, one-off tasks, replays, notifications, incidents, mails, files, audits."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.command_cursor import AsyncCommandCursor

from tocsin import clock, telemetry
from tocsin.accounts import audit
from tocsin.documents import ChangeKind, Database, Filter, RawDocument, TaskStatus, WorkflowDocument, owner_of
from tocsin.documents.file_bucket import FileBucket
from tocsin.documents.history import begin_history_at, note_deleted_tasks, prune_deleted_tasks
from tocsin.documents.updates import Expression
from tocsin.notifications import deliveries
from tocsin.notifications.inbox import store as inbox_store
from tocsin.notifications.incidents.pruning import prune_incidents
from tocsin.notifications.preferences.store import prune_rules
from tocsin.public_links.store import prune_links
from tocsin.quotas.meter import UsageMeter
from tocsin.quotas.storage import DOCUMENT_SIZE, RUN_DOCUMENT_SIZE
from tocsin.statistics.store import prune_statistics
from tocsin.workflows.versions import version_id

DELETE_BATCH = 500
PRUNE_INTERVAL_SECONDS = 3600.0
_CIRCUIT_RETENTION = timedelta(days=1)
"""Age, since the time of its next probe, at which an unused circuit is deleted, which closes it."""
_EVER = {"$gte": clock.EPOCH}
_REPLACED = {"version": 1, "created_at": 1}
_EXAMINED_VERSIONS = 2_000
"""Number of versions whose workflow is looked up at each pruning."""
_ENDED = (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED)
log = telemetry.get_logger(__name__)


class Pruner:
    """Deletes history older than the configured retention, every hour."""

    def __init__(
        self,
        database: Database,
        runs: timedelta,
        tasks: timedelta,
        entries: timedelta = timedelta(days=365),
        meter: UsageMeter | None = None,
    ) -> None:
        self._database, self._meter = database, meter or UsageMeter()
        self._runs, self._tasks, self._entries = runs, tasks, entries
        self._last_examined_version = ""

    async def prune_expired(self) -> None:
        """Delete what has expired by now."""
        await self.prune(clock.now())

    async def prune(self, now: datetime) -> int:
        """Delete what has expired at `now`. Return the number of runs, tasks and workflow runs."""
        count = 0
        async for user in self._database.users.find({}, {"_id": 1}):
            count += await self.prune_owner(user["_id"], now - self._runs, now - self._tasks)
            await inbox_store.prune_notifications(self._database, user["_id"], now - self._runs)
            await prune_incidents(self._database, user["_id"], now - self._runs)
            await prune_rules(self._database, user["_id"])
            await prune_links(self._database, user["_id"])
        await self._prune_orphaned_versions(now - self._runs)
        await self._database.circuits.delete_many({"retry_at": {"$lt": now - _CIRCUIT_RETENTION}})
        await FileBucket(self._database).delete_older(now - self._runs)
        await deliveries.prune_deliveries(self._database, now - self._runs)
        await audit.prune_entries(self._database, now - self._entries)
        return count

    async def prune_owner(self, owner: str, runs: datetime, tasks: datetime) -> int:
        """Delete an owner's history from before these times, of runs and of tasks. Return their number."""
        await begin_history_at(self._database, owner, runs)
        await prune_deleted_tasks(self._database, owner, runs)
        count = await self._prune_runs(owner, runs)
        count += await self._prune_tasks(owner, tasks)
        count += await self._prune_workflow_runs(owner, runs)
        await prune_statistics(self._database, owner, runs)
        await self._prune_replays(owner, runs)
        await self._prune_versions(owner, runs)
        return count

    async def _prune_runs(self, owner: str, before: datetime) -> int:
        count = 0
        # A run is never finished before it is due, so the owner's index by due time bounds what is read.
        filter_: Filter = {"owner": owner, "due_at": {"$lt": before}}
        fields = {"finished_at": 1, "attempts.number": 1, "open": 1, "bytes": RUN_DOCUMENT_SIZE}
        batch: list[RawDocument] = []
        async for run in await self._read_fields("runs", filter_, fields):
            if _has_ended(run, before):
                batch.append(run)
            if len(batch) >= DELETE_BATCH:
                count += await self._delete_runs(owner, batch)
                batch = []
        return count + await self._delete_runs(owner, batch)

    async def _delete_runs(self, owner: str, runs: list[RawDocument]) -> int:
        if not runs:
            return 0
        bodies = [f"{run['_id']}#{attempt['number']}" for run in runs for attempt in run["attempts"]]
        await self._database.response_bodies.delete_many({"_id": {"$in": bodies}})
        result = await self._database.runs.delete_many({"_id": {"$in": [run["_id"] for run in runs]}})
        self._meter.add_bytes(owner, -sum(run["bytes"] for run in runs))
        return result.deleted_count

    async def _prune_tasks(self, owner: str, before: datetime) -> int:
        """Delete one-off tasks that ended before that time and have not changed since."""
        filter_: Filter = {"owner": owner, "created_at": {"$lt": before}}
        fields = {"schedule.kind": 1, "status": 1, "updated_at": 1, "last_due_at": 1, "bytes": DOCUMENT_SIZE}
        tasks = await self._read_fields("tasks", filter_, fields)
        expired = {task["_id"]: task["bytes"] async for task in tasks if _has_task_expired(task, before)}
        await note_deleted_tasks(self._database, owner, expired)
        count = await self._delete_sized(owner, "tasks", expired)
        for task_id in expired:
            self._database.changes.task_changed(ChangeKind.TASK_DELETED, task_id, TaskStatus.CANCELLED)
        return count

    async def _prune_workflow_runs(self, owner: str, before: datetime) -> int:
        """Delete ended workflow runs. The runs of their steps are deleted with the other runs."""
        filter_: Filter = {"owner": owner, "due_at": {"$lt": before}}
        fields = {"open": 1, "finished_at": 1, "bytes": DOCUMENT_SIZE}
        runs = await self._read_fields("workflow_runs", filter_, fields)
        return await self._delete_sized(
            owner, "workflow_runs", {run["_id"]: run["bytes"] async for run in runs if _has_ended(run, before)}
        )

    async def _read_fields(
        self, collection: str, filter_: Filter, fields: Expression
    ) -> AsyncCommandCursor[RawDocument]:
        """Return these fields of the matching documents, some of which are computed. Reads in batches."""
        stages = [{"$match": filter_}, {"$project": fields}]
        return await self._database.db[collection].aggregate(stages, batchSize=DELETE_BATCH)

    async def _delete_sized(self, owner: str, collection: str, sizes: dict[str, int]) -> int:
        """Delete documents with these IDs and sizes, and subtract the sizes from the owner's usage."""
        await self._delete_all(self._database.db[collection], list(sizes))
        self._meter.add_bytes(owner, -sum(sizes.values()))
        return len(sizes)

    async def _prune_replays(self, owner: str, before: datetime) -> None:
        old = self._database.replays.find({"owner": owner, "created_at": {"$lt": before}}, {"open": 1})
        ended = [replay["_id"] async for replay in old if not replay["open"]]
        await self._delete_all(self._database.replays, ended)

    async def _prune_versions(self, owner: str, before: datetime) -> None:
        """Delete the versions of workflows that were replaced, or whose workflow was deleted, before that time.

        A workflow run keeps the version that it started with, so versions of runs that stay do so as well: open ones,
        and those that ended later and can be resumed.
        """
        fields = {"version": 1, "deleted": 1, "updated_at": 1}
        async for workflow in self._database.workflows.find({"owner": owner, "created_at": _EVER}, fields):
            deleted = workflow["deleted"] and workflow["updated_at"] < before
            if workflow["version"] > 1 or deleted:
                await self._prune_versions_of(workflow, before, deleted=deleted)

    async def _prune_versions_of(self, workflow: WorkflowDocument, before: datetime, *, deleted: bool) -> None:
        found = self._database.workflow_versions.find({"workflow": workflow["_id"], "version": {"$gte": 1}}, _REPLACED)
        versions = await found.sort("version", 1).to_list()
        old = [one["_id"] for one, later in pairwise(versions) if later["created_at"] < before]
        if deleted:
            old = [one["_id"] for one in versions]
        if not old and not deleted:
            return
        needed: set[str] = set()
        for which in ({"open": True}, {"created_at": {"$lt": before}}):
            runs = self._database.workflow_runs.find({"workflow": workflow["_id"], **which}, {"version": 1})
            needed |= {version_id(workflow["_id"], run["version"]) async for run in runs}
        await self._delete_versions(workflow["_id"], [one for one in old if one not in needed])
        if deleted and not needed:
            await self._database.workflows.delete_one({"_id": workflow["_id"]})

    async def _prune_orphaned_versions(self, before: datetime) -> None:
        """Delete versions from before that time whose workflow is lost, unless it still has runs.

        This repairs a crash while the name of a deleted workflow was released (`workflows/saving.py`): its document is
        then deleted and inserted again. Each call examines the next versions, and after the last it starts again.
        """
        window = {"_id": {"$gt": self._last_examined_version}}
        found = self._database.workflow_versions.find(window, {"workflow": 1, "created_at": 1})
        versions = await found.sort("_id", 1).limit(_EXAMINED_VERSIONS).to_list()
        self._last_examined_version = versions[-1]["_id"] if len(versions) == _EXAMINED_VERSIONS else ""
        old: dict[str, list[str]] = {}
        for version in versions:
            if version["created_at"] < before:
                old.setdefault(version["workflow"], []).append(version["_id"])
        existing = self._database.workflows.find({"_id": {"$in": list(old)}}, {"_id": 1})
        for workflow in old.keys() - {row["_id"] async for row in existing}:
            runs = {"workflow": workflow, "created_at": _EVER}
            if await self._database.workflow_runs.find_one(runs, {"_id": 1}) is None:
                await self._delete_versions(workflow, old[workflow])

    async def _delete_versions(self, workflow: str, version_ids: list[str]) -> None:
        """Delete these versions of a workflow, and subtract their sizes from its owner's usage."""
        fields = {"bytes": DOCUMENT_SIZE}
        versions = await self._read_fields("workflow_versions", {"_id": {"$in": version_ids}}, fields)
        sizes = {version["_id"]: version["bytes"] async for version in versions}
        await self._delete_sized(owner_of(workflow), "workflow_versions", sizes)

    async def _delete_all(self, collection: AsyncCollection[Any], ids: list[str]) -> None:
        for start in range(0, len(ids), DELETE_BATCH):
            await collection.delete_many({"_id": {"$in": ids[start : start + DELETE_BATCH]}})


def _has_ended(run: RawDocument, before: datetime) -> bool:
    return not run["open"] and run["finished_at"] < before


def _has_task_expired(task: RawDocument, before: datetime) -> bool:
    last = max(task["updated_at"], task["last_due_at"] or task["updated_at"])
    return task["schedule"]["kind"] == "once" and task["status"] in _ENDED and last < before
