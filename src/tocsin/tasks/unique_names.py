"""The slot that a unique name takes in the index of names, which lets only one task have it.

The embedded database frees an entry of a unique index with its document only: when a task is renamed, its former slot
stays taken for ever, by nobody. So there are further slots, of which each save takes the first that is free. All saves
meet the slots that nobody holds, so that of two at once, one gets the next slot, and the other one fails.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pymongo.errors import OperationFailure

from tocsin.documents import Database, Task
from tocsin.documents.task_documents import TaskNameFields
from tocsin.documents.task_names import (
    ABOVE_UNIQUE_SLOTS,
    FIRST_UNIQUE_SLOT,
    NAME_INDEX,
    is_unique_slot,
    name_fields,
    name_key,
    unique_slot,
)
from tocsin.errors import Conflict

T = TypeVar("T")
_DUPLICATE_KEY = 11000
MAX_SLOTS = 1_000
"""Times that a name can be given up."""
_TRIES = 2
"""Tries of a slot: its holder may have released it since the first one, on a database that frees it then."""


async def write_with_name(
    database: Database, task: Task, name: str, *, unique: bool, write: Callable[[TaskNameFields], Awaitable[T]]
) -> T:
    """Call `write` with what is stored of the name of a task, until it meets a free slot.

    Raises Conflict if another task has the same unique name.
    """
    if not unique:
        return await write(name_fields(task.id, name, unique=False))
    key = name_key(name)
    if task.name_key == key and task.name_slot != FIRST_UNIQUE_SLOT and is_unique_slot(task.name_slot):
        return await write({"name_key": key, "name_slot": task.name_slot})
    for number in range(MAX_SLOTS * _TRIES):
        holders = await _find_holders(database, task.owner, key)
        if holders - {task.id}:
            raise Conflict(f"You have another task whose unique name is {name!r}, ignoring case.", "name")
        try:
            return await write({"name_key": key, "name_slot": unique_slot(number // _TRIES)})
        except OperationFailure as error:
            if not _is_slot_taken(error) or task.id in holders:
                raise
    raise Conflict(f"The name {name!r} was given up by tasks {MAX_SLOTS} times. Choose another one.", "name")


async def _find_holders(database: Database, owner: str, key: str) -> set[str]:
    """Return the tasks whose unique name this is."""
    held = {"owner": owner, "name_key": key, "name_slot": {"$lt": ABOVE_UNIQUE_SLOTS}}
    return {holder["_id"] async for holder in database.tasks.find(held, {"_id": 1})}


def _is_slot_taken(error: OperationFailure) -> bool:
    details = error.details or {}
    errors = details.get("writeErrors", [details])
    return any(each.get("code") == _DUPLICATE_KEY and NAME_INDEX in each.get("errmsg", "") for each in errors)
