"""Indexes that are no longer declared, or declared differently, are dropped; those of the operator stay."""

from typing import Any

from tocsin.clock import EPOCH
from tocsin.documents import Database
from tocsin.documents.base import ascending_index
from tocsin.documents.indexes import drop_stale_indexes


async def names(database: Database) -> set[str]:
    return set(await database.db["things"].index_information())


async def start(database: Database, *declared: Any) -> None:
    """Drop and create the indexes of a collection, as at a start."""
    await drop_stale_indexes(database.db, {"things": declared})
    await database.db["things"].create_indexes(list(declared))


async def test_an_index_that_is_no_longer_declared_is_dropped(database: Database) -> None:
    await start(database, ascending_index("a"), ascending_index("b", unique=True))
    await database.db["things"].create_index("of_the_operator")
    await start(database, ascending_index("a"))
    assert await names(database) == {"_id_", "a_1", "of_the_operator_1"}


async def test_what_is_declared_otherwise_is_made_anew(database: Database) -> None:
    await start(database, ascending_index("a"), ascending_index("b", expireAfterSeconds=60))
    await start(
        database,
        ascending_index("a", unique=True),
        ascending_index("b", partialFilterExpression={"b": {"$type": "string"}}),
    )
    found = await database.db["things"].index_information()
    assert found["a_1"]["unique"]
    assert "expireAfterSeconds" not in found["b_1"]
    assert found["b_1"]["partialFilterExpression"] == {"b": {"$type": "string"}}


async def test_the_same_indexes_stay_even_where_nothing_was_noted(database: Database) -> None:
    declared = (
        ascending_index("a", unique=True, partialFilterExpression={"a": {"$type": "string"}}),
        ascending_index("b", "c", sparse=True),
        ascending_index("d", expireAfterSeconds=0),
        ascending_index("e", partialFilterExpression={"e": {"$gt": EPOCH}}),
    )
    await database.db["things"].create_indexes(list(declared))
    before = await database.db["things"].index_information()
    await drop_stale_indexes(database.db, {"things": declared})
    assert await database.db["things"].index_information() == before
