"""Online backup: a copy of all collections, followed by the changes that were made during the copy.

The change stream is opened before the first document is read. After the last one a marker is written to the database,
and all changes up to that marker are added to the file. With them applied, every document is in its state at the
marker: a consistent backup without a transaction or a lock.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bson import ObjectId
from pymongo.asynchronous.change_stream import AsyncDatabaseChangeStream
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure, PyMongoError

from tocsin import clock
from tocsin.backups.archive import BackupError, BackupHeader, BackupSummary, BackupWriter, Change
from tocsin.backups.database_reader import SKIPPED_COLLECTIONS, read_collections
from tocsin.cancellation import cancel_and_wait
from tocsin.documents import RawDocument
from tocsin.documents.schema_version import INSTALLATION, read_version

_POLL_MILLISECONDS = 500
_CATCH_UP_SECONDS = 300.0
_MARKER_PREFIX = "backup-"
_ABANDONED_AFTER = timedelta(days=1)
_BATCH = 500
_MAX_FRAME_BYTES = 4 * 1024 * 1024
_WRITE_OPERATIONS = frozenset({"insert", "replace", "update", "delete"})
_SCHEMA_OPERATIONS = frozenset({"drop", "rename", "dropDatabase", "invalidate"})
_HISTORY_LOST_CODES = (286, 40647)


async def create_backup(db: AsyncDatabase[RawDocument], header: BackupHeader, writer: BackupWriter) -> BackupSummary:
    """Write the database to a backup file. Raises BackupError, and PyMongoError when the connection is lost."""
    marker = f"{_MARKER_PREFIX}{ObjectId()}"
    await db[INSTALLATION].delete_many(
        {"_id": {"$regex": f"^{_MARKER_PREFIX}"}, "at": {"$lt": clock.now() - _ABANDONED_AFTER}}
    )
    stream = await db.watch([], max_await_time_ms=_POLL_MILLISECONDS, show_expanded_events=True)
    following = asyncio.create_task(_record_changes(stream, marker, writer), name="backup-changes")
    try:
        await asyncio.to_thread(writer.write_header, header)
        await _copy(db, writer, following)
        await db[INSTALLATION].insert_one({"_id": marker, "at": clock.now()})
        async with asyncio.timeout(_CATCH_UP_SECONDS):
            await following
        found = await read_version(db)
        if found is None or found.version != header.version:
            raise BackupError("The data was migrated during the backup: create the backup again.")
        return await asyncio.to_thread(writer.finish)
    except TimeoutError:
        raise BackupError("The database sends no change events: create the backup again.") from None
    finally:
        await cancel_and_wait(following)
        await stream.close()
        with contextlib.suppress(PyMongoError):  # the next backup deletes it
            await db[INSTALLATION].delete_one({"_id": marker})


async def _copy(db: AsyncDatabase[RawDocument], writer: BackupWriter, following: "asyncio.Task[None]") -> None:
    async for name, documents in read_collections(db):
        if following.done():
            following.result()  # raises the error of the stream
            raise BackupError("The database stopped sending change events: create the backup again.")
        pieces: list[bytes] = []
        size = 0
        for document in documents:
            pieces.append(bytes(document.raw))
            size += len(document.raw)
            if size > _MAX_FRAME_BYTES:
                await asyncio.to_thread(writer.write_documents, name, pieces)
                pieces, size = [], 0
        await asyncio.to_thread(writer.write_documents, name, pieces)


async def _record_changes(stream: AsyncDatabaseChangeStream[RawDocument], marker: str, writer: BackupWriter) -> None:
    """Write changes to the file, up to that of the marker."""
    changes: list[Change] = []
    done = False
    try:
        while not done:
            event = await stream.try_next()
            if event is not None:
                changes += _encode_event(event)
                done = event.get("documentKey", {}).get("_id") == marker
            if changes and (done or event is None or len(changes) >= _BATCH):
                await asyncio.to_thread(writer.add_changes, changes)
                changes = []
    except OperationFailure as error:
        if error.code not in _HISTORY_LOST_CODES:
            raise
        raise BackupError(
            "More was written during the backup than the database's history holds: create the backup again at a quieter"
            " time."
        ) from None


def _encode_event(event: Mapping[str, Any]) -> list[Change]:
    """Return the stored form of an event that changes a document, or an empty list for other events."""
    operation, name = event["operationType"], event.get("ns", {}).get("coll")
    if operation in _SCHEMA_OPERATIONS:
        raise BackupError(f"The collection {name} was dropped or renamed during the backup: create the backup again.")
    if operation not in _WRITE_OPERATIONS or name in SKIPPED_COLLECTIONS:
        return []
    change: Change = {"o": operation, "c": name, "i": event["documentKey"]["_id"]}
    if operation != "delete":
        change["d"] = event["updateDescription" if operation == "update" else "fullDocument"]
    return [change]
