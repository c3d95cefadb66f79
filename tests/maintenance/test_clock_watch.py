"""Times stored while the clock was ahead delay nothing, and what waits is reported."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import TargetServer, make_settings, run_stack, save_task
from tests.tasks.helpers import AWAY, HOUR, add_run, load_run
from tocsin import clock, schedules
from tocsin.accounts.rate_limiter import RateLimiter
from tocsin.dead_letters.plan import SentBatch, compute_allowance
from tocsin.dispatch.circuit_breaker import PROBE_TIMEOUT_SECONDS, CircuitBreaker, CircuitState
from tocsin.dispatch.limits import attempt_bucket
from tocsin.documents import Database, RunStatus
from tocsin.documents.workers import is_alive
from tocsin.errors import RateLimited
from tocsin.maintenance.clock_watch import ClockWatch, clamp_future_times

AHEAD = timedelta(hours=2)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


class Time:
    """A fake of `clock.now()` and of the monotonic clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moment, self.forward = clock.now(), 1000.0
        monkeypatch.setattr(clock, "now", lambda: self.moment)

    def milliseconds(self) -> float:
        return float(clock.epoch_milliseconds(self.moment))

    def pass_by(self, span: timedelta) -> None:
        self.moment += span
        self.forward += span.total_seconds()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


STORED: list[tuple[str, Any, str, timedelta, timedelta]] = [
    ("sessions", {}, "expires_at", 30 * DAY, 30 * DAY),
    ("links", {"purpose": "RESET"}, "expires_at", HOUR, HOUR),
    ("links", {"purpose": "INVITATION"}, "expires_at", 7 * DAY, 7 * DAY),
    ("keys", {"kind": "DATA"}, "retire_at", HOUR / 6, HOUR / 6),
    ("idempotency_keys", {}, "created_at", timedelta(), timedelta()),
    ("deliveries", {"status": "QUEUED"}, "next_try_at", HOUR / 2, 0.6 * HOUR),
    ("deliveries", {"status": "QUEUED", "acknowledge_by": clock.now()}, "next_try_at", DAY, DAY),
    ("deliveries", {"status": "QUEUED"}, "acknowledge_by", DAY, DAY),
    ("notification_channels", {}, "retry_at", DAY, DAY),
    ("replays", {"open": True}, "next_at", 30 * SECOND, 60 * SECOND),
    ("replays", {"open": True}, "lease_until", 5 * SECOND, 60 * SECOND),
]


@pytest.mark.parametrize(("collection", "which", "field", "period", "longest"), STORED)
async def test_a_time_further_ahead_than_its_period_is_moved_to_its_end(
    database: Database, collection: str, which: Any, field: str, period: timedelta, longest: timedelta
) -> None:
    now, stored = clock.now(), database.db[collection]
    right, ahead = now + period, now + AHEAD + period
    times = {"right": right, "ahead": ahead}
    await stored.insert_many([{**which, "_id": name, "family": name, field: at} for name, at in times.items()])
    await clamp_future_times(database, now, 30 * DAY)
    found = {each["_id"]: each[field] async for each in stored.find({})}
    assert found["right"] == right
    assert found["ahead"] <= now + longest


async def test_runs_that_were_queued_or_failed_in_the_future_continue(database: Database) -> None:
    now = clock.now()
    task = await save_task(database, AWAY, schedules.Once(now + HOUR))
    queued = await add_run(database, task.id, RunStatus.QUEUED, ago=-AHEAD)
    attempt = {"number": 1, "started_at": now + AHEAD, "finished_at": now + AHEAD, "outcome": "FAILED"}
    retry_at = now + AHEAD + HOUR
    retrying = await add_run(database, task.id, RunStatus.RETRY, attempts=[attempt], retry_at=retry_at)
    on_time = await add_run(database, task.id, RunStatus.RETRY, ago=3 * HOUR)
    before = await load_run(database, on_time)
    await clamp_future_times(database, now, DAY)
    run = await load_run(database, queued)
    assert (run["queued_at"], run["ready_at"], run["rank"]) == (now, now, clock.epoch_milliseconds(now))
    assert (await load_run(database, retrying))["retry_at"] == now + HOUR
    assert await load_run(database, on_time) == before


