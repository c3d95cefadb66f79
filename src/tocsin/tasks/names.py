"""Tasks that are found by their name, and whether what was last applied to them is still in effect."""

import hashlib
import hmac

import bson

from tocsin.documents import Database, Hold, Task
from tocsin.documents.narrowed_queries import find_narrowed
from tocsin.documents.task_names import name_key
from tocsin.documents.updates import change_when, has_value
from tocsin.errors import Conflict
from tocsin.tasks.drafts import draft_from_task
from tocsin.tasks.ownership import find_task
from tocsin.tasks.unique_names import find_unique_holder

_MAX_SAME = 50


async def find_task_by_name(database: Database, owner: str, name: str) -> Task | None:
    """Return the owner's task whose unique name this is, else the only one with this name; None if there is none.

    Raises Conflict if several have the name and it is unique for none.
    """
    if (holder := await find_unique_holder(database, owner, name)) is not None:
        return await find_task(owner, holder)
    found = await find_narrowed(
        database.tasks,
        {"owner": owner, "name_key": name_key(name)},
        {"$nor": [{"hold": Hold.DELETED}]},
        fields={"_id": 1},
        limit=_MAX_SAME,
    )
    if not found:
        return None
    if len(found) > 1:
        raise Conflict(
            f"{len(found)} of your tasks are named {name!r}, ignoring case. Rename or delete all but one.",
            "name",
        )
    return await find_task(owner, found[0]["_id"])


def digest_applied(key: bytes, input_digest: str, task: Task) -> str:
    """Return a digest of an input and of the settings that the task has. It stays the same while neither changes."""
    settings = bson.encode(dict(draft_from_task(task).document_fields()))
    return hmac.new(key, input_digest.encode() + settings, hashlib.sha256).hexdigest()


async def note_applied(database: Database, task: Task, digest: str) -> None:
    """Store what was applied to the task, unless it has changed since."""
    change = change_when(has_value("version", task.version), {"applied": digest})
    await database.tasks.update_one({"_id": task.id}, [change])
