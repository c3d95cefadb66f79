"""Measurements of what an owner has stored."""

from datetime import timedelta
from typing import Any

import bson
import pytest

from tests.harness import make_settings
from tests.notifications.helpers import ListChannel
from tests.tasks.helpers import add_run, ended_attempt, save_hourly_task
from tocsin import clock
from tocsin.documents import Database, RunStatus
from tocsin.documents.file_bucket import FileBucket
from tocsin.notifications.account_events import QuotaMet
from tocsin.notifications.channels import CHANNELS
from tocsin.notifications.deliveries import notify
from tocsin.quotas import Quota, Quotas
from tocsin.quotas.limits import MEGABYTE
from tocsin.quotas.storage import measure_storage

KEPT = timedelta(hours=3)
HOUR = timedelta(hours=1)


async def measure(database: Database, quotas: Quotas | None = None, owner: str = "alice") -> int:
    found = quotas or Quotas(database, make_settings())
    return await measure_storage(database, found.meter, found.limits, owner, clock.now(), KEPT)


async def size_of(database: Database, collection: str, document_id: str) -> int:
    document = await database.db[collection].find_one({"_id": document_id})
    assert document is not None
    return len(bson.encode(document))


async def test_an_owner_without_documents_has_stored_nothing(database: Database) -> None:
    await save_hourly_task(database, owner="bob")
    assert await measure(database) == 0


async def test_tasks_runs_and_files_are_measured_in_bytes(database: Database) -> None:
    task = await save_hourly_task(database)
    await FileBucket(database).put("alice", "run", "a.bin", "text/plain", b"x" * 50_000)
    await FileBucket(database).put("bob", "run", "a.bin", "text/plain", b"x" * 50_000)
    run = await add_run(database, task.id, RunStatus.COMPLETED, attempts=[ended_attempt(body_bytes=7_000)])
    expected = await size_of(database, "tasks", task.id) + await size_of(database, "runs", run) + 57_000
    assert await measure(database) == expected


@pytest.mark.parametrize("ago", [timedelta(), KEPT - HOUR, KEPT, 1000 * KEPT])
async def test_a_run_is_measured_once_however_old_it_is(database: Database, ago: timedelta) -> None:
    task = await save_hourly_task(database)
    run = await add_run(database, task.id, RunStatus.COMPLETED, ago=ago)
    assert await measure(database) == await size_of(database, "tasks", task.id) + await size_of(database, "runs", run)


@pytest.mark.parametrize(
    "collection",
    [
        "workflow_versions",
        "deliveries",
        "notifications",
        "notification_channels",
        "notification_preferences",
        "workflow_runs",
        "alerts",
        "incidents",
        "deleted_tasks",
        "mail_addresses",
        "named_secrets",
        "replays",
    ],
)
async def test_other_documents_are_measured(database: Database, collection: str) -> None:
    for owner in ("alice", "bob", "alice2"):
        document: Any = {"_id": f"{owner}/1", "owner": owner, "due_at": clock.now() - HOUR, "text": "x" * 900}
        await database.db[collection].insert_one(document)
    assert await measure(database) == await size_of(database, collection, "alice/1") > 900


async def test_the_preferences_of_an_owner_are_measured(database: Database) -> None:
    for owner in ("alice", "bob", "alice2"):
        await database.db["notification_preferences"].insert_one({"_id": owner, "text": "x" * 900})
    assert await measure(database) == await size_of(database, "notification_preferences", "alice") > 900


async def test_deliveries_by_each_channel_are_measured(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHANNELS, "list", ListChannel)
    await notify(database, [QuotaMet.from_quotas("alice", ["10 runs"], clock.now())])
    ids = [each["_id"] async for each in database.deliveries.find({})]
    assert len(ids) == 2
    mails = sum([await size_of(database, "deliveries", each) for each in ids])
    assert await measure(database) == mails + await size_of(database, "notifications", min(ids))


async def test_a_measurement_replaces_the_count_and_is_known_at_once(database: Database) -> None:
    quotas = Quotas(database, make_settings(quota_storage=1))
    quotas.meter.add_bytes("alice", 5 * MEGABYTE)
    before = clock.now()
    assert await measure(database, quotas) == 0
    assert quotas.meter.get_usage("alice", Quota.STORAGE, clock.now()) == 0
    assert quotas.meter.find_unmeasured(before) == []
    stored = await database.owner_usages.find_one({"_id": "alice"})
    assert stored is not None
    assert stored["storage"] == 0
