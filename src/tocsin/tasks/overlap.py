"""Runs that wait for an earlier run of their task: overlap QUEUE, and the runs of a catch-up.

A waiting run is QUEUED and `blocked`, so no worker claims it. The end of the run that `after` names releases it.
"""

from collections.abc import Collection

from pymongo import UpdateOne

from tocsin import clock
from tocsin.documents import (
    SETTLED_STATUSES,
    Database,
    RunChanges,
    RunDocument,
    RunStatus,
    Trigger,
    record_stored_runs,
)
from tocsin.documents.updates import Expression, all_of, change_when, has_value
from tocsin.tasks.ranking import rank_expression

_FIELDS = {"blocked": 1, "after": 1, "due_at": 1}


async def release_waiting(database: Database, ended: Collection[str | None]) -> int:
    """Release the runs that waited for these (None: that name no run) and may start now. Return their number."""
    if not ended:
        return 0
    waiting = database.runs.find({"blocked": True, "after": {"$in": ended}}, {"task": 1})
    tasks = {run["task"] async for run in waiting}
    return sum([await _release_first(database, task_id) for task_id in tasks])


async def repair_waiting(database: Database) -> int:
    """Release runs that wait for a run whose end was not noticed. Return their number."""
    waiting = await database.runs.find({"blocked": True}, {"after": 1}).to_list()
    blockers = [run.get("after") for run in waiting]
    found = database.runs.find({"_id": {"$in": blockers}}, {"status": 1})
    alive = {run["_id"] async for run in found if run["status"] not in SETTLED_STATUSES}
    return await release_waiting(database, [blocker for blocker in blockers if blocker not in alive])


async def _release_first(database: Database, task_id: str) -> int:
    """Release the first waiting run of a task if no other run of it is open. The others wait for that one.

    A run whose blocker is still open is not changed: the end of one run of a thousand updates one or two.
    """
    runs = await _open_runs(database, task_id)
    waiting = [run for run in runs if run.get("blocked")]
    ahead = [run["_id"] for run in runs if not run.get("blocked")]
    if not waiting:
        return 0
    updates, released = [], 0
    if not ahead:
        first = waiting.pop(0)
        ahead, released = [first["_id"]], 1
        updates.append(
            _update_waiting(
                first,
                {"blocked": False, "after": None, "ready_at": clock.now()},
                {"rank": rank_expression(always=True)},
            )
        )
    alive = {run["_id"] for run in runs}
    updates += [_update_waiting(run, {"after": ahead[-1]}) for run in waiting if run.get("after") not in alive]
    if not updates:
        return 0
    await database.runs.bulk_write(updates, ordered=False)
    if released:
        await record_stored_runs(database, ahead)
    if waiting and await _has_ended(database, ahead[-1]):  # before the new blocker was written
        released += await _release_first(database, task_id)
    return released


async def _open_runs(database: Database, task_id: str) -> list[RunDocument]:
    fields = {**_FIELDS, "trigger": 1}
    runs: list[RunDocument] = await database.runs.find({"task": task_id, "open": True}, fields).to_list()
    scheduled = [run for run in runs if run["trigger"] == Trigger.SCHEDULE]
    return sorted(scheduled, key=lambda run: run["due_at"])


async def _has_ended(database: Database, run_id: str) -> bool:
    run = await database.runs.find_one({"_id": run_id}, {"status": 1})
    return run is None or run["status"] in SETTLED_STATUSES


def _update_waiting(run: RunDocument, changes: RunChanges, computed: dict[str, Expression] | None = None) -> UpdateOne:
    unchanged = all_of(has_value("status", RunStatus.QUEUED), has_value("after", run.get("after")))
    return UpdateOne({"_id": run["_id"]}, [change_when(unchanged, changes, computed)])
