"""Reading of a whole database in batches of bounded size.

MongoDB streams a collection. The embedded database collects all documents that match a filter before it sends the
first, so large collections are read there in narrow windows of an index, or by ids derived from other documents.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from bson import CodecOptions, ObjectId
from bson.errors import InvalidId
from bson.raw_bson import RawBSONDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.asynchronous.database import AsyncDatabase

from tocsin import clock
from tocsin.documents import Filter, RawDocument
from tocsin.documents.database import FILES_BUCKET
from tocsin.documents.schema_version import INSTALLATION

CollectionBatch = tuple[str, list[RawBSONDocument]]
SKIPPED_COLLECTIONS = frozenset(
    {
        INSTALLATION,
        "workers",
        "permits",
        "network_states",
        "network_failures",
        "rate_buckets",
        "mail_counts",
        "name_locks",
        "change_batches",
        "claim_records",
    }
)
"""Collections with state of the installation or its processes, not of users."""
_EMBEDDED_SET_NAME = "secantus"
_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument, tz_aware=True)
_WINDOWED = ("runs", "workflow_runs")
_DERIVED = {"runs": "response_bodies", f"{FILES_BUCKET}.files": f"{FILES_BUCKET}.chunks"}
_BATCH = 500
_FEW, _MANY = 200, 1_000
_FIRST_WINDOW, _SHORTEST_WINDOW, _LONGEST_WINDOW = timedelta(minutes=10), timedelta(seconds=1), timedelta(days=1)
_BODY_BATCH = 50


async def read_collections(db: AsyncDatabase[RawDocument]) -> AsyncIterator[CollectionBatch]:
    """Yield all documents of all collections, each in its state when it is read."""
    narrow = (await db.client.admin.command("hello")).get("setName") == _EMBEDDED_SET_NAME
    names = {name for name in await db.list_collection_names() if not name.startswith("system.")} - SKIPPED_COLLECTIONS
    derived = set(_DERIVED.values()) if narrow else set()
    for name in sorted(names - derived):
        yield name, []
        windows = (
            _read_windows(db, name) if narrow and name in _WINDOWED else _read_cursor(raw_collection(db, name).find({}))
        )
        async for documents in windows:
            yield name, documents
            if narrow and name in _DERIVED:
                async for portion in _read_derived(db, name, documents):
                    yield portion


def raw_collection(db: AsyncDatabase[RawDocument], name: str) -> AsyncCollection[RawBSONDocument]:
    """Return the collection with undecoded documents."""
    return db[name].with_options(codec_options=_RAW)


async def _read_cursor(cursor: AsyncCursor[RawBSONDocument]) -> AsyncIterator[list[RawBSONDocument]]:
    batch: list[RawBSONDocument] = []
    async for document in cursor.batch_size(_BATCH):
        batch.append(document)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


async def _read_windows(db: AsyncDatabase[RawDocument], name: str) -> AsyncIterator[list[RawBSONDocument]]:
    """Read by owner and creation time, in windows that adapt to the number of documents found.

    This finds all documents because owners are users, and users are never deleted.
    """
    owners = [user["_id"] async for user in db["users"].find({}, {"_id": 1})]
    now = clock.now()
    for owner in owners:
        start, width = _created_at(owner), _FIRST_WINDOW
        yield await _find_between(db, name, owner, {"$lt": start})
        while start < now:
            found = await _find_between(db, name, owner, {"$gte": start, "$lt": start + width})
            yield found
            start += width
            width = _next_width(width, len(found))
        yield await _find_between(db, name, owner, {"$gte": start})


async def _find_between(db: AsyncDatabase[RawDocument], name: str, owner: str, times: Filter) -> list[RawBSONDocument]:
    return await raw_collection(db, name).find({"owner": owner, "created_at": times}).to_list()


def _created_at(owner: str) -> datetime:
    """Return about when a user's account was created, by the timestamp in the id."""
    try:
        return ObjectId(owner).generation_time - timedelta(hours=1)
    except InvalidId:
        return clock.now() - timedelta(days=100)


def _next_width(width: timedelta, found: int) -> timedelta:
    if found > _MANY:
        return max(width * (_MANY / found), _SHORTEST_WINDOW)
    return min(width * 2, _LONGEST_WINDOW) if found < _FEW else width


async def _read_derived(
    db: AsyncDatabase[RawDocument], name: str, documents: list[RawBSONDocument]
) -> AsyncIterator[CollectionBatch]:
    """Read what belongs to these documents: response bodies of runs, chunks of files."""
    if name == "runs":
        ids = [f"{run['_id']}#{attempt['number']}" for run in documents for attempt in run["attempts"]]
        for start in range(0, len(ids), _BODY_BATCH):
            found_by = {"_id": {"$in": ids[start : start + _BODY_BATCH]}}
            yield _DERIVED[name], await raw_collection(db, _DERIVED[name]).find(found_by).to_list()
        return
    for file in documents:
        async for pieces in _read_cursor(raw_collection(db, _DERIVED[name]).find({"files_id": file["_id"]})):
            yield _DERIVED[name], pieces
