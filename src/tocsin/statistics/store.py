"""Stored statistics: a document for the minutes of an hour, and one for the hours of a day, of each scope."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from pymongo import UpdateOne

from tocsin.documents import Database, OutcomeDocument, RunStatisticsDocument
from tocsin.documents.updates import Expression
from tocsin.statistics.meter import MAX_OUTCOMES, HourKey, MinuteKey, Pending
from tocsin.statistics.tally import ALL, DAY_MS, HOUR_MS, MINUTE_MS, Tally, moment_of, queue_scope, task_scope

MINUTES_KEPT = timedelta(days=8)
"""Time for which the minutes are kept."""
_BATCH = 500
_DECODED_AT_ONCE = 50


class Cell(NamedTuple):
    """A period of a scope: with `is_minute` a minute, else an hour, by its number since 1970."""

    owner: str
    scope: str
    is_minute: bool
    number: int

    @property
    def document_id(self) -> str:
        """The ID of the document that contains it."""
        level, size = ("m", 60) if self.is_minute else ("h", 24)
        return f"{self.owner}/{level}/{self.scope}/{self.number // size}"

    @property
    def key(self) -> str:
        """The name of the cell among those of the document."""
        return str(self.number % (60 if self.is_minute else 24))

    @property
    def place(self) -> str:
        """The path of the cell in the document."""
        return f"cells.{self.key}"


def outcomes_id(task_id: str) -> str:
    """Return the ID of the document with the latest outcomes of a task."""
    owner, _, _ = task_id.partition("/")
    return f"{owner}/o/{task_scope(task_id)}"


def cells_of(minutes: Mapping[MinuteKey, Tally], hours: Mapping[HourKey, Tally]) -> dict[Cell, Tally]:
    """Return the tallies of all scopes to which these add: an owner, its queues, tasks and workflows."""
    cells: dict[Cell, Tally] = {}
    for (owner, queue, minute), tally in minutes.items():
        hour = minute * MINUTE_MS // HOUR_MS
        for scope in (ALL, queue_scope(queue)):
            cells.setdefault(Cell(owner, scope, True, minute), Tally()).merge(tally)
            cells.setdefault(Cell(owner, scope, False, hour), Tally()).merge(tally)
    for (owner, scope, hour), tally in hours.items():
        cells[Cell(owner, scope, False, hour)] = tally
    return cells


async def add_pending(database: Database, pending: Pending) -> None:
    """Add what was counted to the stored statistics. Raises PyMongoError; some of it may be stored then."""
    added: dict[str, tuple[Cell, dict[str, int]]] = {}
    for cell, tally in cells_of(pending.minutes, pending.hours).items():
        _, changes = added.setdefault(cell.document_id, (cell, {}))
        for name, part in tally.parts():
            changes.update({f"{cell.place}.{name}.{key}": count for key, count in part.items()})
    updates = [_upsert(cell, {"$inc": changes}) for cell, changes in added.values()]
    await _write(database, [*updates, *map(_push_outcomes, pending.outcomes.items())])


async def replace_hour(
    database: Database,
    owner: str,
    hour: int,
    minutes: Mapping[MinuteKey, Tally],
    hours: Mapping[HourKey, Tally],
    outcomes: Pending,
) -> None:
    """Store what was counted anew of an hour, in place of what was stored of it."""
    changes: dict[str, tuple[Cell, Expression]] = {}
    cells = cells_of(minutes, hours)
    for scope in {ALL, *(cell.scope for cell in cells)}:
        first = Cell(owner, scope, True, hour * 60)
        if scope.startswith(("t:", "w:")):
            continue
        inner = {cell.key: tally.to_stored() for cell, tally in cells.items() if cell.is_minute and cell.scope == scope}
        changes[first.document_id] = (first, {"cells": inner})
    for cell in (Cell(owner, ALL, False, hour), *(cell for cell in cells if not cell.is_minute)):
        changes[cell.document_id] = (cell, {cell.place: cells.get(cell, Tally()).to_stored()})
    await _write(database, list(map(_pull_outcomes, outcomes.outcomes.items())))
    updates = [_upsert(cell, {"$set": change}) for cell, change in changes.values()]
    await _write(database, [*updates, *map(_push_outcomes, outcomes.outcomes.items())])


async def read_documents(database: Database, cells: Iterable[Cell]) -> dict[str, RunStatisticsDocument]:
    """Return the documents that contain these cells, by their IDs."""
    return await _find(database, {cell.document_id for cell in cells})


def sum_cells(documents: Mapping[str, RunStatisticsDocument], cells: Iterable[Cell]) -> Tally:
    """Return the sum of what these documents have of the cells."""
    tally = Tally()
    for cell in cells:
        if (document := documents.get(cell.document_id)) and (stored := document.get("cells", {}).get(cell.key)):
            tally.add_stored(stored)
    return tally


async def _find(database: Database, ids: Iterable[str]) -> dict[str, RunStatisticsDocument]:
    """Return the documents with these IDs. They are decoded in parts, so that many do not delay others for long."""
    found = database.run_statistics.find({"_id": {"$in": list(ids)}}).batch_size(_DECODED_AT_ONCE)
    return {row["_id"]: row async for row in found}


async def read_outcomes(database: Database, task_ids: Iterable[str]) -> dict[str, RunStatisticsDocument]:
    """Return the documents with the latest outcomes of these tasks, by their IDs."""
    return await _find(database, map(outcomes_id, task_ids))


async def prune_statistics(database: Database, owner: str, before: datetime) -> None:
    """Delete the statistics of an owner of periods that ended before that time."""
    old = database.run_statistics.find({"owner": owner, "ends_at": {"$lt": before}}, {"_id": 1})
    ids = [row["_id"] async for row in old]
    for start in range(0, len(ids), _BATCH):
        await database.run_statistics.delete_many({"_id": {"$in": ids[start : start + _BATCH]}})


def _upsert(cell: Cell, changes: Expression) -> UpdateOne:
    size = HOUR_MS if cell.is_minute else DAY_MS
    number = cell.number // (60 if cell.is_minute else 24)
    ends_at = moment_of((number + 1) * size)
    fields = {"owner": cell.owner, "ends_at": ends_at}
    if cell.is_minute:
        fields["expires_at"] = ends_at + MINUTES_KEPT
    return UpdateOne({"_id": cell.document_id}, {**changes, "$setOnInsert": fields}, upsert=True)


def _pull_outcomes(item: tuple[tuple[str, str], Mapping[str, OutcomeDocument]]) -> UpdateOne:
    """Return the update that removes the outcomes of these runs, which are about to be added again."""
    (owner, scope), outcomes = item
    return UpdateOne({"_id": f"{owner}/o/{scope}"}, {"$pull": {"outcomes": {"r": {"$in": list(outcomes)}}}})


def _push_outcomes(item: tuple[tuple[str, str], Mapping[str, OutcomeDocument]]) -> UpdateOne:
    """Return the update that adds outcomes of a task. A run that ended twice is there twice; readers take the later."""
    (owner, scope), outcomes = item
    entries = sorted(outcomes.values(), key=lambda one: one["d"])[-MAX_OUTCOMES:]
    push = {"outcomes": {"$each": entries, "$sort": {"d": 1}, "$slice": -MAX_OUTCOMES}}
    latest = moment_of(entries[-1]["d"])
    changes = {"$push": push, "$max": {"ends_at": latest}, "$setOnInsert": {"owner": owner}}
    return UpdateOne({"_id": f"{owner}/o/{scope}"}, changes, upsert=True)


async def _write(database: Database, updates: list[UpdateOne]) -> None:
    for start in range(0, len(updates), _BATCH):
        await database.run_statistics.bulk_write(updates[start : start + _BATCH], ordered=False)
