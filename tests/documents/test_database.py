"""The connection to the database, and what it finds there."""

import asyncio
from uuid import uuid4

import pytest
from pymongo.errors import DuplicateKeyError

from tocsin import clock, documents
from tocsin.documents import Database, aggregate, connect, connect_sync
from tocsin.documents.collections import MODELS
from tocsin.documents.database import FILES_BUCKET
from tocsin.documents.schema_version import NewerData, latest_version, read_version
from tocsin.errors import DatabaseUnavailable

BUCKET = (f"{FILES_BUCKET}.files", f"{FILES_BUCKET}.chunks")


async def test_a_new_database_has_the_indexes_of_all_collections(database: Database) -> None:
    for model in MODELS:
        declared = {index.document["name"] for index in getattr(model.Settings, "indexes", [])}
        found = await database.db[model.Settings.name].index_information()
        assert set(found) - {"_id_"} == declared, model.__name__
    for name in BUCKET:
        assert set(await database.db[name].index_information()) > {"_id_"}
    version = await read_version(database.db)
    assert version is not None
    assert version.version == latest_version()


async def test_a_unique_index_is_kept(database: Database) -> None:
    await database.db["users"].insert_one({"_id": "a", "email": "alice@example.com"})
    with pytest.raises(DuplicateKeyError):
        await database.db["users"].insert_one({"_id": "b", "email": "alice@example.com"})


async def test_processes_that_connect_at_once_find_one_database(mongodb_uri: str) -> None:
    name = f"test_{uuid4().hex[:12]}"
    opened = await asyncio.gather(*(connect(mongodb_uri, name) for _ in range(3)))
    await opened[0].db["tasks"].insert_one({"_id": "t"})
    assert [await one.tasks.count_documents({}) for one in opened] == [1, 1, 1]
    assert [one["_id"] async for one in opened[0].installation.find({"_id": "schema"})] == ["schema"]
    await opened[0].client.drop_database(name)
    for one in opened:
        await one.close()


async def test_data_of_a_newer_program_is_refused(database: Database) -> None:
    await database.installation.update_one({"_id": "schema"}, {"$set": {"version": latest_version() + 1}})
    with pytest.raises(NewerData):
        await connect(database.uri, database.name)


async def test_times_are_read_in_utc_and_in_whole_milliseconds(database: Database) -> None:
    now = clock.now()
    await database.db["tasks"].insert_one({"_id": "t", "created_at": now})
    (row,) = await aggregate(database.tasks, [{"$match": {"_id": "t"}}, {"$project": {"at": "$created_at"}}])
    assert row == {"_id": "t", "at": now}
    synchronous = connect_sync(database.uri, database.name)
    assert synchronous["tasks"].find_one({"_id": "t"}) == {"_id": "t", "created_at": now}
    synchronous.client.close()


async def test_a_uri_with_an_invalid_port_is_an_unavailable_database() -> None:
    with pytest.raises(DatabaseUnavailable, match="the URI of the database is invalid: Port contains"):
        await connect("mongodb://localhost:many", "tocsin")


async def test_a_database_that_does_not_answer_is_unavailable(mongodb_uri: str) -> None:
    opened = await documents.connect(mongodb_uri, f"test_{uuid4().hex[:12]}")
    await opened.ping()
    await opened.client.drop_database(opened.name)
    await opened.close()
    with pytest.raises(DatabaseUnavailable, match="the database does not answer"):
        await opened.ping()
