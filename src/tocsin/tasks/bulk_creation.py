"""Creation of many tasks by one call: all drafts are validated first, then written in batches.

There are no transactions on the engine's paths. If the database or this process fails between two batches, some of the
tasks are saved and run. Their IDs and due times derive from the record of the call's idempotency key, which is written
first. Repeating the call with the same key therefore completes it as of the first try: missing tasks are saved, none is
saved twice, and tasks that were edited or have run meanwhile are left alone. A call without a key cannot be completed;
its error tells the caller to check which tasks exist.
"""

from collections.abc import Mapping, Sequence

from pymongo.errors import BulkWriteError, PyMongoError

from tocsin.documents import ChangeKind, Database, IdempotencyDocument, Task, is_unavailable
from tocsin.documents.inserts import existing_indexes
from tocsin.errors import PartialWrite
from tocsin.tasks import idempotency
from tocsin.tasks.activity_log import log_task_created
from tocsin.tasks.saving import ValidatedDraft

MAX_TASKS = 1000
"""Maximum number of tasks in one call."""
_BATCH = 250
_PARTIAL_WRITE = (
    "The database failed while the tasks were being saved; some of them may be saved. Repeat the request with the "
    "same idempotencyKey: it saves the missing tasks and none twice. Without a key, check your tasks first."
)


def task_id_at(record: IdempotencyDocument, index: int) -> str:
    """Return the ID of the task at this index of the call. `record` is the record of its idempotency key."""
    return f"{record['thing']}-{index:03}"


async def create_tasks(
    database: Database, owner: str, tasks: Mapping[int, ValidatedDraft], record: IdempotencyDocument
) -> None:
    """Create the tasks at these indexes of the call, unless the record says that this is done.

    Raises PartialWrite if the database fails meanwhile.
    """
    if record["done"]:
        return
    indexes = sorted(tasks)
    try:
        for start in range(0, len(indexes), _BATCH):
            batch = indexes[start : start + _BATCH]
            documents = [
                tasks[index].build_task(task_id_at(record, index), owner, record["created_at"]) for index in batch
            ]
            await _insert(documents)
            for document in documents:
                database.changes.task_changed(
                    ChangeKind.TASK_CREATED, document.id, document.status, document.next_run_at
                )
            for document in documents:
                log_task_created(document.id, owner, document.next_run_at)
        await idempotency.mark_done(database, record)
    except PyMongoError as error:
        if not is_unavailable(error):
            raise
        raise PartialWrite(_PARTIAL_WRITE) from error


async def _insert(documents: Sequence[Task]) -> None:
    try:
        await Task.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        existing_indexes(error)  # created by an earlier try with the same idempotency key
