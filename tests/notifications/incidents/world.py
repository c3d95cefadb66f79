"""Tasks that fail and work again, and a keeper with a clock that the test advances."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.notifications.helpers import START, Clock
from tocsin.documents import Database, ErrorKind
from tocsin.notifications.incidents.keeper import IncidentKeeper
from tocsin.notifications.incidents.telling import TellingRules
from tocsin.tasks import run_effects

HOST = "api.example.org:443"
MINUTE = timedelta(minutes=1)
MESSAGES = {ErrorKind.CONNECT: f"{HOST} refused the connection.", ErrorKind.JOB: "The job failed."}


def task(name: str, owner: str = "u1", **changes: Any) -> Any:
    """Return a task that is due again tomorrow."""
    return {
        "_id": f"{owner}/{name}", "owner": owner, "name": name, "hold": None, "status": "PENDING",
        "active": [], "next_run_at": START + timedelta(days=1), "last_run": None, "last_end": "COMPLETED",
        "incident": 0, "consecutive_failures": 0, "version": 1, **changes,
    }  # fmt: skip


class World:
    """A database with tasks, whose runs end as the test says, and a keeper."""

    def __init__(self, database: Database, group_wait: timedelta = timedelta(0), **rules: Any) -> None:
        self.database, self.clock = database, Clock()
        self.keeper = self.make_keeper(group_wait, **rules)

    def make_keeper(self, group_wait: timedelta = timedelta(0), **rules: Any) -> IncidentKeeper:
        """Return another keeper of the same incidents, as another process has one."""
        return IncidentKeeper(self.database, group_wait, TellingRules(**rules), self.clock)

    @property
    def now(self) -> datetime:
        return self.clock.time

    async def add_tasks(self, *names: str, **changes: Any) -> None:
        await self.database.db["tasks"].insert_many([task(name, **changes) for name in names])

    async def pass_time(self, time: timedelta) -> None:
        """Advance the clock, and keep what is due then."""
        self.clock.time += time
        await self.keeper.keep_due()

    def run(self, name: str, status: str, kind: ErrorKind = ErrorKind.CONNECT, **changes: Any) -> Any:
        """Return a scheduled run that has ended now, or waits for its retry."""
        owner = changes.pop("owner", "u1")
        error = {"kind": kind, "message": MESSAGES.get(kind, str(kind)), "hint": "Look at it."}
        attempt = {
            "number": 1, "started_at": self.now, "finished_at": self.now, "worker": "w", "outcome": "FAILED",
            "request": {"method": "GET", "url": f"https://{HOST}/{name}"}, "status_code": None, "error": error,
        }  # fmt: skip
        is_open = status == "RETRY"
        return {
            "_id": f"{owner}/{name}:{round(self.now.timestamp() * 1_000)}", "owner": owner, "task": f"{owner}/{name}",
            "task_name": name, "trigger": "SCHEDULE", "status": status, "open": is_open, "due_at": self.now,
            "finished_at": None if is_open else self.now, "retry_at": self.now + MINUTE if is_open else None,
            "incident": 0, "round": 0, "priority": 0, "host": HOST,
            "attempts": [] if status == "COMPLETED" else [attempt],
            "job": {"kind": "http", "params": {}}, "reason": None, "error": None if status == "COMPLETED" else error,
            **changes,
        }  # fmt: skip

    async def end_runs(self, *runs: Any) -> None:
        """Apply the effects of these runs, as the engine does. Each is of its task's present incident."""
        await run_effects.record_alerts(self.database, list(runs))

    async def end(self, name: str, status: str, kind: ErrorKind = ErrorKind.CONNECT, **changes: Any) -> None:
        """Let a run of a task end, or wait for its retry, count that, and keep what is due."""
        run = self.run(name, status, kind, **{"incident": await self._number(name), **changes})
        await self.end_runs(run)
        if status == "COMPLETED":
            await self.database.tasks.update_one({"_id": run["task"]}, {"$inc": {"incident": 1}})
        await self.keeper.keep_due()

    async def _number(self, name: str) -> int:
        found = await self.database.tasks.find_one({"_id": f"u1/{name}"})
        return found["incident"] if found else 0

    async def told(self) -> list[tuple[str, str]]:
        """Return the kind and the subject of all notifications, in order."""
        found = await self.database.notifications.find({}).sort([("stored_at", 1), ("at", 1)]).to_list()
        return [(each["kind"], each["subject"]) for each in found]

    async def kinds(self) -> list[str]:
        return [kind for kind, _ in await self.told()]

    async def incidents(self) -> list[Any]:
        return await self.database.incidents.find({}).sort("opened_at", 1).to_list()

    async def the_incident(self) -> Any:
        (incident,) = await self.incidents()
        return incident

    async def alerts(self) -> list[Any]:
        return await self.database.alerts.find({}).sort("_id", 1).to_list()


def names(count: int) -> Sequence[str]:
    return [f"t{number:04}" for number in range(count)]
