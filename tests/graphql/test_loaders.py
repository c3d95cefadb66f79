"""Loads are batched, and a cancelled load does not affect others."""

import asyncio

import pytest

from tocsin.documents import Database, RawDocument
from tocsin.errors import DatabaseUnavailable
from tocsin.graphql.loaders import BatchLoader


@pytest.fixture
async def loader(database: Database) -> BatchLoader[RawDocument]:
    await database.db["numbers"].insert_many([{"_id": "a", "n": 1}, {"_id": "b", "n": 2}])
    return BatchLoader(database.db["numbers"])


async def test_loads_of_one_loop_iteration_are_one_query(loader: BatchLoader[RawDocument]) -> None:
    answers = await asyncio.gather(*(loader.load(wanted) for wanted in ("a", "b", "a", "nobody")))
    assert [answer and answer["n"] for answer in answers] == [1, 2, 1, None]
    assert answers[0] is answers[2]


async def test_a_cancelled_query_fails_its_loads_and_no_later_one(loader: BatchLoader[RawDocument]) -> None:
    first = asyncio.create_task(loader.load("a"))
    while not loader._queries:
        await asyncio.sleep(0)
    for query in loader._queries:
        query.cancel()
    with pytest.raises(DatabaseUnavailable):
        await first
    async with asyncio.timeout(5):
        assert await loader.load("b") == {"_id": "b", "n": 2}


async def test_a_cancelled_load_does_not_affect_others(loader: BatchLoader[RawDocument]) -> None:
    leaves, stays = (asyncio.create_task(loader.load("a")) for _ in range(2))
    await asyncio.sleep(0)
    leaves.cancel()
    assert await stays == {"_id": "a", "n": 1}
