"""The schema version: older data is migrated once, newer data is rejected, whatever happens in between."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from structlog.testing import capture_logs

from tests.documents.samples import STORED, read_sample, store_sample
from tests.harness import run_stack, wait_until
from tocsin import clock, documents
from tocsin.documents import schema_version
from tocsin.documents.collections import MODELS
from tocsin.documents.migrations import MIGRATIONS, Migration
from tocsin.documents.migrations.reading import read_batches
from tocsin.documents.schema_version import NewerData, UnfinishedRestore, latest_version, migrate_to_latest
from tocsin.errors import StartupError

Db = AsyncDatabase[dict[str, Any]]


@pytest.fixture
async def db(mongodb_uri: str) -> AsyncIterator[Db]:
    """An empty database."""
    name = f"test_{uuid4().hex[:12]}"
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
        yield client[name]
        await client.drop_database(name)


async def version_of(db: Db) -> int:
    found = await db.installation.find_one({"_id": "schema"})
    assert found is not None
    assert found["lock"] is None
    version: int = found["version"]
    return version


def adding(version: int, ran: Counter[int], seconds: float = 0.0) -> Migration:
    """A migration that marks each task."""

    async def apply(db: Db) -> int:
        ran[version] += 1
        await asyncio.sleep(seconds)
        count = 0
        async for batch in read_batches(db["tasks"]):
            ids = [task["_id"] for task in batch if version not in task.get("seen", [])]
            count += (await db["tasks"].update_many({"_id": {"$in": ids}}, {"$push": {"seen": version}})).modified_count
        return count

    return Migration(version, f"note {version}", apply)


def test_the_versions_of_the_table_rise_by_one_and_each_has_a_sample_of_the_version_before() -> None:
    assert [migration.version for migration in MIGRATIONS] == list(range(2, 2 + len(MIGRATIONS)))
    assert {f"{version}.json" for version in range(1, latest_version() + 1)} - {f"{latest_version()}.json"} <= {
        file.name for file in STORED.iterdir()
    }


async def test_a_new_database_has_the_newest_version_and_is_not_migrated(db: Db) -> None:
    ran: Counter[int] = Counter()
    await migrate_to_latest(db, alone=False, migrations=[adding(2, ran), adding(3, ran)])
    assert await version_of(db) == 3
    assert not ran


@pytest.mark.parametrize("version", sorted(int(file.stem) for file in STORED.iterdir()))
async def test_stored_data_of_each_version_can_be_used(db: Db, mongodb_uri: str, version: int) -> None:
    counts = await store_sample(db, version)
    database = await documents.connect(mongodb_uri, db.name, alone=True)
    try:
        assert await version_of(db) == latest_version()
        read = {model.Settings.name: len(await model.find_all().to_list()) for model in MODELS}
        assert read == {name: counts.get(name, 0) for name in read}  # a collection may be younger than the sample
    finally:
        await database.close()


@pytest.mark.parametrize("version", sorted(int(file.stem) for file in STORED.iterdir()))
async def test_what_each_version_left_open_is_worked_off(db: Db, mongodb_uri: str, version: int) -> None:
    sample = read_sample(version)
    await store_sample(db, version)
    await db.circuits.delete_many({})  # no target is there any more
    left = [run["_id"] for run in sample["runs"] if run["open"]]
    database = await documents.connect(mongodb_uri, db.name, alone=True)
    try:
        with capture_logs() as logs:
            async with run_stack(database, retry_offsets="PT0S", max_retries=1, circuit_failures=1000):
                await wait_until(lambda: have_ended(db, left), 30)
        assert [entry for entry in logs if entry["log_level"] in ("error", "critical")] == []
        assert {"run failed"} <= {entry["event"] for entry in logs}
    finally:
        await database.close()


async def have_ended(db: Db, runs: list[str]) -> bool:
    return await db.runs.count_documents({"_id": {"$in": runs}, "open": True}) == 0


async def test_data_without_a_version_is_migrated_in_order_and_each_step_is_logged(db: Db) -> None:
    counts, ran = await store_sample(db, 1), Counter[int]()
    with capture_logs() as logs:
        await migrate_to_latest(db, alone=True, migrations=[adding(2, ran), adding(3, ran)])
    done = [(line["version"], line["documents"]) for line in logs if line["event"] == "the data is migrated"]
    assert done == [(2, counts["tasks"]), (3, counts["tasks"])]
    assert [task["seen"] async for task in db["tasks"].find({})] == [[2, 3]] * counts["tasks"]
    assert await version_of(db) == 3

    await migrate_to_latest(db, alone=True, migrations=[adding(2, ran), adding(3, ran), adding(4, ran)])
    assert ran == {2: 1, 3: 1, 4: 1}


async def test_of_many_that_start_at_once_one_migrates(db: Db) -> None:
    await store_sample(db, 1)
    await db["workers"].delete_many({})
    ran: Counter[int] = Counter()
    steps = [adding(2, ran, 0.3), adding(3, ran)]
    await asyncio.gather(*(migrate_to_latest(db, alone=False, migrations=steps) for _ in range(10)))
    assert ran == {2: 1, 3: 1}
    assert await version_of(db) == 3


_KILLED = """
import asyncio, sys
from datetime import timedelta
from pymongo import AsyncMongoClient
from tocsin.documents import schema_version
from tocsin.documents.migrations import Migration
schema_version.LOCK_LEASE = timedelta(seconds=1)
async def half(db):
    await db["tasks"].update_one({"name": "hourly"}, {"$set": {"seen": [2]}})
    print("half", flush=True)
    await asyncio.sleep(60)
