"""Reading of whole collections in batches, for migrations."""

from collections.abc import AsyncIterator

from pymongo.asynchronous.collection import AsyncCollection

from tocsin.documents.base import RawDocument

BATCH_SIZE = 500


async def read_batches(collection: AsyncCollection[RawDocument]) -> AsyncIterator[list[RawDocument]]:
    """Yield all documents in batches, by ID: a document that changes meanwhile is read once.

    One cursor reads the IDs first: the embedded database would read the whole collection for each range of IDs.
    """
    window: list[object] = []
    async for document in collection.find({}, {"_id": 1}):
        window.append(document["_id"])
        if len(window) == BATCH_SIZE:
            yield await collection.find({"_id": {"$in": window}}).to_list()
            window = []
    if window:
        yield await collection.find({"_id": {"$in": window}}).to_list()
