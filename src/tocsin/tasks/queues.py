"""Queues and their settings. The queue `default` always exists; administrators create others by configuring them."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tocsin.documents import Changes, Database, QueueDocument
from tocsin.errors import InvalidInput
from tocsin.tasks.ranking import DEFAULT_QUEUE, MAX_PRIORITY, MIN_PRIORITY

MAX_QUEUES = 200
"""Maximum number of queues."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,49}")
_DEFAULT: QueueDocument = {
    "_id": DEFAULT_QUEUE, "description": "", "concurrency": None, "rate": None, "priority": 0, "paused": False
}  # fmt: skip
_DEFAULTS: Changes = {field: value for field, value in _DEFAULT.items() if field != "_id"}
_RANGES = {"concurrency": (1, 100_000), "rate": (1, 1_000_000), "priority": (MIN_PRIORITY, MAX_PRIORITY)}
_FIELDS = {"rate": "ratePerMinute"}
_MAX_DESCRIPTION = 500


async def list_queues(database: Database) -> list[QueueDocument]:
    """Return all queues, sorted by name."""
    found = {queue["_id"]: queue async for queue in database.queues.find({})}
    found.setdefault(DEFAULT_QUEUE, {**_DEFAULT})
    return [found[name] for name in sorted(found)]


async def find_queue(database: Database, name: str) -> QueueDocument:
    """Return the queue with this name. Raises InvalidInput, which lists the existing queues."""
    known = {queue["_id"]: queue for queue in await list_queues(database)}
    if name not in known:
        raise _unknown(name, known)
    return known[name]


async def update_queue(database: Database, name: str, changes: Mapping[str, Any], now: datetime) -> QueueDocument:
    """Change the settings of a queue, or create it; None resets a setting. Raises InvalidInput at the invalid field."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            "A queue's name has 1 to 50 of the characters a-z, 0-9, _ and -, and starts with a letter.", "name"
        )
    for field, value in changes.items():
        _check(field, value)
    changed = {field: _DEFAULTS[field] if value is None else value for field, value in changes.items()}
    initial = {field: value for field, value in _DEFAULTS.items() if field not in changed} | {"created_at": now}
    if (
        await database.queues.count_documents({}) >= MAX_QUEUES
        and await database.queues.find_one({"_id": name}) is None
    ):
        raise InvalidInput(f"There are {MAX_QUEUES} queues, which is the maximum.", "name")
    update = {"$set": {**changed, "updated_at": now}, "$setOnInsert": initial}
    await database.queues.update_one({"_id": name}, update, upsert=True)
    return await find_queue(database, name)


async def default_priorities(database: Database) -> dict[str, int]:
    """Return the default priority of tasks in each queue, by queue name."""
    return {queue["_id"]: queue["priority"] for queue in await list_queues(database)}


def resolve_priority(defaults: Mapping[str, int], queue: str, priority: int | None) -> int:
    """Return the priority of a task in this queue, by default the queue's. Raises InvalidInput."""
    if queue not in defaults:
        raise _unknown(queue, defaults)
    if priority is not None and not MIN_PRIORITY <= priority <= MAX_PRIORITY:
        raise InvalidInput(f"priority must be {MIN_PRIORITY} to {MAX_PRIORITY}.", "priority")
    return defaults[queue] if priority is None else priority


def _unknown(name: str, known: Iterable[str]) -> InvalidInput:
    names = ", ".join(sorted(known))
    return InvalidInput(
        f"There is no queue {name!r:.80}. Existing queues: {names}. Only administrators create queues.", "queue"
    )


def _check(field: str, value: Any) -> None:
    if field == "description" and value is not None and len(value) > _MAX_DESCRIPTION:
        raise InvalidInput(f"description must have at most {_MAX_DESCRIPTION} characters.", field)
    if field in _RANGES and value is not None:
        low, high = _RANGES[field]
        if not low <= value <= high:
            shown = _FIELDS.get(field, field)
            raise InvalidInput(f"{shown} must be {low} to {high}.", shown)
