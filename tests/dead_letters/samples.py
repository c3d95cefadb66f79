"""Dead letters inserted directly, for tests."""

from datetime import timedelta
from typing import Any

from tests.harness import http_job
from tests.tasks.helpers import ended_attempt, load_run
from tocsin import clock
from tocsin.documents import Database, RunDocument, RunReason, RunStatus, Task, Trigger
from tocsin.tasks.runs import new_task_run

ERROR: Any = {"kind": "HTTP_STATUS", "message": "The target answered 500.", "hint": None}


async def add_dead_letters(database: Database, task: Task, count: int, **more: Any) -> list[str]:
    """Insert failed manual runs of this task, one second apart, the last one a minute ago."""
    document: Any = await database.tasks.find_one({"_id": task.id})
    kept = await database.runs.count_documents({})
    start = clock.now() - timedelta(seconds=60 + count)
    changes: Any = more
    runs: list[RunDocument] = []
    for number in range(count):
        at = start + timedelta(seconds=number)
        run = new_task_run(document, f"{task.id}:by-hand-{kept + number:05}", at, Trigger.MANUAL, at)
        run |= {"status": RunStatus.FAILED, "open": False, "rank": None, "finished_at": at, "error": ERROR}
        run |= {"attempts": [ended_attempt()], "reason": RunReason.RETRIES_USED_UP, "fence": 1}
        runs.append(run | changes)
    if runs:
        await database.runs.insert_many(runs)
    return [run["_id"] for run in runs]


def at_host(host: str) -> Any:
    """Return the fields of a run of an HTTP job that calls this host."""
    return {"job": http_job(f"https://{host}/hook")}


async def fail(database: Database, run_id: str) -> Any:
    """Fail a run as its worker would."""
    changes = {"status": "FAILED", "open": False, "finished_at": clock.now(), "rank": None, "error": ERROR}
    await database.runs.update_one({"_id": run_id}, {"$set": changes})
    return await load_run(database, run_id)
