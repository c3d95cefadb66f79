"""Unique names: whoever gives one to a task holds its lock meanwhile, and first looks for another task that has it.

A unique index of the names would not do. When the embedded database updates a document, it keeps the index entry of the
former value: a name that a task was renamed from could never be used again. A lock is only inserted and deleted.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from weakref import WeakValueDictionary

from pymongo.errors import DuplicateKeyError

from tocsin import clock
from tocsin.documents import Database, Hold, Task, new_id
from tocsin.documents.limit_documents import NameLockDocument
from tocsin.documents.narrowed_queries import find_narrowed
from tocsin.documents.task_names import name_key
from tocsin.errors import Conflict

LOCK_TIME = timedelta(seconds=30)
"""Time after which a lock counts as left by a process that has ended. What it protects takes milliseconds."""
_TRIES, _RETRY_SECONDS = 100, 0.02
_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""Locks of this process, so that of many calls for one name only one asks the database again and again."""


@asynccontextmanager
async def claimed_name(database: Database, owner: str, task_id: str, name: str) -> AsyncIterator[None]:
    """Hold the lock of a unique name while it is given to a task.

    Raises Conflict if another task of the owner has the name.
    """
    async with _turns.setdefault(f"{database.name} {_lock_id(owner, name)}", asyncio.Lock()):
        lock = await _take_lock(database, owner, name)
        try:
            if await find_unique_holder(database, owner, name) not in {None, task_id}:
                raise Conflict(f"You have another task whose unique name is {name!r}, ignoring case.", "name")
            yield
        finally:
            await database.name_locks.delete_one({"_id": lock["_id"], "token": lock["token"]})


def has_unique_name(task: Task, name: str) -> bool:
    """Tell whether this is the unique name of the task already."""
    return task.unique_name and task.name_key == name_key(name)


async def find_unique_holder(database: Database, owner: str, name: str) -> str | None:
    """Return the ID of the owner's task whose unique name this is."""
    named = {"owner": owner, "name_key": name_key(name)}
    kept = {"unique_name": True, "$nor": [{"hold": Hold.DELETED}]}
    found = await find_narrowed(database.tasks, named, kept, fields={"_id": 1}, limit=1)
    return found[0]["_id"] if found else None


async def _take_lock(database: Database, owner: str, name: str) -> NameLockDocument:
    """Insert the lock of a name, waiting for another save that holds it. Raises Conflict after two seconds."""
    key, token = _lock_id(owner, name), new_id(owner)
    for _ in range(_TRIES):
        lock: NameLockDocument = {"_id": key, "token": token, "forget_at": clock.now() + LOCK_TIME}
        try:
            await database.name_locks.insert_one(lock)
        except DuplicateKeyError:
            await _drop_left_lock(database, key)
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return lock
    raise Conflict(f"Other calls are giving the unique name {name!r} to a task. Try again.", "name")


def _lock_id(owner: str, name: str) -> str:
    return f"{owner}/{name_key(name)}"


async def _drop_left_lock(database: Database, key: str) -> None:
    held = await database.name_locks.find_one({"_id": key})
    if held is not None and held["forget_at"] <= clock.now():
        await database.name_locks.delete_one({"_id": key, "token": held["token"]})
