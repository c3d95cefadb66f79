"""The statuses of tasks that the database derives from their runs, read for the subscribers of this process."""

from collections.abc import Callable, Iterable, Sequence

from tocsin.documents import Change, Database, TaskStatus, owner_of
from tocsin.events.changes import subject_id

_MAX_TASKS = 10_000
"""Tasks of one owner whose status is remembered. One that is forgotten is told once more than needed."""


class TaskStatuses:
    """Reads statuses, and remembers for each owner with subscribers which ones they were told last."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: dict[str, dict[str, TaskStatus]] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._told.clear()

    def forget_owner(self, owner: str) -> None:
        """Forget what the subscribers of an owner were told, because there are none left."""
        self._told.pop(owner, None)

    async def complete(self, changes: list[Change], has_subscribers: Callable[[str], bool]) -> list[Change]:
        """Return the changes with the statuses that were derived, without those that changed no status.

        Changes of owners without subscribers are returned as they are. Raises PyMongoError.
        """
        owners = {owner_of(subject_id(change)) for change in changes}
        listening: set[str] = set()
        completed: dict[int, Change] = {}
        while new := {owner for owner in owners if has_subscribers(owner)} - listening:  # they come while others wait
            listening |= new
            completed |= await self.read_latest(change for change in changes if owner_of(subject_id(change)) in new)
        told: list[Change] = []
        for change in changes:
            owner = owner_of(subject_id(change))
            if not has_subscribers(owner):
                told.append(change)
            elif not change.is_derived:
                self._note(owner, change)
                told.append(change)
            elif (news := completed.get(id(change))) is not None and self._note(owner, news):
                told.append(news)
        return told

    async def complete_all(self, changes: Sequence[Change]) -> list[Change]:
        """Return all changes, with present statuses for those that were derived. Raises PyMongoError."""
        if not any(change.is_derived for change in changes):
            return list(changes)
        latest = {change.task_id: change.task_status for change in (await self.read_latest(changes)).values()}
        return [
            change._replace(task_status=latest.get(change.task_id), is_derived=False) if change.is_derived else change
            for change in changes
        ]

    async def read_latest(self, changes: Iterable[Change]) -> dict[int, Change]:
        """Return the last derived change of each task that exists with its present status, by the `id` of the change.

        Raises PyMongoError.
        """
        last = {change.task_id: change for change in changes if change.is_derived}
        if not last:
            return {}
        tasks = self._database.tasks.find({"_id": {"$in": list(last)}}, {"status": 1})
        return {
            id(change): change._replace(task_status=TaskStatus(task["status"]), is_derived=False)
            async for task in tasks
            if (change := last.get(task["_id"])) is not None
        }

    def _note(self, owner: str, change: Change) -> bool:
        """Note the status that is told. Return whether it differs from the one that was told before."""
        if change.task_id is None or change.task_status is None:
            return False
        told = self._told.setdefault(owner, {})
        if told.get(change.task_id) is change.task_status:
            return False
        if len(told) >= _MAX_TASKS:
            told.clear()
        told[change.task_id] = change.task_status
        return True
