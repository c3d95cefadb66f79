"""Usage counts are stored, measured, trimmed to the quota, and mailed once a day."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import make_settings, save_task
from tests.tasks.helpers import add_run, ended_attempt, save_hourly_task
from tocsin import clock
from tocsin.documents import Database, RunStatus, User
from tocsin.documents.file_bucket import FileBucket
from tocsin.maintenance.pruner import Pruner
from tocsin.maintenance.usage_keeper import TRIM_TARGET, UsageKeeper
from tocsin.quotas import Quota, Quotas, storage
from tocsin.quotas.limits import MEGABYTE

KEPT = timedelta(days=90)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LARGE = "x" * 100_000


@pytest.fixture
async def users(database: Database) -> Database:
    for name in ("alice", "bob"):
        await User(id=name, email=f"{name}@example.test", password="-", created_at=clock.now()).insert()
    return database


def make_keeper(database: Database, **limits: int) -> tuple[UsageKeeper, Quotas]:
    quotas = Quotas(database, make_settings(**{f"quota_{name}": limit for name, limit in limits.items()}))
    retention = Pruner(database, KEPT, KEPT, meter=quotas.meter)
    return UsageKeeper(database, quotas, retention, KEPT), quotas


async def ended_run(database: Database, task: str, ago: timedelta, owner: str = "alice") -> str:
    """Insert a completed run with a large response."""
    attempt = ended_attempt(1) | {"has_body": True, "body_bytes": len(LARGE)}
    run = await add_run(database, task, RunStatus.COMPLETED, ago=ago, attempts=[attempt])
    await database.runs.update_one({"_id": run}, {"$set": {"finished_at": clock.now() - ago, "owner": owner}})
    await database.response_bodies.insert_one({"_id": f"{run}#1", "text": LARGE})
    return run


async def measure(database: Database, quotas: Quotas, owner: str = "alice") -> int:
    return await storage.measure_storage(database, quotas.meter, quotas.limits, owner, clock.now(), KEPT)


async def ids(database: Database, collection: str) -> set[str]:
    return {document["_id"] async for document in database.db[collection].find({}, {"_id": 1})}


async def test_the_storage_of_an_owner_is_measured(users: Database) -> None:
    _, quotas = make_keeper(users)
    task = await save_hourly_task(users)
    for ago in (timedelta(minutes=1), 5 * DAY, 100 * DAY):
        await ended_run(users, task.id, ago)
    await FileBucket(users).put("alice", "run", "a.bin", "text/plain", b"x" * 50_000)
    quotas.meter.add_bytes("alice", 77)  # an approximate count, to be corrected
    total = await measure(users, quotas)
    assert 350_000 < total < 360_000
    assert quotas.meter.get_usage("alice", Quota.STORAGE, clock.now()) == 1
    stored = await users.owner_usages.find_one({"_id": "alice"})
    assert stored is not None
    assert stored["storage"] == total
    assert await measure(users, quotas, "bob") == 0


async def test_beyond_the_storage_quota_the_oldest_history_of_that_owner_is_deleted(users: Database) -> None:
    keeper, quotas = make_keeper(users, storage=1)
    alices, bobs = await save_hourly_task(users), await save_task(users, "http://127.0.0.1:1/", owner="bob")
    made = [await ended_run(users, alices.id, number * HOUR) for number in range(1, 15)]
    open_run = await add_run(users, alices.id, RunStatus.WAITING, ago=50 * DAY)
    others = await ended_run(users, bobs.id, 80 * DAY, "bob")
    old_file = await FileBucket(users).put("alice", "run", "a.bin", "text/plain", b"x" * 50_000)
    await users.db["files.files"].update_one({"_id": old_file.id}, {"$set": {"uploadDate": clock.now() - 40 * DAY}})
    await measure(users, quotas)
    assert quotas.meter.get_excess_bytes("alice") > 0
    await keeper.flush_usage()
    left = await ids(users, "runs")
    kept = [run for run in made if run in left]
    assert kept == made[: len(kept)]
    assert 5 <= len(kept) <= 10
    assert {open_run, others} <= left
    assert await ids(users, "response_bodies") == {f"{run}#1" for run in (*kept, others)}
    assert old_file.id not in await ids(users, "files.files")
    assert quotas.meter.get_excess_bytes("alice", TRIM_TARGET) == 0
    await quotas.flush_usage()
    counted = await users.owner_usages.find_one({"_id": "alice"})
    assert counted is not None
    told = 3_000  # the mail and the notification about the quota are measured, but not counted as they are stored
    assert abs(await measure(users, quotas) - counted["storage"]) < told
    assert alices.id in await ids(users, "tasks")


async def test_an_owner_who_reaches_a_quota_gets_one_mail_a_day(users: Database) -> None:
    keeper, quotas = make_keeper(users, runs_per_day=1, mails_per_day=1)
    now = clock.now()
    for _ in range(3):
        quotas.meter.consume_runs("alice", 1, now)
        quotas.meter.consume("alice", Quota.MAILS_PER_DAY, now)
    quotas.meter.consume_runs("bob", 1, now)
    for _ in range(2):
        await keeper.flush_usage()
        quotas.meter.consume_runs("alice", 1, now)
    mails: list[Any] = await users.deliveries.find({}).to_list()
    assert [(mail["owner"], mail["kind"]) for mail in mails] == [("alice", "QUOTA_MET")]
    assert "RUNS_PER_DAY: 1 of 1 runs today (UTC)" in mails[0]["text"]
    assert "MAILS_PER_DAY: 1 of 1 mails" in mails[0]["text"]


async def test_limits_that_administrators_set_in_another_process_are_loaded(users: Database) -> None:
    keeper, quotas = make_keeper(users, runs_per_day=1)
    quotas.meter.consume_runs("alice", 1, clock.now())
    assert quotas.meter.consume_runs("alice", 1, clock.now()) is not None
    await users.users.update_one({"_id": "alice"}, {"$set": {"quotas": {"RUNS_PER_DAY": 0}}})
    await keeper.flush_usage()
    assert quotas.meter.consume_runs("alice", 1, clock.now()) is None


async def test_deleted_history_is_no_longer_counted(users: Database) -> None:
    _, quotas = make_keeper(users)
    task = await save_hourly_task(users)
    await ended_run(users, task.id, 100 * DAY)
    before = await measure(users, quotas)
    await Pruner(users, KEPT, KEPT, meter=quotas.meter).prune(clock.now())
    await quotas.flush_usage()
    stored = await users.owner_usages.find_one({"_id": "alice"})
    assert stored is not None
    assert before - stored["storage"] > 100_000
    assert stored["storage"] == await measure(users, quotas) < MEGABYTE


async def test_pruned_versions_are_no_longer_counted(users: Database) -> None:
    _, quotas = make_keeper(users)
    old, padding = clock.now() - 100 * DAY, {"definition": "x" * 100_000, "owner": "alice"}
    replaced = {"_id": "alice/w", "owner": "alice", "version": 2, "deleted": False, "created_at": old}
    await users.db["workflows"].insert_one(replaced | {"updated_at": old})
    for name, version in (("w", 1), ("w", 2), ("lost", 1)):
        place = {"_id": f"alice/{name}@{version}", "workflow": f"alice/{name}", "version": version}
        await users.db["workflow_versions"].insert_one(place | padding | {"created_at": old})
    before = await measure(users, quotas)
    await Pruner(users, KEPT, KEPT, meter=quotas.meter).prune(clock.now())
    await quotas.flush_usage()
    stored = await users.owner_usages.find_one({"_id": "alice"})
    assert stored is not None
    assert before - stored["storage"] > 200_000
    assert stored["storage"] == await measure(users, quotas)


async def test_replaced_versions_and_deleted_workflows_are_pruned(users: Database) -> None:
    now = clock.now()
    old = now - 100 * DAY
    for name, deleted in (("w1", False), ("w2", True)):
        workflow = {"_id": f"alice/{name}", "owner": "alice", "version": 3, "deleted": deleted}
        await users.db["workflows"].insert_one(workflow | {"created_at": old, "updated_at": old})
        for version, at in ((1, old), (2, old + DAY), (3, now - DAY)):
            kept = {"_id": f"alice/{name}@{version}", "workflow": f"alice/{name}", "version": version}
            await users.db["workflow_versions"].insert_one(kept | {"owner": "alice", "created_at": at})
    run = {"_id": "alice/wr", "owner": "alice", "workflow": "alice/w2", "open": True, "version": 2, "due_at": old}
    await users.db["workflow_runs"].insert_one(run)
    await Pruner(users, KEPT, KEPT).prune(now)
    assert await ids(users, "workflow_versions") == {"alice/w1@2", "alice/w1@3", "alice/w2@2"}
    assert await ids(users, "workflows") == {"alice/w1", "alice/w2"}
    await users.workflow_runs.delete_many({"_id": "alice/wr"})
    await Pruner(users, KEPT, KEPT).prune(now)
    assert await ids(users, "workflows") == {"alice/w1"}
    assert await ids(users, "workflow_versions") == {"alice/w1@2", "alice/w1@3"}
