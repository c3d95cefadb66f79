"""Admission by the meter of one process."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.harness import make_settings
from tocsin import clock
from tocsin.documents import Database
from tocsin.quotas import Quota, QuotaLimits, Quotas, UsageMeter
from tocsin.quotas.limits import MEGABYTE
from tocsin.quotas.meter import MAX_WAIT, RUN_BASE_BYTES, find_reset_time

NOW = datetime(2026, 11, 29, 12, 0, 30, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def limited(**limits: int) -> UsageMeter:
    return UsageMeter(QuotaLimits(make_settings(**{f"quota_{name}": limit for name, limit in limits.items()})))


def test_runs_are_admitted_up_to_the_minutes_limit_and_again_in_the_next_minute() -> None:
    meter = limited(runs_per_minute=3)
    assert [meter.consume_runs("alice", 1, NOW) for _ in range(3)] == [None] * 3
    assert meter.consume_runs("alice", 1, NOW) == NOW.replace(second=0) + MINUTE
    assert meter.consume_runs("bob", 1, NOW) is None
    assert meter.get_usage("alice", Quota.RUNS_PER_MINUTE, NOW) == 3
    assert meter.consume_runs("alice", 1, NOW + MINUTE) is None
    assert meter.get_usage("alice", Quota.RUNS_PER_DAY, NOW + MINUTE) == 4
    assert meter.drain_refusals() == {"alice": {Quota.RUNS_PER_MINUTE}}
    assert meter.drain_refusals() == {}


def test_a_batch_may_go_over_the_limit_once() -> None:
    meter = limited(runs_per_minute=3)
    assert meter.consume_runs("alice", 10, NOW) is None
    assert meter.consume_runs("alice", 1, NOW) is not None
    assert meter.get_usage("alice", Quota.RUNS_PER_MINUTE, NOW) == 10


def test_runs_that_have_begun_count_even_beyond_the_limit() -> None:
    meter = limited(runs_per_minute=3)
    for _ in range(2):
        meter.add_runs("alice", 3, NOW)
    assert (meter.get_usage("alice", Quota.RUNS_PER_MINUTE, NOW), meter.drain_refusals()) == (6, {})
    assert meter.consume_runs("alice", 1, NOW) is not None


def test_a_wait_until_midnight_is_cut_short() -> None:
    meter = limited(runs_per_day=1)
    meter.consume_runs("alice", 1, NOW)
    assert meter.consume_runs("alice", 1, NOW) == NOW + MAX_WAIT
    assert meter.consume_runs("alice", 1, NOW + DAY) is None
    assert find_reset_time(Quota.RUNS_PER_DAY, NOW) == datetime(2026, 11, 30, tzinfo=UTC)


def test_no_run_begins_while_history_grows_faster_than_it_can_be_deleted() -> None:
    meter = limited(storage=1)
    meter.add_bytes("alice", MEGABYTE)
    assert meter.get_excess_bytes("alice") == 0
    assert meter.consume_runs("alice", 1, NOW) is None
    meter.add_bytes("alice", MEGABYTE // 5)
    assert meter.get_excess_bytes("alice") == MEGABYTE // 5
    assert meter.find_exceeded_run_quota("alice", NOW) is Quota.STORAGE
    assert meter.consume_runs("alice", 1, NOW) == NOW + MINUTE
    meter.add_bytes("alice", -MEGABYTE)
    assert meter.consume_runs("alice", 1, NOW) is None


def test_zero_means_no_limit_and_an_administrators_limit_takes_precedence() -> None:
    limits = QuotaLimits(make_settings(quota_runs_per_minute=0, quota_mails_per_day=1))
    meter = UsageMeter(limits)
    assert meter.consume_runs("alice", 1_000_000_000, NOW) is None
    assert meter.consume_runs("alice", 1, NOW) is not None  # the day's quota
    limits.set_override("alice", {"RUNS_PER_DAY": 0})
    assert meter.consume_runs("alice", 1, NOW) is None
    assert [meter.consume("alice", Quota.MAILS_PER_DAY, NOW) for _ in range(2)] == [True, False]
    limits.set_override("alice", {"MAILS_PER_DAY": 2})
    assert [meter.consume("alice", Quota.MAILS_PER_DAY, NOW) for _ in range(2)] == [True, False]
    limits.set_override("alice", {})
    assert not meter.consume("alice", Quota.MAILS_PER_DAY, NOW)


def test_the_size_of_a_job_counts_in_each_run_that_copies_it() -> None:
    meter = UsageMeter()
    run: Any = {"_id": "alice/1:1", "owner": "alice", "task": "alice/1", "trigger": "SCHEDULE"}
    run |= {"task_version": 1, "job": {"text": "x" * 10_000}}
    meter.add_run_bytes([run, run | {"_id": "alice/1:2"}])
    (taken,) = meter.drain_pending()
    assert 2 * (10_000 + RUN_BASE_BYTES) < taken.storage < 2 * (10_100 + RUN_BASE_BYTES)


def test_counts_that_could_not_be_written_are_kept() -> None:
    meter = limited(runs_per_minute=3)
    meter.consume_runs("alice", 2, NOW)
    meter.add_bytes("alice", 7)
    taken = meter.drain_pending()
    meter.restore_pending(taken)
    assert meter.get_usage("alice", Quota.RUNS_PER_MINUTE, NOW) == 2
    assert meter.drain_pending() == taken


async def test_a_flush_costs_one_write_an_owner_however_much_was_counted(database: Database) -> None:
    quotas = Quotas(database, make_settings())
    for _ in range(100):
        quotas.meter.consume_runs("alice", 1, clock.now())
        quotas.meter.add_bytes("alice", 1)
    assert len(quotas.meter.drain_pending()) == 1
    assert quotas.meter.drain_pending() == []