async def main():
    db = AsyncMongoClient(sys.argv[1], tz_aware=True)[sys.argv[2]]
    await schema_version.migrate_to_latest(db, alone=False, migrations=[Migration(2, "note 2", half)])
asyncio.run(main())
"""


async def test_what_a_killed_process_began_another_one_finishes(
    db: Db, mongodb_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = await store_sample(db, 1)
    await db["workers"].delete_many({})
    monkeypatch.setattr(schema_version, "LOCK_LEASE", timedelta(seconds=1))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED, mongodb_uri, db.name, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), 30)
    ran: Counter[int] = Counter()
    waiting = asyncio.create_task(migrate_to_latest(db, alone=False, migrations=[adding(2, ran)]))
    await asyncio.sleep(1.5)  # longer than the lease, which the other one renews
    assert not ran
    process.kill()
    await process.wait()
    await asyncio.wait_for(waiting, 20)
    assert ran == {2: 1}
    assert [task["seen"] async for task in db["tasks"].find({})] == [[2]] * counts["tasks"]


async def test_a_lock_of_a_clock_that_was_ahead_holds_nobody_up(db: Db) -> None:
    await schema_version.write_version(db, 1)
    ahead = clock.now() + timedelta(hours=2)
    await db.installation.update_one({"_id": "schema"}, {"$set": {"lock": {"by": "someone", "until": ahead}}})
    await db.workers.insert_one({"_id": "old-server", "until": ahead})
    ran: Counter[int] = Counter()
    await asyncio.wait_for(migrate_to_latest(db, alone=False, migrations=[adding(2, ran)]), 5)
    assert ran == {2: 1}


async def test_nothing_is_migrated_under_a_process_that_works(db: Db) -> None:
    await schema_version.write_version(db, 1)
    working = True

    async def renew() -> None:
        while working:
            until_ = clock.now() + timedelta(seconds=2)
            await db["workers"].update_one({"_id": "old-server"}, {"$set": {"until": until_}}, upsert=True)
            await asyncio.sleep(0.05)

    renewing = asyncio.create_task(renew())
    await wait_until(lambda: db["workers"].find_one({}))
    ran: Counter[int] = Counter()
    with pytest.raises(StartupError, match="old-server is still using it: stop the processes of the older"):
        await migrate_to_latest(db, alone=False, migrations=[adding(2, ran)])
    working = False
    await renewing
    assert await version_of(db) == 1
    await migrate_to_latest(db, alone=False, migrations=[adding(2, ran)])
    assert ran == {2: 1}


async def test_a_migration_that_fails_leaves_the_version_and_the_lock(db: Db) -> None:
    await schema_version.write_version(db, 1)

    async def fail(_: Db) -> int:
        raise KeyError("job")

    with pytest.raises(StartupError, match=r"cannot be migrated to version 2 \(break\): KeyError\('job'\)"):
        await migrate_to_latest(db, alone=True, migrations=[Migration(2, "break", fail)])
    assert await version_of(db) == 1


async def test_newer_data_is_refused(db: Db, mongodb_uri: str) -> None:
    await schema_version.write_version(db, latest_version() + 1)
    await db.installation.update_one({"_id": "schema"}, {"$set": {"program": "9.9.9"}})
    with pytest.raises(NewerData, match=rf"version {latest_version() + 1}, written by a newer Tocsin \(9\.9\.9\)"):
        await documents.connect(mongodb_uri, db.name)
    assert await db.list_collection_names() == ["installation"]


async def test_a_restore_that_broke_off_is_refused(db: Db, mongodb_uri: str) -> None:
    await schema_version.write_version(db, latest_version(), restoring="monday.backup")
    with pytest.raises(UnfinishedRestore, match=r"part of the backup monday\.backup.*run `tocsin restore` again"):
        await documents.connect(mongodb_uri, db.name)
