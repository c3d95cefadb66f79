"""Admission by the meter, with a real database shared by several processes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.harness import settings
from tocsin import clock
from tocsin.documents import Database
from tocsin.quotas import Limits, Quota, Quotas, UsageMeter, ledger
from tocsin.quotas.limits import MEGABYTE, exceeded
from tocsin.quotas.meter import LONGEST_WAIT, RUN_BYTES, resets_at

NOW = datetime(2026, 11, 29, 12, 0, 30, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def limited(**limits: int) -> UsageMeter:
    return UsageMeter(Limits(settings(**{f"quota_{name}": limit for name, limit in limits.items()})))


def test_runs_are_admitted_up_to_the_minutes_limit_and_again_in_the_next_minute() -> None:
    meter = limited(runs_per_minute=3)
    assert [meter.take_runs("alice", 1, NOW) for _ in range(3)] == [None] * 3
    assert meter.take_runs("alice", 1, NOW) == NOW.replace(second=0) + MINUTE
    assert meter.take_runs("bob", 1, NOW) is None
    assert meter.used("alice", Quota.RUNS_PER_MINUTE, NOW) == 3
    assert meter.take_runs("alice", 1, NOW + MINUTE) is None
    assert meter.used("alice", Quota.RUNS_PER_DAY, NOW + MINUTE) == 4
    assert meter.refused() == {"alice": {Quota.RUNS_PER_MINUTE}}
    assert meter.refused() == {}


def test_a_batch_may_go_over_the_limit_once() -> None:
    meter = limited(runs_per_minute=3)
    assert meter.take_runs("alice", 10, NOW) is None
    assert meter.take_runs("alice", 1, NOW) is not None
    assert meter.used("alice", Quota.RUNS_PER_MINUTE, NOW) == 10


def test_who_waits_for_midnight_is_looked_at_before() -> None:
    meter = limited(runs_per_day=1)
    meter.take_runs("alice", 1, NOW)
    assert meter.take_runs("alice", 1, NOW) == NOW + LONGEST_WAIT
    assert meter.take_runs("alice", 1, NOW + DAY) is None
    assert resets_at(Quota.RUNS_PER_DAY, NOW) == datetime(2026, 11, 30, tzinfo=UTC)


def test_no_run_begins_while_history_grows_faster_than_it_can_be_deleted() -> None:
    meter = limited(storage=1)
    meter.add_bytes("alice", MEGABYTE)
    assert meter.excess("alice") == 0
    assert meter.take_runs("alice", 1, NOW) is None
    meter.add_bytes("alice", MEGABYTE // 5)
    assert meter.excess("alice") == MEGABYTE // 5
    assert meter.met_by_run("alice", NOW) is Quota.STORAGE
    assert meter.take_runs("alice", 1, NOW) == NOW + MINUTE
    meter.add_bytes("alice", -MEGABYTE)
    assert meter.take_runs("alice", 1, NOW) is None


def test_zero_is_no_limit_and_an_administrators_limit_goes_before() -> None:
    limits = Limits(settings(quota_runs_per_minute=0, quota_mails_per_day=1))
    meter = UsageMeter(limits)
    assert meter.take_runs("alice", 1_000_000_000, NOW) is None
    assert meter.take_runs("alice", 1, NOW) is not None  # the day's quota
    limits.learn("alice", {"RUNS_PER_DAY": 0})
    assert meter.take_runs("alice", 1, NOW) is None
    assert [meter.take("alice", Quota.MAILS_PER_DAY, NOW) for _ in range(2)] == [True, False]
    limits.learn("alice", {"MAILS_PER_DAY": 2})
    assert [meter.take("alice", Quota.MAILS_PER_DAY, NOW) for _ in range(2)] == [True, False]
    limits.learn("alice", {})
    assert not meter.take("alice", Quota.MAILS_PER_DAY, NOW)


def test_the_size_of_a_job_counts_in_each_run_that_copies_it() -> None:
    meter = UsageMeter()
    run: dict[str, Any] = {"_id": "alice/1:1", "owner": "alice", "task": "alice/1", "trigger": "SCHEDULE"}
    run |= {"task_version": 1, "job": {"text": "x" * 10_000}}
    meter.add_runs([run, run | {"_id": "alice/1:2"}])
    (taken,) = meter.drain()
    assert 2 * (10_000 + RUN_BYTES) < taken.storage < 2 * (10_100 + RUN_BYTES)


def test_what_cannot_be_written_is_counted_once_more() -> None:
    meter = limited(runs_per_minute=3)
    meter.take_runs("alice", 2, NOW)
    meter.add_bytes("alice", 7)
    taken = meter.drain()
    meter.restore(taken)
    assert meter.used("alice", Quota.RUNS_PER_MINUTE, NOW) == 2
    assert meter.drain() == taken


async def test_processes_learn_what_the_others_count(database: Database) -> None:
    here, there = (Quotas(database, settings(quota_runs_per_minute=10)) for _ in range(2))
    now = clock.now()
    while now.second > 50:  # the minute must not end during the test
        now -= timedelta(seconds=20)
    here.meter.take_runs("alice", 6, now)
    there.meter.take_runs("alice", 5, now)
    for quotas in (here, there, here):
        await quotas.flush()
        await ledger.learn(database, quotas.meter, quotas.limits, ["alice"])
    assert [quotas.meter.used("alice", Quota.RUNS_PER_MINUTE, now) for quotas in (here, there)] == [11, 11]
    assert here.meter.take_runs("alice", 1, now) is not None
    assert there.meter.take_runs("alice", 1, now) is not None
    stored = await database.owner_usages.find_one({"_id": "alice"})
    assert stored is not None
    assert stored["counts"]["RUNS_PER_DAY"]["used"] == 11


async def test_a_flush_costs_one_write_an_owner_however_much_was_counted(database: Database) -> None:
    quotas = Quotas(database, settings())
    for _ in range(100):
        quotas.meter.take_runs("alice", 1, clock.now())
        quotas.meter.add_bytes("alice", 1)
    assert len(quotas.meter.drain()) == 1
    assert quotas.meter.drain() == []


async def test_the_stored_count_of_a_window_that_has_passed_is_not_added_to(database: Database) -> None:
    quotas = Quotas(database, settings())
    quotas.meter.take_runs("alice", 5, NOW)
    await quotas.flush()
    quotas.meter.take_runs("alice", 2, NOW + DAY)
    await quotas.flush()
    stored = await database.owner_usages.find_one({"_id": "alice"})
    assert stored is not None
    assert {name: count["used"] for name, count in stored["counts"].items()} == {
        "RUNS_PER_MINUTE": 2,
        "RUNS_PER_DAY": 2,
    }


@pytest.mark.parametrize("quota", list(Quota))
def test_each_quota_has_a_setting_and_words(quota: Quota) -> None:

    message = exceeded(quota, 5, 5).message
    assert message.startswith(f"The quota {quota.value} is reached: you have 5 of 5 ")
    assert "ask an administrator" in message
    assert Limits(settings()).of("alice", quota) > 0
