"""Queues, as administrators set them. `default` is always there; others are made by giving them settings."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tocsin.documents import Database, QueueDocument
from tocsin.errors import InvalidInput
from tocsin.tasks.ranking import DEFAULT_QUEUE, MAX_PRIORITY, MIN_PRIORITY

MAX_QUEUES = 200
"""Queues of one installation."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,49}")
_UNSET: dict[str, Any] = {"description": "", "concurrency": None, "rate": None, "priority": 0, "paused": False}
_BOUNDS = {"concurrency": (1, 100_000), "rate": (1, 1_000_000), "priority": (MIN_PRIORITY, MAX_PRIORITY)}
_FIELDS = {"rate": "ratePerMinute"}
_LONGEST = 500


async def list_queues(database: Database) -> list[QueueDocument]:
    """All queues, by name."""
    found = {queue["_id"]: queue async for queue in database.queues.find({})}
    found.setdefault(DEFAULT_QUEUE, {"_id": DEFAULT_QUEUE, **_UNSET})
    return [found[name] for name in sorted(found)]


async def find_queue(database: Database, name: str) -> QueueDocument:
    """The queue of this name. Raises InvalidInput that names those there are."""
    known = {queue["_id"]: queue for queue in await list_queues(database)}
    if name not in known:
        raise _unknown(name, known)
    return known[name]


async def update_queue(database: Database, name: str, changes: Mapping[str, Any], now: datetime) -> QueueDocument:
    """Change a queue's settings, or make it; None resets one. Raises InvalidInput at the faulty field."""
    if not _NAME.fullmatch(name):
        raise InvalidInput("A queue's name is 1 to 50 of a-z, 0-9, _ and -, beginning with a letter.", "name")
    for field, value in changes.items():
        _check(field, value)
    set_now = {field: _UNSET[field] if value is None else value for field, value in changes.items()}
    at_first = {field: value for field, value in _UNSET.items() if field not in set_now} | {"created_at": now}
    if (
        await database.queues.count_documents({}) >= MAX_QUEUES
        and await database.queues.find_one({"_id": name}) is None
    ):
        raise InvalidInput(f"There are {MAX_QUEUES} queues, which is the most.", "name")
    update = {"$set": {**set_now, "updated_at": now}, "$setOnInsert": at_first}
    await database.queues.update_one({"_id": name}, update, upsert=True)
    return await find_queue(database, name)


async def default_priorities(database: Database) -> dict[str, int]:
    """All queues, each with the priority of tasks that are saved without one."""
    return {queue["_id"]: queue["priority"] for queue in await list_queues(database)}


def resolve_priority(standards: Mapping[str, int], queue: str, priority: int | None) -> int:
    """The priority that a task of this queue gets; None: the queue's. Raises InvalidInput."""
    if queue not in standards:
        raise _unknown(queue, standards)
    if priority is not None and not MIN_PRIORITY <= priority <= MAX_PRIORITY:
        raise InvalidInput(f"priority must be {MIN_PRIORITY} to {MAX_PRIORITY}.", "priority")
    return standards[queue] if priority is None else priority


def _unknown(name: str, known: Iterable[str]) -> InvalidInput:
    names = ", ".join(sorted(known))
    return InvalidInput(f"There is no queue {name!r:.80}; there are: {names}. An administrator makes them.", "queue")


def _check(field: str, value: Any) -> None:
    if field == "description" and value is not None and len(value) > _LONGEST:
        raise InvalidInput(f"description must have at most {_LONGEST} characters.", field)
    if field in _BOUNDS and value is not None:
        low, high = _BOUNDS[field]
        if not low <= value <= high:
            shown = _FIELDS.get(field, field)
            raise InvalidInput(f"{shown} must be {low} to {high}.", shown)
