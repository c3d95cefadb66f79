"""Short attempts, and rates as buckets."""

import pytest

from tocsin.dispatch.limits import MAX_BORROWED_SECONDS, ProcessLimits, attempt_bucket

NOW = 1_800_000_000_000.0


@pytest.mark.parametrize(
    ("host", "timeout", "is_short"),
    [
        ("a:80", MAX_BORROWED_SECONDS, True),
        ("a:80", MAX_BORROWED_SECONDS + 1, False),
        ("a:80", None, True),  # the default timeout applies
        (None, 1, False),  # it may wait before its timeout starts
    ],
)
def test_an_attempt_is_short_if_its_call_must_end_soon(host: str | None, timeout: float | None, is_short: bool) -> None:
    run: dict[str, object] = {"host": host, "timeout": timeout}
    assert ProcessLimits(default_timeout=10.0).is_short(run) is is_short  # type: ignore[arg-type]  # part of a run


def test_a_long_default_timeout_makes_attempts_long() -> None:
    run: dict[str, object] = {"host": "a:80", "timeout": None}
    assert not ProcessLimits(default_timeout=60.0).is_short(run)  # type: ignore[arg-type]  # part of a run


@pytest.mark.parametrize(("rate", "burst"), [(0.5, 1), (1, 1), (60, 1), (120, 2), (6000, 100)])
def test_a_rate_allows_a_burst_of_one_seconds_worth_and_at_least_one_attempt(rate: float, burst: int) -> None:
    bucket, full_at, admitted = attempt_bucket(rate), 0.0, 0
    while not bucket.seconds_until(full_at, 1, NOW):
        full_at, admitted = bucket.after_taking(full_at, 1, NOW), admitted + 1
    assert admitted == burst
    assert bucket.seconds_until(full_at, 1, NOW) == pytest.approx(60 / rate)
