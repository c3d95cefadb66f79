"""The notifications of missed and skipped runs, for the tasks whose owners asked for them.

Such a run is settled when it is made, so nothing would follow from it. The task of an owner who asked lists it as a run
whose end is not counted yet (`TaskFiring.build_advance`), until its owner has been told: a crash loses nothing.
"""

from collections.abc import Collection, Iterable

from tocsin.documents import Database, RunDocument, RunStatus, Trigger, is_repeated
from tocsin.notifications.deliveries import find_delivered, notify
from tocsin.notifications.task_events import RunsMissed, missed_event_id

NEVER_OPEN = frozenset({RunStatus.MISSED, RunStatus.SKIPPED})
"""The statuses of runs that the scheduler settles as it makes them."""


async def tell_missed_runs(database: Database, runs: Iterable[RunDocument]) -> None:
    """Tell the owners of the missed and skipped ones of these runs, once until a run of the task has succeeded."""
    missed = [run for run in runs if run["status"] in NEVER_OPEN and run["trigger"] == Trigger.SCHEDULE]
    alerting = await _find_alerting_tasks(database, {run["task"] for run in missed})
    causes: dict[str, list[RunDocument]] = {}
    for run in missed:
        if run["task"] in alerting and not is_repeated(run):
            causes.setdefault(missed_event_id(run), []).append(run)
    told = await find_delivered(database, causes)
    await notify(database, [RunsMissed.from_runs(same) for id_, same in causes.items() if id_ not in told])


async def _find_alerting_tasks(database: Database, task_ids: Collection[str]) -> set[str]:
    if not task_ids:
        return set()
    found = database.tasks.find({"_id": {"$in": sorted(task_ids)}}, {"alert_on_missed": 1})
    return {task["_id"] async for task in found if task.get("alert_on_missed")}
