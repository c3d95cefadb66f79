"""Batches of a whole collection, for migrations."""

from tocsin.documents import Database
from tocsin.documents.migrations.reading import BATCH_SIZE, read_batches


async def test_batches_are_the_whole_collection_once(database: Database) -> None:
    tasks = database.db["tasks"]
    await tasks.insert_many([{"_id": f"alice/{number}"} for number in range(2 * BATCH_SIZE + 34)])
    batches = [batch async for batch in read_batches(tasks)]
    assert [len(batch) for batch in batches] == [BATCH_SIZE, BATCH_SIZE, 34]
    assert len({task["_id"] for batch in batches for task in batch}) == 2 * BATCH_SIZE + 34


async def test_an_empty_collection_has_no_batches(database: Database) -> None:
    assert [batch async for batch in read_batches(database.db["tasks"])] == []
