"""The sweep of workflow runs: finds those that have to be advanced although no event asked for it."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from tocsin import clock
from tocsin.documents import Database, Filter, owner_of

FULL_SWEEP_INTERVAL = 15.0
"""Seconds between two sweeps of all open workflow runs, whose events may have been lost."""
_MAX_SWEPT = 500
"""Maximum number of open workflow runs of one owner per sweep. The next sweep continues after them."""


class WorkflowSweeper:
    """Finds the workflow runs whose time has come, and now and then all open ones."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last_full_sweep = clock.EPOCH
        self._last_swept: dict[str, str] = {}

    async def find_due(self, now: datetime, ahead: timedelta = timedelta()) -> AsyncIterator[tuple[str, datetime]]:
        """Yield the workflow runs to advance, and when: those due until `ahead` from `now`.

        Before them come the open ones, if it is their time.
        """
        if abs(now - self._last_full_sweep) > timedelta(seconds=FULL_SWEEP_INTERVAL):
            for run_id in await self._find_open():
                yield run_id, now
            self._last_full_sweep = now
        due: Filter = {"open": True, "wake_at": {"$gt": clock.EPOCH, "$lte": now + ahead}}
        async for run in self._database.workflow_runs.find(due, {"wake_at": 1}):
            yield run["_id"], run["wake_at"] or now

    async def _find_open(self) -> list[str]:
        """Return the open workflow runs, in parts where an owner has very many."""
        open_runs: dict[str, list[str]] = {}
        async for run in self._database.workflow_runs.find({"open": True}, {"_id": 1}):
            open_runs.setdefault(owner_of(run["_id"]), []).append(run["_id"])
        found: list[str] = []
        last_swept: dict[str, str] = {}
        for owner, run_ids in open_runs.items():
            last = self._last_swept.get(owner, "")
            part = sorted(run_ids, key=lambda run_id: (run_id <= last, run_id))[:_MAX_SWEPT]  # then from the beginning
            if len(part) < len(run_ids):
                last_swept[owner] = part[-1]
            found += part
        self._last_swept = last_swept
        return found
