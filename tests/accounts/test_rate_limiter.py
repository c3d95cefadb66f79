import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.errors import PyMongoError

from tocsin.accounts.rate_limiter import DRAWS_PER_BUCKET, RateLimiter
from tocsin.config import Settings
from tocsin.documents import Database, connect
from tocsin.errors import RateLimited

T0 = 1_795_000_000_000.0


class Clock:
    """A clock that only the test advances."""

    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def rates(database: Database, clock: Clock, **changes: Any) -> RateLimiter:
    return RateLimiter(database, Settings(_env_file=None, **changes), clock)


async def allowed(rates: RateLimiter, what: str, address: str, email: str | None = None) -> float:
    """Return 0, or the seconds to wait."""
    try:
        await rates.count_attempt(what, address, email)
    except RateLimited as error:
        return error.retry_after
    return 0


async def test_attempts_of_an_address(database: Database, clock: Clock) -> None:
    limit = rates(database, clock, attempts_per_address=6)
    assert [await allowed(limit, "logIn", "192.0.2.1") for _ in range(6)] == [0] * 6
    wait = await allowed(limit, "logIn", "192.0.2.1")
    assert wait == pytest.approx(10, abs=0.01)
    assert await allowed(limit, "logIn", "192.0.2.2") == 0
    assert await allowed(limit, "signUp", "192.0.2.1") == 0
    clock.now += wait * 1000
    assert await allowed(limit, "logIn", "192.0.2.1") == 0
    assert await allowed(limit, "logIn", "192.0.2.1") > 0


async def test_attempts_at_an_account_are_counted_by_address(database: Database, clock: Clock) -> None:
    limit = rates(database, clock, attempts_per_account=3)
    for email in ("a@example.com", " A@EXAMPLE.com", "a@example.com "):
        assert await allowed(limit, "logIn", "192.0.2.1", email) == 0
    assert await allowed(limit, "logIn", "192.0.2.1", "a@example.com") == pytest.approx(300, abs=0.01)
    assert await allowed(limit, "logIn", "192.0.2.1", "b@example.com") == 0
    assert await allowed(limit, "logIn", "192.0.2.2", "a@example.com") == 0


async def test_guesses_from_everywhere_slow_down_strangers_and_not_the_owner(database: Database, clock: Clock) -> None:
    limit = rates(database, clock, attempts_per_account=3)
    await limit.record_success("203.0.113.1", " A@example.com")
    for number in range(15):
        assert await allowed(limit, "logIn", f"192.0.2.{number}", "a@example.com") == 0
    wait = await allowed(limit, "logIn", "192.0.2.99", "a@example.com")
    assert wait == pytest.approx(60, abs=0.01)  # slowed down, not locked out for the quarter of an hour
    for other in (limit, rates(database, clock, attempts_per_account=3)):  # also in another process
        assert await allowed(other, "logIn", "203.0.113.1", "a@example.com") == 0
    assert await allowed(limit, "logIn", "192.0.2.99", "b@example.com") == 0
    clock.now += wait * 1000
    assert await allowed(limit, "logIn", "192.0.2.98", "a@example.com") == 0


async def test_three_links_for_a_new_password_are_mailed_in_an_hour(database: Database, clock: Clock) -> None:
    limit = rates(database, clock)
    await limit.record_success("192.0.2.1", "a@example.com")
    for number in range(3):
        assert await allowed(limit, "requestPasswordReset", f"192.0.2.{number}", "a@example.com") == 0
    wait = await allowed(limit, "requestPasswordReset", "192.0.2.1", "a@example.com")
    assert wait == pytest.approx(1200, abs=0.01)
    assert await allowed(limit, "requestPasswordReset", "192.0.2.1", "b@example.com") == 0


async def test_two_processes_share_one_limit(database: Database, clock: Clock) -> None:
    two = [rates(database, clock, attempts_per_address=20) for _ in range(2)]
    waits = await asyncio.gather(*(allowed(two[number % 2], "logIn", "192.0.2.1") for number in range(60)))
    assert waits.count(0) == 20


