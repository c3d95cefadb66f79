"""Connections to the database, which are opened with its migrations and indexes."""

from typing import Any

from beanie import init_beanie
from bson import CodecOptions
from pymongo import AsyncMongoClient, IndexModel, MongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError
from pymongo.synchronous.database import Database as SyncDatabase

from tocsin.documents.base import ascending_index
from tocsin.documents.changes import ChangeLog
from tocsin.documents.collections import MODELS
from tocsin.documents.database import FILES_BUCKET, Database
from tocsin.documents.indexes import drop_stale_indexes
from tocsin.documents.lost_writes import LostWriteListener
from tocsin.documents.open_alerts import OpenAlerts
from tocsin.documents.schema_version import migrate_to_latest
from tocsin.errors import DatabaseUnavailable

_FILE_INDEXES = {
    f"{FILES_BUCKET}.files": [ascending_index("filename", "uploadDate"), ascending_index("uploadDate")],
    f"{FILES_BUCKET}.chunks": [ascending_index("files_id", "n", unique=True)],
}
_PATIENCE = 3_000
"""Milliseconds that an operation waits for an unavailable database before it fails."""
CLIENT_OPTIONS: dict[str, Any] = {"tz_aware": True, "serverSelectionTimeoutMS": _PATIENCE, "appname": "tocsin"}


async def connect(uri: str, name: str, *, alone: bool = False) -> Database:
    """Open the database: migrate older data, bind the Beanie models and create indexes.

    With `alone`, no other process can use the database. Raises DatabaseUnavailable, and StartupError for data that this
    program must not use.
    """
    log = ChangeLog(is_shared=not alone)
    client = open_client(uri, log)
    try:
        await migrate_to_latest(client[name], alone=alone)
        await drop_stale_indexes(client[name], _declared_indexes())
        await init_beanie(database=client[name], document_models=MODELS, skip_indexes=True)
        await _create_indexes(client[name])
    except PyMongoError as error:
        await client.close()
        raise DatabaseUnavailable(f"the database does not answer: {error}") from error
    except BaseException:
        await client.close()
        raise
    return Database(client, client[name], uri, name, changes=log, open_alerts=OpenAlerts(is_alone=alone))


def open_client(uri: str, log: ChangeLog | None = None) -> AsyncMongoClient[Any]:
    """Return a client, which connects with its first operation. Raises DatabaseUnavailable or PyMongoError.

    `log` records that changes were lost when the outcome of a write is unknown.
    """
    try:
        return AsyncMongoClient(uri, **_client_options(log))
    except ValueError as error:  # the driver raises errors of its own for the other parts of a URI
        raise DatabaseUnavailable(f"the URI of the database is invalid: {error}") from error


def _client_options(log: ChangeLog | None) -> dict[str, Any]:
    listeners = [LostWriteListener(log)] if log is not None else []
    return {**CLIENT_OPTIONS, "event_listeners": [*CLIENT_OPTIONS.get("event_listeners", ()), *listeners]}


def _declared_indexes() -> dict[str, list[IndexModel]]:
    models = {model.Settings.name: list(getattr(model.Settings, "indexes", [])) for model in MODELS}
    return {**models, **_FILE_INDEXES}


async def _create_indexes(db: AsyncDatabase[Any]) -> None:
    """Create missing indexes. Beanie would first ask each collection for those it has, which takes as long again.

    The collections of GridFS exist from here on: the embedded database cannot delete from missing ones.
    """
    for name, indexes in _declared_indexes().items():
        if indexes:
            await db[name].create_indexes(indexes)


def connect_sync(uri: str, name: str, log: ChangeLog | None = None) -> SyncDatabase[Any]:
    """Open a separate client for the scheduler's thread: APScheduler closes the client of its store at shutdown."""
    client: MongoClient[Any] = MongoClient(uri, **_client_options(log))
    return client.get_database(name, codec_options=CodecOptions(tz_aware=True))
