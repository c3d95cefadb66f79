"""Counts of existing resources, and how long they are cached."""

from typing import Any

import pytest

from tests.tasks.helpers import save_hourly_task
from tocsin import clock
from tocsin.documents import Database, TaskStatus
from tocsin.quotas import Quota, resource_counter
from tocsin.quotas.resource_counter import MAX_COUNT_AGE, CachedCount, ResourceCounter, make_owner_filter


async def insert(database: Database, collection: str, **fields: Any) -> None:
    await database.db[collection].insert_one({"created_at": clock.now(), **fields})


@pytest.mark.parametrize("status", TaskStatus)
async def test_only_unfinished_tasks_count(database: Database, status: TaskStatus) -> None:
    task = await save_hourly_task(database)
    await save_hourly_task(database, owner="bob")
    await database.tasks.update_one({"_id": task.id}, {"$set": {"status": status}})
    is_unfinished = status in (TaskStatus.PENDING, TaskStatus.RUNNING, TaskStatus.RETRY, TaskStatus.PAUSED)
    assert await ResourceCounter(database).count_used("alice", Quota.TASKS) == is_unfinished


async def test_deleted_workflows_do_not_count_but_their_versions_do(database: Database) -> None:
    for number, deleted in enumerate((False, True, False)):
        await insert(database, "workflows", _id=f"alice/{number}", owner="alice", deleted=deleted, name_key=f"{number}")
        await insert(database, "workflow_versions", _id=f"alice/{number}:1")
    await insert(database, "workflow_versions", _id="alice2/1:1")
    counter = ResourceCounter(database)
    assert await counter.count_used("alice", Quota.WORKFLOWS) == 2
    assert await counter.count_used("alice", Quota.WORKFLOW_VERSIONS) == 3


async def test_api_tokens_of_the_owner_count(database: Database) -> None:
    for number, owner in enumerate(("alice", "alice", "bob")):
        await insert(database, "api_tokens", _id=str(number), owner=owner, digest=str(number))
    assert await ResourceCounter(database).count_used("alice", Quota.API_TOKENS) == 2


@pytest.mark.parametrize(
    ("document_id", "matches"),
    [("alice/1", True), ("alice/", True), ("alice", False), ("alice0", False), ("alice2/1", False), ("alic/1", False)],
)
def test_an_owners_ids_begin_with_theirs(document_id: str, matches: bool) -> None:
    bounds = make_owner_filter("alice")
    assert (bounds["$gte"] <= document_id < bounds["$lt"]) is matches


def test_a_count_is_stale_after_a_minute_or_when_it_is_doubted() -> None:
    count = CachedCount(used=3, counted_at=100.0, took=0.1)
    assert CachedCount().is_stale(0.0, doubted=False)
    assert not count.is_stale(100.0 + MAX_COUNT_AGE, doubted=False)
    assert count.is_stale(100.0 + MAX_COUNT_AGE + 1, doubted=False)
    assert not count.is_stale(101.9, doubted=True)
    assert count.is_stale(102.0, doubted=True)


def test_a_slow_count_is_cached_for_longer() -> None:
    count = CachedCount(used=3, counted_at=100.0, took=10.0)
    assert count.cooldown_left(150.0) == 150.0
    assert not count.is_stale(300.0, doubted=False)
    assert count.is_stale(301.0, doubted=False)


async def test_what_is_created_is_added_without_counting_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = 0

    async def count_tasks(_database: Database, _owner: str) -> int:
        nonlocal counts
        counts += 1
        return 5

    monkeypatch.setitem(resource_counter._COUNTS, Quota.TASKS, count_tasks)
    counter, seen = ResourceCounter(database), []
    for _ in range(3):
        async with counter.reserve("alice", Quota.TASKS, 100, 2) as reservation:
            seen.append(reservation.used)
    assert (seen, counts) == ([5, 7, 9], 1)


async def test_a_cancelled_reservation_counts_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_counter, "_PAUSE_FACTOR", 1_000_000)  # the count is not doubted within this test
    counter = ResourceCounter(database)
    async with counter.reserve("alice", Quota.TASKS, 1, 1) as reservation:
        reservation.cancel()
    async with counter.reserve("alice", Quota.TASKS, 1, 1) as reservation:
        assert reservation.used == 0
    async with counter.reserve("alice", Quota.TASKS, 1, 1) as reservation:
        assert reservation.used == 1


async def test_the_limit_is_checked_against_a_new_count(database: Database) -> None:
    counter = ResourceCounter(database)
    task = await save_hourly_task(database)
    async with counter.reserve("alice", Quota.TASKS, 2, 1) as reservation:
        assert reservation.used == 1
    await database.tasks.delete_one({"_id": task.id})
    async with counter.reserve("alice", Quota.TASKS, 2, 1) as reservation:  # 2 by the old count
        assert reservation.used == 0


async def test_the_oldest_counts_are_dropped_unless_they_are_in_use(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource_counter, "_MAX_CACHED", 2)
    counter = ResourceCounter(database)
    async with counter.reserve("busy", Quota.TASKS, 9, 1):
        for owner in ("a", "b"):
            await counter.count_used(owner, Quota.TASKS)
        assert ("busy", Quota.TASKS) in counter._counts
    await counter.count_used("c", Quota.TASKS)
    assert ("busy", Quota.TASKS) not in counter._counts
