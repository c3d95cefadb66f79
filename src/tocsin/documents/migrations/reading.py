"""Reading a whole collection in batches, for migrations."""

from collections.abc import AsyncIterator

from pymongo.asynchronous.collection import AsyncCollection

from tocsin.documents.base import Doc

BATCH_SIZE = 500


async def read_batches(collection: AsyncCollection[Doc]) -> AsyncIterator[list[Doc]]:
    """All documents, some hundred at a time, by windows of their ids: what is changed meanwhile is read once.

    The ids come first, by one cursor: the embedded database would read the whole collection for each range of ids.
    """
    window: list[object] = []
    async for document in collection.find({}, {"_id": 1}):
        window.append(document["_id"])
        if len(window) == BATCH_SIZE:
            yield await collection.find({"_id": {"$in": window}}).to_list()
            window = []
    if window:
        yield await collection.find({"_id": {"$in": window}}).to_list()