async def test_a_clock_set_back_while_serving_or_between_two_starts_is_reported(database: Database, time: Time) -> None:
    task = await save_task(database, AWAY, schedules.Every(SECOND, time.moment))
    watch = ClockWatch(database, DAY, lambda: time.forward)
    await watch.start()
    assert watch.warning is None
    time.pass_by(HOUR)
    await database.tasks.update_one({"_id": task.id}, {"$set": {"last_due_at": time.moment}})
    await watch.check()
    assert watch.warning is None
    last, time.moment = time.moment, time.moment - AHEAD
    await watch.check()
    assert watch.warning is not None
    assert watch.warning.startswith("The clock was set back by at least 7200 s. ")
    assert f"{last:%Y-%m-%dT%H:%M:%S}" in watch.warning
    fresh = ClockWatch(database, DAY, lambda: time.forward)
    await fresh.start()
    assert fresh.warning == watch.warning
    time.pass_by(AHEAD)
    assert (watch.warning, fresh.warning) == (None, None)


async def test_a_rate_limit_of_the_future_blocks_nobody(database: Database, time: Time) -> None:
    time.moment += AHEAD
    chosen = make_settings(attempts_per_address=5, attempts_per_account=5)
    serving = RateLimiter(database, chosen, time.milliseconds)
    for _ in range(5):
        await serving.count_attempt("logIn", "192.0.2.1", "alice@example.com")
    await serving.spend_points("alice", 20)
    time.moment -= AHEAD
    for rates in (
        serving,
        RateLimiter(database, chosen, time.milliseconds),
    ):  # one that keeps running, one that was restarted
        rates.check_points("alice", 20)
        assert (await rates.spend_points("alice", 20)).remaining > 0
        await rates.count_attempt("logIn", "192.0.2.1", "alice@example.com")
    for _ in range(3):
        await serving.count_attempt("logIn", "192.0.2.1")
    with pytest.raises(RateLimited):
        await serving.count_attempt("logIn", "192.0.2.1")


@pytest.mark.parametrize(
    ("state", "period"), [(CircuitState.OPEN, 5.0), (CircuitState.HALF_OPEN, PROBE_TIMEOUT_SECONDS)]
)
def test_a_circuit_of_the_future_is_probed(state: CircuitState, period: float) -> None:
    now = clock.now()
    circuit = CircuitBreaker(state, 10, 5.0, now + timedelta(seconds=period))
    assert circuit.with_probe(now) is None
    assert circuit.with_probe(now - SECOND) is not None
    assert circuit.with_probe(now - AHEAD) is not None


@pytest.mark.parametrize("rate", [1, 60, 6000])
def test_a_rate_of_the_future_delays_nothing(rate: float) -> None:
    bucket, full_at, now = attempt_bucket(rate), 0.0, float(clock.epoch_milliseconds(clock.now()))
    while not bucket.seconds_until(full_at, 1, now + 7_200_000):
        full_at = bucket.after_taking(full_at, 1, now + 7_200_000)
    assert bucket.seconds_until(full_at, 1, now) == 0
    assert bucket.after_taking(full_at, 1, now) == now + 60_000 / rate


def test_a_batch_sent_in_the_future_delays_no_replay() -> None:
    now = clock.now()
    assert compute_allowance(6, [SentBatch(now + AHEAD, 6)], now).count == 1


@pytest.mark.parametrize("until", [-1, 0, 15, 30, 31, 7200])
def test_a_lease_of_the_future_does_not_count(until: int) -> None:
    now = clock.now()
    assert is_alive({"_id": "w", "until": now + until * SECOND, "lease": 15.0}, now) is (0 <= until <= 30)
    assert is_alive({"_id": "w", "until": now + until * SECOND}, now) is (0 <= until <= 1200)


async def test_new_runs_are_seen_though_others_were_ready_in_the_future(
    database: Database, target: TargetServer
) -> None:
    async with run_stack(database, schedule=False, max_concurrency=1) as stack:
        task = await save_task(database, f"{target.url}/", schedules.Once(clock.now() + HOUR))
        first = await add_run(database, task.id, RunStatus.QUEUED, ago=-AHEAD)
        stack.wakeups.runs_queued()
        await stack.wait_for_runs(task.id, "COMPLETED")
        await add_run(database, task.id, RunStatus.QUEUED, ago=timedelta())
        stack.wakeups.runs_queued()
        await stack.wait_for_runs(task.id, "COMPLETED", "COMPLETED", seconds=5)
        assert first in target.run_ids()
