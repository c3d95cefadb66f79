"""The attempts of the last minute are counted by queue and owner."""

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import EPOCH
from tocsin.execution.throughput import Throughput

NOW = EPOCH + timedelta(days=20_000)
SECOND = timedelta(seconds=1)


def run(owner: str = "alice", queue: str | None = "q") -> Any:
    return {"owner": owner, "queue": queue}


def test_attempts_are_counted_by_queue_and_owner_most_first() -> None:
    throughput = Throughput()
    for one in (run("alice"), run("bob"), run("alice"), run("bob", "r"), run("bob"), run("bob")):
        throughput.record_attempt(one, NOW)
    assert throughput.count_last_minute(NOW) == [["q", "bob", 3], ["q", "alice", 2], ["r", "bob", 1]]


def test_a_run_without_a_queue_counts_in_the_default_one() -> None:
    throughput = Throughput()
    throughput.record_attempt(run(queue=None), NOW)
    assert throughput.count_last_minute(NOW) == [["default", "alice", 1]]


@given(waits=st.lists(st.integers(0, 40), min_size=1, max_size=40))
def test_an_attempt_counts_for_fifty_to_sixty_seconds(waits: list[int]) -> None:
    throughput, now, times = Throughput(), NOW, []
    for wait in waits:
        now += wait * SECOND
        throughput.record_attempt(run(), now)
        times.append(now)
        (_, _, count), *_ = throughput.count_last_minute(now)
        ages = Counter("new" if now - time < 50 * SECOND else "old" for time in times if now - time < 60 * SECOND)
        assert isinstance(count, int)
        assert ages["new"] <= count <= ages.total()


def test_only_the_last_minute_is_kept() -> None:
    throughput = Throughput()
    for seconds in range(0, 3600, 5):
        throughput.record_attempt(run(), NOW + seconds * SECOND)
    assert len(throughput._slices) <= 7
    assert throughput.count_last_minute(NOW + timedelta(hours=2)) == []


def test_attempts_of_the_future_do_not_count_after_the_clock_was_set_back() -> None:
    throughput = Throughput()
    throughput.record_attempt(run(), NOW + timedelta(hours=1))
    assert throughput.count_last_minute(NOW) == []
