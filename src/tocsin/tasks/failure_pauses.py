"""What follows when a task has paused itself (`failure_streak`): its open runs are stopped, and its owner is notified.

The pause leaves the task marked for reconciliation. Whoever applied the effects of the failed runs reconciles it at
once; after a crash, the start or the next check of leases does.
"""

from collections.abc import Iterable

from tocsin import clock
from tocsin.documents import Database, RunDocument, RunStatus, Trigger, is_repeated
from tocsin.tasks.reconciliation import reconcile_task


async def complete_pauses(database: Database, ended: Iterable[RunDocument]) -> None:
    """Complete the pauses of tasks for which one of these failed runs was the last straw."""
    tasks = {run["task"] for run in ended if _adds_to_streak(run)}
    if not tasks:
        return
    found = database.tasks.find({"_id": {"$in": sorted(tasks)}}, {"self_pause": 1})
    paused = [task["_id"] async for task in found if (pause := task.get("self_pause")) and not pause["is_told"]]
    for task_id in paused:
        await reconcile_task(database, task_id, clock.now())


def _adds_to_streak(run: RunDocument) -> bool:
    return run["status"] == RunStatus.FAILED and run["trigger"] == Trigger.SCHEDULE and not is_repeated(run)
