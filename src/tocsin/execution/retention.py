"""Forgetting, each after its time: finished runs and workflow runs, finished one-off tasks, mails, files, audit log."""

import asyncio
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.accounts import audit
from tocsin.documents import Database, Doc, TaskStatus
from tocsin.documents.files import FileStore
from tocsin.notifications import deliveries

BATCH = 500
HOUR = 3600.0
_FORGOTTEN = timedelta(days=1)
"""So long after a circuit could have been probed, and no run came to probe it, it is held for closed."""
_ENDED = [TaskStatus.COMPLETED.value, TaskStatus.FAILED.value, TaskStatus.CANCELLED.value]
log = telemetry.logger(__name__)


class Retention:
    """Deletes, each hour, what is older than the owner of this server wants to keep."""

    def __init__(
        self, database: Database, runs: timedelta, tasks: timedelta, entries: timedelta = timedelta(days=365)
    ) -> None:
        self._database = database
        self._runs, self._tasks, self._entries = runs, tasks, entries

    async def run(self) -> None:
        """Forget until cancelled."""
        while True:
            try:
                await self.forget(clock.now())
            except Exception as error:
                unknown = not isinstance(error, PyMongoError)
                log.warning("old runs not deleted, trying again in an hour", error=str(error)[:300], exc_info=unknown)
            await asyncio.sleep(HOUR)

    async def forget(self, now: datetime) -> int:
        """Delete what is too old at `now`. Returns how many runs, tasks and workflow runs."""
        count = 0
        async for user in self._database.db["users"].find({}, {"_id": 1}):
            count += await self._forget_runs(user["_id"], now - self._runs)
            count += await self._forget_tasks(user["_id"], now - self._tasks)
            count += await self._forget_workflow_runs(user["_id"], now - self._runs)
            await self._forget_replays(user["_id"], now - self._runs)
        await self._database.circuits.delete_many({"retry_at": {"$lt": now - _FORGOTTEN}})
        await FileStore(self._database).forget(now - self._runs)
        await deliveries.forget(self._database, now - self._runs)
        await audit.forget(self._database, now - self._entries)
        return count

    async def _forget_runs(self, owner: str, before: datetime) -> int:
        count = 0
        # A run is never finished before it is due, so the owner's index by due time bounds what is read.
        old = self._database.runs.find(
            {"owner": owner, "due_at": {"$lt": before}}, {"finished_at": 1, "attempts.number": 1, "open": 1}
        )
        batch: list[Doc] = []
        async for run in old.batch_size(BATCH):
            if not run["open"] and run["finished_at"] < before:
                batch.append(run)
            if len(batch) >= BATCH:
                count += await self._delete(batch)
                batch = []
        return count + await self._delete(batch)

    async def _delete(self, runs: list[Doc]) -> int:
        if not runs:
            return 0
        bodies = [f"{run['_id']}#{attempt['number']}" for run in runs for attempt in run["attempts"]]
        await self._database.response_bodies.delete_many({"_id": {"$in": bodies}})
        result = await self._database.runs.delete_many({"_id": {"$in": [run["_id"] for run in runs]}})
        return result.deleted_count

    async def _forget_workflow_runs(self, owner: str, before: datetime) -> int:
        """Their steps' runs go with the other runs. Versions stay as long as their workflows: they are few."""
        fields = {"open": 1, "finished_at": 1}
        old = self._database.workflow_runs.find({"owner": owner, "due_at": {"$lt": before}}, fields)
        ended = [run["_id"] async for run in old if not run["open"] and run["finished_at"] < before]
        for start in range(0, len(ended), BATCH):
            await self._database.workflow_runs.delete_many({"_id": {"$in": ended[start : start + BATCH]}})
        return len(ended)

    async def _forget_replays(self, owner: str, before: datetime) -> None:
        old = self._database.replays.find({"owner": owner, "created_at": {"$lt": before}}, {"open": 1})
        ended = [replay["_id"] async for replay in old if not replay["open"]]
        for start in range(0, len(ended), BATCH):
            await self._database.replays.delete_many({"_id": {"$in": ended[start : start + BATCH]}})

    async def _forget_tasks(self, owner: str, before: datetime) -> int:
        """One-off tasks that ended so long ago, and were not touched since."""
        fields = {"schedule.kind": 1, "status": 1, "updated_at": 1, "last_due_at": 1}
        tasks = self._database.tasks.find({"owner": owner, "created_at": {"$lt": before}}, fields)
        ended = [task["_id"] async for task in tasks if _is_over(task, before)]
        for start in range(0, len(ended), BATCH):
            await self._database.tasks.delete_many({"_id": {"$in": ended[start : start + BATCH]}})
        return len(ended)


def _is_over(task: Doc, before: datetime) -> bool:
    last = max(task["updated_at"], task["last_due_at"] or task["updated_at"])
    return task["schedule"]["kind"] == "once" and task["status"] in _ENDED and last < before
