"""Writes of deferred runs: as claimed, if they cannot wait for their outcome, or with it."""

from collections.abc import Iterable, Sequence

from pymongo.errors import BulkWriteError

from tocsin import clock
from tocsin.documents import Database, DeferredRun, RunDocument, owner_of
from tocsin.documents.inserts import existing_indexes
from tocsin.documents.updates import group_updates
from tocsin.tasks import reconciliation


async def write_deferred(database: Database, deferred: Iterable[DeferredRun]) -> None:
    """Write those of these runs that are still deferred as claimed, and advance their tasks.

    Raises PyMongoError; then they stay deferred.
    """
    async with database.deferred.lock:
        left = [each for each in deferred if database.deferred.get(each.run["_id"]) is each]
        if not left:
            return
        runs = [each.run for each in left]
        existing = await insert_new_runs(database, runs)
        database.changes.runs_created(run for index, run in enumerate(runs) if index not in existing)
        await advance_tasks(database, left, runs)


async def write_deferred_of_task(database: Database, owner: str, task_id: str) -> None:
    """Write the deferred run of the owner's task, before they change the task."""
    if owner_of(task_id) == owner:
        await write_deferred(database, database.deferred.of_task(task_id))


async def insert_new_runs(database: Database, runs: Sequence[RunDocument]) -> set[int]:
    """Insert runs. Return the indexes of those that exist already."""
    try:
        await database.runs.insert_many(runs, ordered=False)
    except BulkWriteError as error:
        return set(existing_indexes(error))
    return set()


async def advance_tasks(database: Database, deferred: Sequence[DeferredRun], runs: Sequence[RunDocument]) -> None:
    """Advance the tasks of deferred runs, which are written now as given, and forget that they were deferred.

    A task that was changed meanwhile is not advanced: it stays due, or on hold, and its open run follows the change.
    """
    steps = [each.advance(run) for each, run in zip(deferred, runs, strict=True)]
    if not steps:
        return
    result = await database.tasks.bulk_write(group_updates(steps), ordered=False)
    next_due = min((each.next_due for each in deferred if each.next_due is not None), default=None)
    database.changes.tasks_derived((steps[0][0],), next_due)  # one is enough to wake the scheduler
    database.changes.tasks_derived(task_id for task_id, _ in steps[1:])
    if result.modified_count < len(steps):
        await _align_outdated(database, runs)
    database.deferred.remove(deferred)
    await delete_finished_records(database)


async def _align_outdated(database: Database, runs: Sequence[RunDocument]) -> None:
    """Have the open runs of tasks that were not advanced follow what changed these."""
    found = database.tasks.find({"_id": {"$in": [run["task"] for run in runs]}}, {"last_run": 1})
    advanced = {task["last_run"] async for task in found}
    outdated = [run for run in runs if run["_id"] not in advanced]
    if outdated:  # those that are still due are to be fired again, which adopts the run
        database.changes.tasks_derived((run["task"] for run in outdated), min(run["due_at"] for run in outdated))
    await reconciliation.align_stale_runs(database, [run for run in outdated if run["open"]], clock.now())


async def delete_finished_records(database: Database) -> None:
    """Delete the claim records of which all runs are written."""
    records = database.deferred.finished_records
    if finished := [records.pop() for _ in range(len(records))]:
        try:
            await database.claim_records.delete_many({"_id": {"$in": finished}})
        except BaseException:
            records += finished
            raise


async def restore_deferred_runs(database: Database) -> int:
    """Insert the runs that a process had deferred when it died, as claimed. Return their number.

    A task that is no longer due at the time of the run has had it: then the record was only not deleted.
    """
    restored = 0
    async for record in database.claim_records.find({}):
        runs = await _still_due(database, record["runs"])
        restored += len(runs) - len(await insert_new_runs(database, runs) if runs else ())
        await database.claim_records.delete_one({"_id": record["_id"]})
    return restored


async def _still_due(database: Database, runs: Sequence[RunDocument]) -> list[RunDocument]:
    found = database.tasks.find({"_id": {"$in": [run["task"] for run in runs]}}, {"next_run_at": 1})
    due = {task["_id"]: task["next_run_at"] async for task in found}
    return [run for run in runs if due.get(run["task"]) == run["due_at"]]
