"""Ended runs, and what is counted of them."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from tocsin import clock
from tocsin.documents import Database, RunStatus
from tocsin.statistics.meter import OwnerHour
from tocsin.statistics.service import Statistics
from tocsin.statistics.store import Cell
from tocsin.statistics.tally import ALL, HOUR_MS

T0 = datetime.fromisoformat("2026-03-01T12:00:10Z")
HOUR = OwnerHour("alice", clock.epoch_milliseconds(T0) // HOUR_MS)


def ended_run(number: int = 1, status: str = "COMPLETED", due_at: datetime = T0, **changes: Any) -> Any:
    """Return an ended run of a task of alice: 200 ms late, of 1 s."""
    started, task = due_at + timedelta(milliseconds=200), changes.pop("task", "alice/t1")
    ended = started + timedelta(seconds=1)
    run = {
        "_id": f"{task}:{number}", "owner": task.partition("/")[0], "task": task, "task_name": "a task",
        "trigger": "SCHEDULE", "status": status, "open": False, "reason": None, "due_at": due_at, "queue": "default",
        "round": 0, "interval_ms": 60_000, "started_at": started, "finished_at": ended, "created_at": due_at,
        "attempts": [{"number": 1, "started_at": started, "finished_at": ended}],
    }  # fmt: skip
    return run | changes


async def count_statuses(statistics: Statistics, scope: str = ALL, hour: OwnerHour = HOUR) -> dict[str, int]:
    """Return the numbers of runs by status that are counted of an hour."""
    cell = Cell(hour.owner, scope, False, hour.hour)
    (tally,) = await statistics.read([[cell]])
    return {status: count for status, count in tally.statuses.items() if count}


async def stored_statuses(database: Database, owner: str) -> Counter[str]:
    """Return the numbers of an owner's settled runs that are stored, by status."""
    runs = await database.runs.find({"owner": owner}, {"status": 1, "open": 1}).to_list()
    return Counter(str(RunStatus(run["status"])) for run in runs if not run["open"])
