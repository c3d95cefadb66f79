"""The migrations of stored data, in their order: the table.

Data as the first program without a version wrote it counts as version 1. To add a migration, write one small file
`m<version>_<what>.py` beside this one with `async def apply(db) -> int`, name it here, and put a sample of the data of
the version before into `tests/documents/stored/` (`tests/documents/make_sample.py` makes one).

`apply` returns how many documents it changed. It must bear being run twice, because a crash in the middle of it is
followed by another run from the start, and goes through big collections with `read_batches`. It runs while no process
serves, before the indexes of this program's models are made.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pymongo.asynchronous.database import AsyncDatabase

from tocsin.documents.base import Doc


@dataclass(frozen=True, slots=True)
class Migration:
    """Brings data of the version before to `version`. `title` says in the log what it does."""

    version: int
    title: str
    apply: Callable[[AsyncDatabase[Doc]], Awaitable[int]]


FIRST_VERSION = 1
"""The version of data that has no version."""

MIGRATIONS: tuple[Migration, ...] = ()
