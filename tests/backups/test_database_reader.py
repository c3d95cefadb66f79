"""The reading of a whole database."""

from datetime import timedelta

from bson import ObjectId

from tests.backups.helpers import fill
from tocsin import clock
from tocsin.backups.database_reader import SKIPPED_COLLECTIONS, read_collections
from tocsin.documents import Database, WorkflowRunStatus


async def test_large_collections_are_read_in_batches(database: Database) -> None:
    await fill(database, 3000)
    sizes: dict[str, list[int]] = {}
    async for name, found_ in read_collections(database.db):
        sizes.setdefault(name, []).append(len(found_))
    assert {name: sum(counts) for name, counts in sizes.items() if name in ("runs", "response_bodies")} == {
        "runs": 3000,
        "response_bodies": 6000,
    }
    assert max(sizes["runs"]) <= 2000
    assert max(sizes["response_bodies"]) <= 500


async def read(database: Database) -> dict[str, list[str]]:
    """Return the IDs of all documents that are read, by collection."""
    ids: dict[str, list[str]] = {}
    async for name, found in read_collections(database.db):
        ids.setdefault(name, []).extend(document["_id"] for document in found)
    return ids


async def test_documents_of_any_time_are_read_once(database: Database) -> None:
    """The clock may have been set back since they were stored, and an owner's ID need not tell its time."""
    now = clock.now()
    times = [now + days * timedelta(days=1) for days in (-4000, -50, 0, 2)]
    for owner in (str(ObjectId()), "alice"):
        await database.db["users"].insert_one({"_id": owner, "email": owner})
        runs = [{"_id": f"{owner}/t:{at}", "owner": owner, "created_at": at, "attempts": []} for at in times]
        await database.db["runs"].insert_many(runs)
    stored = [run["_id"] async for run in database.runs.find({}, {"_id": 1})]
    assert sorted((await read(database))["runs"]) == sorted(stored)
    assert len(stored) == 8


async def test_the_state_of_processes_is_left_out(database: Database) -> None:
    await database.workers.insert_one({"_id": "server", "until": clock.now()})
    await database.db["zoo"].insert_one({"_id": "lion"})
    found = await read(database)
    assert found["zoo"] == ["lion"]
    assert not found.keys() & SKIPPED_COLLECTIONS


async def test_ends_that_are_not_told_yet_are_kept(database: Database) -> None:
    """The notification of a workflow run that has ended: nobody else would tell it after a restore."""
    await database.untold_ends.insert_one(
        {"_id": "u1/w-1:ended:0", "run": "u1/w-1", "round": 0, "status": WorkflowRunStatus.FAILED}
    )
    assert (await read(database))["untold_ends"] == ["u1/w-1:ended:0"]
