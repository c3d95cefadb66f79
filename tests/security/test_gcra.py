from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.security import gcra
from tocsin.security.gcra import SKEW, Bucket, Buckets, bucket_id, network_key

T0 = 1_795_000_000_000.0
STEPS = st.lists(st.tuples(st.integers(0, 90_000), st.integers(1, 60)), max_size=60)


class Leaking:
    """A leaky bucket in exact numbers, as the obvious model."""

    def __init__(self, capacity: int, period: int) -> None:
        self.capacity, self.rate, self.level = capacity, Fraction(capacity, period * 1000), Fraction(0)

    def pass_by(self, milliseconds: int) -> None:
        self.level = max(self.level - milliseconds * self.rate, Fraction(0))

    def wait(self, points: int) -> Fraction:
        return max((self.level + points - self.capacity) / self.rate, Fraction(0))


@given(st.sampled_from([(60, 60), (10, 60), (20, 900), (6000, 60)]), STEPS)
def test_a_bucket_gives_what_the_obvious_model_gives(kind: tuple[int, int], steps: list[tuple[int, int]]) -> None:
    capacity, period = kind
    bucket, model, now, full_at = Bucket("x", capacity, period), Leaking(*kind), T0, 0.0
    for pause, points in steps:
        now += pause
        model.pass_by(pause)
        if points > capacity:
            assert bucket.seconds_until(full_at, points, now) == float("inf")
            continue
        wait = bucket.seconds_until(full_at, points, now)
        assert abs(wait * 1000 - float(model.wait(points))) < 0.02
        assert abs(bucket.remaining_points(full_at, now) - float(capacity - model.level)) < 0.01
        if wait == 0:
            full_at = max(full_at, now) + bucket.refill_time(points)
            model.level += points


@given(STEPS, st.integers(1, 60))
def test_a_caller_that_waited_as_long_as_required_is_not_refused(steps: list[tuple[int, int]], points: int) -> None:
    bucket, now, full_at = Bucket("x", 60, 7), T0, 0.0
    for pause, taken in steps:
        now += pause
        if bucket.seconds_until(full_at, taken, now) == 0:
            full_at = max(full_at, now) + bucket.refill_time(taken)
    wait = bucket.seconds_until(full_at, points, now)
    assert bucket.seconds_until(full_at, points, now + wait * 1000) == 0
    if wait > 0.001:
        assert bucket.seconds_until(full_at, points, now + wait * 1000 - 1) > 0


def test_an_ipv6_customer_is_one_caller() -> None:
    assert network_key("2001:db8:1:2:3:4:5:6") == network_key("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert network_key("2001:db8:1:3::1") != network_key("2001:db8:1:2::1")
    assert network_key("::ffff:192.0.2.7") == network_key("192.0.2.7") == "192.0.2.7"
    assert network_key("fe80::1%eth0") == "fe80::/64"
    assert network_key("") == network_key("a socket without an address") == "unknown"


def test_a_bucket_id_tells_nothing_of_what_was_typed() -> None:
    bucket = Bucket("logIn/account", 10, 60)
    assert "hunter2" not in bucket_id(bucket, "hunter2")
    assert bucket_id(bucket, "a") != bucket_id(bucket, "b")
    assert bucket_id(bucket, "\ud800").startswith("logIn/account:")


@given(st.integers(1, 60), st.integers(-500, 500))
def test_a_state_further_ahead_than_clocks_differ_counts_as_full(points: int, excess: int) -> None:
    """Such a state was written before a clock was set back. It holds nobody up."""
    bucket = Bucket("x", 60, 60, skew=1000)
    full_at = bucket.latest_valid_time(T0) + excess
    if excess > 0:
        assert bucket.seconds_until(full_at, points, T0) == 0
        assert bucket.remaining_points(full_at, T0) == 60
        assert bucket.after_taking(full_at, points, T0) == T0 + points * 1000
    else:
        assert bucket.seconds_until(full_at, points, T0) > 0
        assert bucket.remaining_points(full_at, T0) == 0
        assert bucket.after_taking(full_at, points, T0) == full_at + points * 1000


def test_clocks_may_differ_by_as_much_as_the_bucket_says() -> None:
    assert Bucket("x", 60, 60).latest_valid_time(T0) == T0 + 60_000 + SKEW
    assert Bucket("x", 60, 60, skew=5).latest_valid_time(T0) == T0 + 60_005


def test_each_key_has_a_bucket_and_a_key_without_a_limit_has_none() -> None:
    buckets = Buckets[str]({"a": Bucket("a", 1, 60), "b": Bucket("b", 2, 60)}.get)
    for key in ("a", "b", "unlimited"):
        buckets.take(key, T0)
    assert [buckets.seconds_until(key, T0) for key in ("a", "b", "unlimited")] == [60, 0, 0]
    assert len(buckets) == 2


@pytest.mark.parametrize("pause", [100, -100_000])
def test_buckets_that_are_full_again_are_forgotten_also_after_a_clock_was_set_back(
    monkeypatch: pytest.MonkeyPatch, pause: int
) -> None:
    monkeypatch.setattr(gcra, "PRUNED_SIZE", 100)
    buckets = Buckets[int](lambda _: Bucket("x", 60, 60))
    for number in range(1000):
        buckets.take(number, T0 + number * pause)
    assert len(buckets) <= 101
    now = T0 + 999 * pause
    buckets.take(999, now)
    assert buckets.seconds_until(999, now) == 0
    for _ in range(58):
        buckets.take(999, now)
    assert buckets.seconds_until(999, now) == pytest.approx(1)


def test_buckets_in_use_are_never_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcra, "PRUNED_SIZE", 10)
    buckets = Buckets[int](lambda _: Bucket("x", 1, 60))
    for number in range(100):
        buckets.take(number, T0 + number)
    assert len(buckets) == 100
    assert all(buckets.seconds_until(number, T0 + 100) > 0 for number in range(100))
