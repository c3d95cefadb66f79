"""Default retries: all of them before the next due time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.harness import make_settings
from tocsin import schedules
from tocsin.clock import MILLISECOND
from tocsin.tasks.retry_defaults import RetryDefaults, fit_backoff, shortest_interval_ms
from tocsin.tasks.retry_policy import Backoff, RetryPolicy, validate_policy

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
FITTING = RetryDefaults(3)


def waits(policy: RetryPolicy, chance: float = 0.0) -> list[float]:
    """Return the waits in seconds."""
    return [policy.wait_before(retry, chance).total_seconds() for retry in range(policy.max_retries or 0)]


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (None, [10, 100, 1000]),
        (timedelta(days=1), [10, 100, 1000]),
        (HOUR, [10, 100, 1000]),
        (timedelta(minutes=15), [10, 61.5, 378.225]),
        (timedelta(minutes=1), [5, 8.95, 16.02]),
        (15 * SECOND, [1.25, 2.237, 4.005]),
        (SECOND, [0.083, 0.148, 0.266]),
    ],
)
def test_default_waits_grow_and_fit_the_interval(interval: timedelta | None, expected: list[float]) -> None:
    assert waits(FITTING.complete_policy(None, interval)) == pytest.approx(expected, abs=0.002)


@given(some.integers(1, 99), some.integers(1000, 3_155_760_000_000), some.floats(0, 1))
def test_all_default_retries_wait_at_most_half_the_interval(retries: int, milliseconds: int, chance: float) -> None:
    interval = milliseconds * MILLISECOND
    policy = RetryDefaults(retries).complete_policy(None, interval)
    validate_policy(policy)
    assert policy.max_retries == retries
    found = waits(policy, chance)
    assert all(wait > 0 for wait in waits(policy))
    assert waits(policy) == sorted(waits(policy))
    assert sum(found) <= interval.total_seconds() / 2


def test_jitter_spreads_what_failed_together() -> None:
    policy = FITTING.complete_policy(None, HOUR)
    assert policy.wait_before(0, 1.0) == 8 * SECOND < policy.wait_before(0, 0.0) == 10 * SECOND


def test_the_operators_waits_count_where_they_are_set() -> None:
    assert RetryDefaults.from_settings(make_settings(retry_offsets="", retry_offset=2, max_retries=5)).complete_policy(
        None, SECOND
    ) == (RetryPolicy(5, (timedelta(hours=2),)))
    both = RetryDefaults.from_settings(make_settings(retry_offsets="PT1S,PT2S", retry_offset=2))
    assert both.complete_policy(None, None).offsets == (SECOND, 2 * SECOND)
    neither = RetryDefaults.from_settings(make_settings(retry_offsets="", max_retries=2))
    assert neither.complete_policy(None, HOUR) == RetryPolicy(2, (), fit_backoff(2, HOUR))


def test_what_a_policy_leaves_open_is_the_servers() -> None:
    backoff = Backoff(SECOND, 2.0, HOUR, 0.0)
    assert FITTING.complete_policy(RetryPolicy(None, (), backoff), None) == RetryPolicy(3, (), backoff)
    assert FITTING.complete_policy(RetryPolicy(7, (), None, frozenset({503})), HOUR) == (
        RetryPolicy(7, (), fit_backoff(7, HOUR), frozenset({503}))
    )
    assert RetryDefaults(3, (HOUR,)).complete_policy(RetryPolicy(7), SECOND) == RetryPolicy(7, (HOUR,))
    for own in (RetryPolicy(2, (SECOND, HOUR)), RetryPolicy(0, (SECOND,)), RetryPolicy(9, (), backoff)):
        assert FITTING.complete_policy(own, SECOND) == own
    assert FITTING.complete_policy(RetryPolicy(0), SECOND).max_retries == 0


@pytest.mark.parametrize(
    ("schedule", "interval"),
    [
        (schedules.Once(NOW), None),
        (schedules.Every(90 * SECOND, NOW), 90 * SECOND),
        (schedules.RevisedSchedule(schedules.Every(HOUR, NOW), schedules.Once(NOW), NOW), HOUR),
        (schedules.Cron("* * * * *", "UTC"), 60 * SECOND),
        (schedules.Cron("*/10 * * * * *", "UTC"), 10 * SECOND),
        (schedules.Cron("*/7 * * * *", "UTC"), 4 * 60 * SECOND),
        (schedules.Cron("0 9,10 * * 1-5", "Europe/Berlin"), HOUR),
        (schedules.Cron("@daily", "America/New_York"), 24 * HOUR),
        (schedules.Cron("0 0 1 * *", "UTC"), 28 * 24 * HOUR),
        (schedules.Cron("@yearly", "UTC"), 365 * 24 * HOUR),
        (schedules.Cron("0 0 29 2 *", "UTC"), 1461 * 24 * HOUR),
    ],
)
def test_the_interval_is_the_shortest_time_between_due_times(
    schedule: schedules.Schedule, interval: timedelta | None
) -> None:
    assert schedules.find_shortest_interval(schedule, datetime(2026, 1, 1, tzinfo=UTC)) == interval
    assert shortest_interval_ms(schedules.schedule_to_document(schedule), NOW) == (interval and interval // MILLISECOND)


@pytest.mark.parametrize(
    "stored",
    [
        None,
        {},
        {"kind": "every"},
        {"kind": "cron", "expression": "x", "time_zone": "UTC"},
        {"kind": "cron", "expression": "* * * * *", "time_zone": "Atlantis"},
    ],
)
def test_a_schedule_that_cannot_be_read_has_no_interval(stored: dict[str, object] | None) -> None:
    assert shortest_interval_ms(stored, NOW) is None
