"""Familiar addresses: the network addresses from which an account was logged in to before."""

import pytest

from tests.accounts.test_rate_limiter import T0, Clock
from tocsin.accounts.familiar_addresses import DAY, RETENTION, FamiliarAddresses
from tocsin.documents import Database

ACCOUNT, HOME, ELSEWHERE = "alice@example.com", "203.0.113.1", "192.0.2.7"


async def test_an_address_is_familiar_to_the_account_that_was_logged_in_to_from_there(database: Database) -> None:
    known = FamiliarAddresses(database, Clock())
    assert not await known.is_familiar(ACCOUNT, HOME)
    await known.record_log_in(ACCOUNT, HOME)
    assert await known.is_familiar(ACCOUNT, HOME)
    assert not await known.is_familiar(ACCOUNT, ELSEWHERE)
    assert not await known.is_familiar("bob@example.com", HOME)


async def test_another_process_knows_the_address_for_ninety_days(database: Database) -> None:
    clock = Clock()
    await FamiliarAddresses(database, clock).record_log_in(ACCOUNT, HOME)
    other = FamiliarAddresses(database, clock)
    clock.now = T0 + RETENTION - 1
    assert await other.is_familiar(ACCOUNT, HOME)
    clock.now = T0 + RETENTION
    assert not await other.is_familiar(ACCOUNT, HOME)


async def test_log_ins_are_written_once_a_day(database: Database) -> None:
    clock = Clock()
    known = FamiliarAddresses(database, clock)
    for passed in (0, DAY - 1, DAY):
        clock.now = T0 + passed
        await known.record_log_in(ACCOUNT, HOME)
        (stored,) = await database.rate_buckets.find({}).to_list()
        written_at = T0 + (DAY if passed == DAY else 0)
        assert stored["full_at"] == written_at + RETENTION


async def test_only_a_digest_is_stored_and_it_expires(database: Database) -> None:
    await FamiliarAddresses(database, Clock()).record_log_in(ACCOUNT, HOME)
    (stored,) = await database.rate_buckets.find({}).to_list()
    assert ACCOUNT not in str(stored)
    assert HOME not in str(stored)
    assert stored["forget_at"].timestamp() == pytest.approx((T0 + RETENTION) / 1000, abs=1)
