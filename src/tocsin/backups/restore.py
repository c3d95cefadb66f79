"""Restore of a backup into an empty database.

A note in the database marks a restore in progress: until it is removed at the end, no program uses the data, and
another restore starts over.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bson.raw_bson import RawBSONDocument
from pymongo import DeleteOne, ReplaceOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from tocsin import clock
from tocsin.backups.archive import (
    CHANGES_FRAME,
    DOCUMENTS_FRAME,
    BackupError,
    BackupHeader,
    Change,
    decode_changes,
    decode_documents,
    read_frames,
)
from tocsin.backups.database_reader import SKIPPED_COLLECTIONS
from tocsin.backups.deltas import apply_update
from tocsin.documents import RawDocument
from tocsin.documents.inserts import existing_indexes
from tocsin.documents.schema_version import INSTALLATION, read_version, write_version
from tocsin.documents.workers import find_living_workers

_BATCH = 500
_SCHEMA_FILTER = {"_id": "schema"}


async def restore_backup(
    db: AsyncDatabase[RawDocument], path: Path, header: BackupHeader, write_keys: Callable[[], None]
) -> None:
    """Write a verified backup to the database. Raises BackupError if the database has data or is in use."""
    await _refuse_unless_empty(db)
    await write_version(db, header.version, restoring=path.name)
    await asyncio.to_thread(write_keys)
    if header.key_note is not None:
        await db[INSTALLATION].insert_one(header.key_note)
    frames = read_frames(path)
    while (frame := await asyncio.to_thread(next, frames, None)) is not None:
        kind, payload = frame
        if kind == DOCUMENTS_FRAME:
            await _insert_documents(db, payload)
        elif kind == CHANGES_FRAME:
            await _apply_changes(db, decode_changes(payload))
    await db[INSTALLATION].update_one(_SCHEMA_FILTER, {"$unset": {"restoring": 1}})


async def _refuse_unless_empty(db: AsyncDatabase[RawDocument]) -> None:
    """Drop what an interrupted restore left. Raises BackupError if the database has other data or is in use."""
    serving = [worker["_id"] for worker in await find_living_workers(db, clock.now())]
    if serving:
        raise BackupError(f"The database is in use by {', '.join(sorted(serving))}: stop it first.")
    found, names = await read_version(db), await db.list_collection_names()
    names = sorted(name for name in names if not name.startswith("system."))
    if found is None or found.restoring is None:
        for name in sorted(set(names) - SKIPPED_COLLECTIONS, key=lambda name: name != "users"):
            if await db[name].find_one({}, {"_id": 1}) is not None:
                raise BackupError(
                    f"The database has data ({name}), and backups can only be restored into an empty one: set"
                    " TOCSIN_DATA_DIR to an empty directory, or TOCSIN_MONGODB_DATABASE to a new name."
                )
    for name in sorted(names, key=lambda name: name == INSTALLATION):  # the note of the interrupted restore goes last
        await db[name].drop()


async def _insert_documents(db: AsyncDatabase[RawDocument], payload: bytes) -> None:
    name, documents = decode_documents(payload)
    for batch in _batched(documents):
        try:
            await db[name].insert_many(batch, ordered=False)
        except BulkWriteError as error:
            # A document that was updated during the copy may be read twice: the changes lead to the same final state.
            existing_indexes(error)


def _batched(documents: Iterator[bytes]) -> Iterator[list[RawBSONDocument]]:
    batch: list[RawBSONDocument] = []
    for document in documents:
        batch.append(RawBSONDocument(document))
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


async def _apply_changes(db: AsyncDatabase[RawDocument], changes: list[Change]) -> None:
    """Apply changes in order: read the documents, change them in memory, and write them back."""
    by_collection: dict[str, list[Change]] = {}
    for change in changes:
        by_collection.setdefault(change["c"], []).append(change)
    for name, its in by_collection.items():
        ids = {_key(change["i"]): change["i"] for change in its}
        found = {_key(one["_id"]): one async for one in db[name].find({"_id": {"$in": list(ids.values())}})}
        for change in its:
            key = _key(change["i"])
            if change["o"] == "delete":
                found.pop(key, None)
            elif change["o"] != "update":
                found[key] = change["d"]
            elif key in found:
                apply_update(found[key], change["d"])
        operations = [
            ReplaceOne({"_id": document_id}, found[key], upsert=True)
            if key in found
            else DeleteOne({"_id": document_id})
            for key, document_id in ids.items()
        ]
        for start in range(0, len(operations), _BATCH):
            await db[name].bulk_write(operations[start : start + _BATCH], ordered=False)


def _key(document_id: Any) -> str:
    """Return a text that identifies the document: ids need not be strings."""
    return document_id if isinstance(document_id, str) else repr(document_id)
