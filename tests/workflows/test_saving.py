"""Each change of a workflow is a new version, which keeps the due times and loses none."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.harness import SECRETS, make_settings
from tocsin import clock, schedules
from tocsin.documents import Database
from tocsin.errors import NotFound, QuotaExceeded
from tocsin.quotas import Quotas, resource_counter
from tocsin.schedules.iso8601 import format_datetime
from tocsin.workflows import saving
from tocsin.workflows.language.yaml_reader import parse_object

HOUR = timedelta(hours=1)


async def _save(
    database: Database,
    schedule: Any,
    description: str = "",
    at: Any = None,
    name: str = "w",
    quotas: Quotas | None = None,
) -> Any:
    steps = [{"key": "a", "job": "http", "params": {"url": "http://192.0.2.1/"}}]
    data = {"name": name, "description": description, "steps": steps}
    source = parse_object(data if schedule is None else data | {"schedule": schedule})
    return await saving.save_workflow(database, SECRETS, "alice", source, at or clock.now(), quotas=quotas)


@pytest.mark.parametrize(
    "again", [{"interval": "PT1H"}, {"interval": "PT60M"}, {"interval": "PT1H", "end": "2127-01-01T00:00:00Z"}]
)
async def test_a_new_version_with_the_same_interval_keeps_the_phase(database: Database, again: Any) -> None:
    now = clock.now()
    first = await _save(database, {"every": {"interval": "PT1H"}}, at=now)
    for minutes in (20, 40, 59):
        saved = await _save(database, {"every": again}, f"after {minutes}", now + timedelta(minutes=minutes))
        assert (saved["next_run_at"], saved["schedule"]["start"]) == (now + HOUR, now + HOUR)
    assert (saved["version"], first["next_run_at"]) == (4, now + HOUR)


async def test_a_due_time_that_has_come_stands_in_a_new_version(database: Database) -> None:
    now = clock.now()
    await _save(database, {"every": {"interval": "PT1H"}}, at=now)
    for number, schedule in enumerate(({"every": {"interval": "PT1H"}}, {"cron": {"expression": "* * * * *"}})):
        saved = await _save(database, schedule, str(number), now + 3 * HOUR)
        assert saved["next_run_at"] == now + HOUR
    due = schedules.schedule_from_document(saved["schedule"])
    assert schedules.count_due(due, now, now + 3 * HOUR) == 3


async def test_a_single_run_in_a_new_version_does_not_run_again(database: Database) -> None:
    now = clock.now()
    once = {"at": format_datetime(now + HOUR)}
    saved = await _save(database, once, at=now)
    done = {"next_run_at": None, "last_due_at": now + HOUR}
    await database.workflows.update_one({"_id": saved["_id"]}, {"$set": done})
    assert (await _save(database, once, "again", now + 2 * HOUR))["next_run_at"] is None
    other = {"at": format_datetime(now + 3 * HOUR)}
    assert (await _save(database, other, "other", now + 2 * HOUR))["next_run_at"] == now + 3 * HOUR


async def test_a_schedule_taken_out_and_put_in_again_begins_anew(database: Database) -> None:
    now = clock.now()
    await _save(database, {"every": {"interval": "PT1H"}}, at=now)
    assert (await _save(database, None, at=now))["next_run_at"] is None
    saved = await _save(database, {"every": {"interval": "PT1H"}}, at=now + HOUR / 2)
    assert saved["next_run_at"] == now + 1.5 * HOUR


async def test_a_workflow_paused_because_it_could_not_run_continues_when_it_is_corrected(
    database: Database,
) -> None:
    now = clock.now()
    paused = await _save(database, {"every": {"interval": "PT1H"}}, at=now)
    taken_out = {"next_run_at": None, "last_due_at": now + HOUR}
    await database.workflows.update_one({"_id": paused["_id"]}, {"$set": taken_out})
    saved = await _save(database, {"every": {"interval": "PT1H"}}, "mended", now + 1.5 * HOUR)
    assert saved["next_run_at"] == now + 2 * HOUR


async def test_a_workflow_saved_without_a_change_stays_at_its_version(database: Database) -> None:
    await _save(database, None)
    for description, version in (("", 1), ("new", 2), ("new", 2), ("", 3)):
        assert (await _save(database, None, description))["version"] == version
    assert await database.workflow_versions.count_documents({}) == 3


async def test_changes_at_the_same_time_are_versions_one_after_the_other(database: Database) -> None:
    await asyncio.gather(*(_save(database, None, f"change {number}") for number in range(5)))
    (saved,) = await database.workflows.find({}).to_list()
    stored = await database.workflow_versions.find({}).sort("version", 1).to_list()
    assert (saved["version"], [one["version"] for one in stored]) == (5, [1, 2, 3, 4, 5])
    assert {one["workflow"] for one in stored} == {saved["_id"]}


async def test_a_version_that_a_crash_left_behind_is_replaced(database: Database) -> None:
    saved = await _save(database, None)
    (left,) = await database.workflow_versions.find({}).to_list()
    await database.workflow_versions.insert_one({**left, "_id": f"{saved['_id']}@2", "version": 2, "owner": "nobody"})
    assert (await _save(database, None, "new"))["version"] == 2
    stored = await database.workflow_versions.find_one({"_id": f"{saved['_id']}@2"})
    assert stored is not None
    assert (stored["owner"], '"new"' in stored["definition"]) == ("alice", True)


async def test_a_deleted_workflow_is_hidden_and_has_no_due_time(database: Database) -> None:
    saved = await _save(database, {"every": {"interval": "PT1H"}})
    await saving.delete_workflow(database, "alice", "w", clock.now())
    with pytest.raises(NotFound):
        await saving.delete_workflow(database, "alice", "w", clock.now())
    stored = await database.workflows.find_one({"_id": saved["_id"]})
    assert stored is not None
    assert (stored["deleted"], stored["next_run_at"]) == (True, None)


async def test_the_name_of_a_deleted_workflow_can_be_used_again(database: Database) -> None:
    """The embedded database keeps a changed key in a unique index."""
    ids = []
    for _ in range(3):
        ids.append((await _save(database, {"every": {"interval": "PT1H"}}))["_id"])
        await saving.delete_workflow(database, "alice", "w", clock.now())
    last = await _save(database, {"every": {"interval": "PT1H"}})
    stored = {workflow["_id"]: workflow["deleted"] for workflow in await database.workflows.find({}).to_list()}
    assert stored == {**dict.fromkeys(ids, True), last["_id"]: False}
    assert await database.workflow_versions.count_documents({}) == 4


@pytest.fixture
def quotas(database: Database, monkeypatch: pytest.MonkeyPatch) -> Quotas:
    """Return quotas of two workflows and three versions, which are counted only once."""
    monkeypatch.setattr(resource_counter, "_PAUSE_FACTOR", 1_000_000)
    return Quotas(database, make_settings(quota_workflows=2, quota_workflow_versions=3))


async def test_the_name_of_a_deleted_workflow_is_counted_once_when_it_is_used_again(
    database: Database, quotas: Quotas
) -> None:
    await _save(database, None, quotas=quotas)
    await saving.delete_workflow(database, "alice", "w", clock.now())
    quotas = Quotas(database, make_settings(quota_workflows=2, quota_workflow_versions=3))  # of another process
    await _save(database, None, quotas=quotas)
    await _save(database, None, name="other", quotas=quotas)
    with pytest.raises(QuotaExceeded, match="you have 2 of 2 workflows"):
        await _save(database, None, name="third", quotas=quotas)


async def test_a_workflow_created_twice_at_once_is_counted_once(database: Database, quotas: Quotas) -> None:
    await asyncio.gather(*(_save(database, None, quotas=quotas) for _ in range(2)))
    await _save(database, None, name="other", quotas=quotas)
    with pytest.raises(QuotaExceeded, match="you have 2 of 2 workflows"):
        await _save(database, None, name="third", quotas=quotas)


async def test_a_change_that_another_one_came_before_is_counted_once(
    database: Database, quotas: Quotas, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = saving._change

    async def lose(*args: Any) -> bool:
        monkeypatch.setattr(saving, "_change", change)
        await _save(database, None, "by another process")
        return await change(*args)

    await _save(database, None, quotas=quotas)
    monkeypatch.setattr(saving, "_change", lose)
    assert (await _save(database, None, "change", quotas=quotas))["version"] == 3
    quotas.limits.set_override("alice", {"WORKFLOW_VERSIONS": 2})
    with pytest.raises(QuotaExceeded, match="you have 2 of 2 stored versions"):
        await _save(database, None, "one more", quotas=quotas)


async def test_a_refused_workflow_leaves_nothing_behind(database: Database, quotas: Quotas) -> None:
    for name in ("one", "two"):
        await _save(database, None, name=name, quotas=quotas)
    with pytest.raises(QuotaExceeded):
        await _save(database, None, quotas=quotas)
    assert await database.workflow_versions.count_documents({}) == 2
