"""The migrations of stored data, in order.

Data without a version counts as version 1. To add a migration, create a file `m<version>_<subject>.py` in this package
with `async def apply(db) -> int`, add it to `MIGRATIONS`, and add a sample of the previous version's data to
`tests/documents/stored/` (with `tests/documents/make_sample.py`).

`apply` returns the number of documents that it changed. It must be idempotent, because it runs again from the start
after a crash. Read large collections with `read_batches`. Migrations run while no process is serving, before the
indexes of the current models are created.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pymongo.asynchronous.database import AsyncDatabase

from tocsin.documents.base import RawDocument
from tocsin.documents.migrations import m2_task_names


@dataclass(frozen=True, slots=True)
class Migration:
    """A migration of data from the previous version to `version`. `title` describes it in the log."""

    version: int
    title: str
    apply: Callable[[AsyncDatabase[RawDocument]], Awaitable[int]]


FIRST_VERSION = 1
"""The version of data without a recorded version."""

MIGRATIONS: tuple[Migration, ...] = (Migration(2, "names of tasks", m2_task_names.apply),)
