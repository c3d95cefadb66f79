"""Stored usage, shared by several processes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from tests.harness import make_settings
from tocsin import clock
from tocsin.documents import Database, OwnerUsageDocument, User
from tocsin.quotas import Quota, QuotaLimits, Quotas, UsageMeter, ledger

NOW = datetime(2026, 11, 29, 12, 0, 30, tzinfo=UTC)
DAY = timedelta(days=1)


async def stored_usage(database: Database, owner: str = "alice") -> OwnerUsageDocument:
    stored = await database.owner_usages.find_one({"_id": owner})
    assert stored is not None
    return stored


async def add_user(name: str, **quotas: int) -> User:
    return await User(
        id=name, email=f"{name}@example.test", password="-", created_at=clock.now(), quotas=quotas
    ).insert()


async def test_processes_learn_what_the_others_count(database: Database) -> None:
    here, there = (Quotas(database, make_settings(quota_runs_per_minute=10)) for _ in range(2))
    now = clock.now()
    while now.second > 50:  # the minute must not end during the test
        now -= timedelta(seconds=20)
    here.meter.consume_runs("alice", 6, now)
    there.meter.consume_runs("alice", 5, now)
    for quotas in (here, there, here):
        await quotas.flush_usage()
        await ledger.load_usage(database, quotas.meter, quotas.limits, ["alice"])
    assert [quotas.meter.get_usage("alice", Quota.RUNS_PER_MINUTE, now) for quotas in (here, there)] == [11, 11]
    assert here.meter.consume_runs("alice", 1, now) is not None
    assert there.meter.consume_runs("alice", 1, now) is not None
    assert (await stored_usage(database))["counts"]["RUNS_PER_DAY"]["used"] == 11


async def test_the_stored_count_of_a_window_that_has_passed_is_not_added_to(database: Database) -> None:
    quotas = Quotas(database, make_settings())
    quotas.meter.consume_runs("alice", 5, NOW)
    await quotas.flush_usage()
    quotas.meter.consume_runs("alice", 2, NOW + DAY)
    await quotas.flush_usage()
    counts = (await stored_usage(database))["counts"]
    assert {name: count["used"] for name, count in counts.items()} == {
        "RUNS_PER_MINUTE": 2,
        "RUNS_PER_DAY": 2,
    }


async def test_stored_bytes_are_added_up_and_never_negative(database: Database) -> None:
    quotas = Quotas(database, make_settings())
    for count, expected in ((100, 100), (-30, 70), (-100, 0), (5, 5)):
        quotas.meter.add_bytes("alice", count)
        await quotas.flush_usage()
        assert (await stored_usage(database))["storage"] == expected


async def test_many_owners_are_stored_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_BATCH_SIZE", 3)
    quotas = Quotas(database, make_settings())
    for number in range(8):
        quotas.meter.add_bytes(f"owner {number}", number + 1)
    await quotas.flush_usage()
    stored = {usage["_id"]: usage["storage"] async for usage in database.owner_usages.find({})}
    assert stored == {f"owner {number}": number + 1 for number in range(8)}


async def test_counts_that_cannot_be_written_are_kept_for_the_next_flush(database: Database) -> None:
    closed = AsyncMongoClient[Any](database.uri)
    await closed.close()
    meter, limits = UsageMeter(), QuotaLimits(make_settings())
    meter.consume_runs("alice", 2, NOW)
    with pytest.raises(PyMongoError):
        await ledger.flush_usage(Database(closed, closed[database.name], "", ""), meter, limits)
    assert meter.get_usage("alice", Quota.RUNS_PER_DAY, NOW) == 2
    await ledger.flush_usage(database, meter, limits)
    assert (await stored_usage(database))["counts"]["RUNS_PER_DAY"]["used"] == 2


async def test_limits_of_administrators_are_loaded_and_dropped_again(database: Database) -> None:
    await add_user("alice", TASKS=7)
    await add_user("bob")
    limits = QuotaLimits(make_settings(quota_tasks=3))
    await ledger.load_limits(database, limits)
    assert [limits.get_limit(owner, Quota.TASKS) for owner in ("alice", "bob")] == [7, 3]
    await database.users.update_one({"_id": "alice"}, {"$set": {"quotas": {}}})
    await ledger.load_usage(database, UsageMeter(limits), limits, ["alice", "bob"])
    assert limits.get_limit("alice", Quota.TASKS) == 3


async def test_the_usage_of_a_user_without_a_stored_one_is_known_to_be_nothing(database: Database) -> None:
    await add_user("alice")
    meter, limits = UsageMeter(), QuotaLimits(make_settings())
    meter.add_bytes("nobody", 1)
    await ledger.load_usage(database, meter, limits, ["alice", "nobody"])
    assert meter.find_unmeasured(clock.now()) == ["alice"]


async def test_all_owners_are_loaded_only_when_asked_for(database: Database) -> None:
    here, there = (Quotas(database, make_settings()) for _ in range(2))
    for quotas in (here, there):
        quotas.meter.add_bytes("alice", 10)
    await here.flush_usage()
    await there.flush_usage()
    usages: list[Any] = []
    for all_owners in (False, True):
        await ledger.flush_usage(database, here.meter, here.limits, all_owners=all_owners)
        here.meter.add_bytes("alice", 0)
        usages.append(here.meter._owners["alice"].stored)
    assert usages == [10, 20]


async def test_a_measurement_keeps_what_was_added_meanwhile(database: Database) -> None:
    quotas = Quotas(database, make_settings())
    quotas.meter.add_bytes("alice", 100)
    await quotas.flush_usage()
    quotas.meter.add_bytes("alice", 7)
    await quotas.flush_usage()
    await ledger.correct_storage(database, "alice", before=100, measured=60, at=NOW)
    stored = await stored_usage(database)
    assert (stored["storage"], stored["measured_at"]) == (67, NOW)


async def test_a_measurement_of_an_owner_without_counts_is_stored(database: Database) -> None:
    await ledger.correct_storage(database, "alice", before=0, measured=60, at=NOW)
    assert (await stored_usage(database))["storage"] == 60