async def test_the_cost_limit_holds_for_all_processes_together(database: Database, clock: Clock) -> None:
    several = [rates(database, clock, cost_limit=50_000) for _ in range(3)]
    spent = 0

    async def spend(number: int) -> None:
        nonlocal spent
        points = 100 + 370 * (number % 7)
        try:
            await several[number % 3].spend_points("someone", points)
        except RateLimited:
            return
        spent += points

    await asyncio.gather(*(spend(number) for number in range(200)))
    assert 50_000 - 3 * 50_000 / DRAWS_PER_BUCKET - 2_320 <= spent <= 50_000


async def test_a_refusal_has_the_time_to_wait(database: Database, clock: Clock) -> None:
    limit = rates(database, clock, cost_limit=60_000, max_cost=60_000)
    assert (await limit.spend_points("someone", 59_000)).remaining == 1000
    with pytest.raises(RateLimited) as caught:
        await limit.spend_points("someone", 5000)
    assert caught.value.retry_after == pytest.approx(4, abs=0.01)
    with pytest.raises(RateLimited, match="Try again in 4 s"):
        limit.check_points("someone", 5000)
    limit.check_points("someone", 1000)
    assert (await limit.spend_points("someone", 1000)).remaining == 0
    clock.now += 5000
    assert (await limit.spend_points("someone", 5000)).remaining == 0
    assert (await limit.spend_points("someone else", 5000)).remaining == 55_000


async def test_little_is_spent_without_asking_the_database(database: Database, clock: Clock) -> None:
    limit = rates(database, clock)
    await limit.spend_points("someone", 100)
    await database.rate_buckets.drop()
    remaining = [(await limit.spend_points("someone", 100)).remaining for _ in range(49)]
    assert remaining == [500_000 - 100 * number for number in range(2, 51)]
    assert await database.rate_buckets.count_documents({}) == 0
    await limit.spend_points("someone", 100)
    assert await database.rate_buckets.count_documents({}) == 1


async def test_a_flood_that_was_refused_asks_the_database_no_more(database: Database, clock: Clock) -> None:
    limit = rates(database, clock, attempts_per_address=1)
    await limit.count_attempt("logIn", "192.0.2.1")
    assert await allowed(limit, "logIn", "192.0.2.1") > 0
    await database.rate_buckets.drop()
    assert await allowed(limit, "logIn", "192.0.2.1") > 0
    assert await database.rate_buckets.count_documents({}) == 0


async def test_a_drawn_portion_is_lost_after_the_window(database: Database, clock: Clock) -> None:
    limit = rates(database, clock)
    await limit.spend_points("someone", 100)
    clock.now += 61_000
    assert (await limit.spend_points("someone", 100)).remaining == 499_900


async def test_a_bucket_is_forgotten_when_it_is_full_again(database: Database, clock: Clock) -> None:
    await rates(database, clock, attempts_per_address=6).count_attempt("logIn", "192.0.2.1")
    stored = await database.rate_buckets.find_one({})
    assert stored is not None
    assert stored["forget_at"] == datetime.fromtimestamp((T0 + 10_000) / 1000, UTC)
    indexes = await database.rate_buckets.index_information()
    assert any(index.get("expireAfterSeconds") == 0 for index in indexes.values())


async def test_a_database_that_is_away_limits_no_cost_and_allows_no_attempt(database: Database, clock: Clock) -> None:
    away = await connect(database.uri, database.name)
    await away.close()
    limit = rates(away, clock)
    assert (await limit.spend_points("someone", 100)).limit == 500_000
    with pytest.raises(PyMongoError):
        await limit.count_attempt("logIn", "192.0.2.1")


async def test_no_more_remains_than_there_can_be(database: Database, clock: Clock) -> None:
    """Points that were drawn but not spent do not delay the refill of the bucket."""
    limit = rates(database, clock)
    assert (await limit.spend_points("alice", 1)).remaining < (await limit.spend_points("bob", 1)).limit
    clock.now += 30_000
    allowance = await limit.spend_points("alice", 1)
    assert allowance.remaining == allowance.limit
