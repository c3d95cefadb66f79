"""Saving many tasks by one call: all are checked before, then written in batches.

What holds when the database or this process fails between two batches: there are no transactions on the engine's paths,
so some of the tasks are saved then, and run. Their ids, their due times and what counts as passed follow from the
record of the call's idempotency key, which is written before them. Sending the same again with the key therefore
finishes the call as of its first try: it saves what is missing and nothing twice, and what was edited or has run
meanwhile stays as it is. A call without a key cannot be finished; its caller is told to look at what is saved.
"""

from collections.abc import Mapping, Sequence

from pymongo.errors import BulkWriteError, PyMongoError

from tocsin.documents import Database, IdempotencyDocument, Task, is_unavailable
from tocsin.errors import PartialWrite
from tocsin.tasks import idempotency
from tocsin.tasks.activity_log import log_task_created
from tocsin.tasks.saving import ValidatedDraft

MAX_TASKS = 1000
"""So many tasks one call may save."""
_BATCH = 250
_DUPLICATE_KEY = 11_000
_PARTLY = (
    "The database failed while the tasks were being saved; some of them may be saved. Send the same again with the "
    "same idempotencyKey: that saves what is missing and nothing twice. Without a key, look at your tasks first."
)


def task_id_at(record: IdempotencyDocument, index: int) -> str:
    """The id of the call's task at this place; `record` is that of its idempotency key."""
    return f"{record['thing']}-{index:03}"


async def create_tasks(
    database: Database, owner: str, tasks: Mapping[int, ValidatedDraft], record: IdempotencyDocument
) -> None:
    """Save the tasks at these places of the call, unless the record says that this was done.

    Raises PartlyDone when the database fails on the way.
    """
    if record["done"]:
        return
    places = sorted(tasks)
    try:
        for start in range(0, len(places), _BATCH):
            batch = places[start : start + _BATCH]
            documents = [tasks[at].build_task(task_id_at(record, at), owner, record["created_at"]) for at in batch]
            await _insert(documents)
            for document in documents:
                log_task_created(document.id, owner, document.next_run_at)
        await idempotency.mark_done(database, record)
    except PyMongoError as error:
        if not is_unavailable(error):
            raise
        raise PartialWrite(_PARTLY) from error


async def _insert(documents: Sequence[Task]) -> None:
    try:
        await Task.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        faults = error.details.get("writeErrors", [])
        if not faults or any(fault["code"] != _DUPLICATE_KEY for fault in faults):
            raise
        # an earlier try with the same idempotency key got this far
