"""Limits of queues and hosts: never exceeded, from any thread, nor by all workers together."""

import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import EPOCH
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.limits import ProcessLimits, QueueLimits
from tocsin.dispatch.refusal import SETTINGS_CHANGED
from tocsin.documents import WaitingFor
from tocsin.security import gcra

NOW = EPOCH + timedelta(days=20_000)


def run(number: int, queue: str = "default", host: str | None = None, owner: str = "alice") -> Any:
    lane = f"{queue}|{owner}|{host}"
    return {"_id": f"{owner}/{number}", "owner": owner, "queue": queue, "host": host, "fence": 0, "lane": lane}


def claimed(one: Any) -> Any:
    return one | {"fence": one["fence"] + 1}


def limiter_with(queue_limits: dict[str, QueueLimits] | None = None) -> RunLimiter:
    limiter = RunLimiter(ProcessLimits(host_concurrency=100, owner_share=1.0))
    limiter.set_queue_limits(queue_limits or {})
    return limiter


def test_a_queue_admits_runs_up_to_its_concurrency_and_more_when_some_have_ended() -> None:
    limiter = limiter_with({"q": QueueLimits(concurrency=2)})
    assert [limiter.try_acquire(run(number, "q"), NOW) for number in range(3)] == [None, None, WaitingFor.QUEUE_LIMIT]
    assert limiter.try_acquire(run(9, "other"), NOW) is None
    limiter.release(claimed(run(0, "q")))
    limiter.release(claimed(run(0, "q")))  # a second time changes nothing
    assert limiter.try_acquire(run(2, "q"), NOW) is None
    assert limiter.try_acquire(run(3, "q"), NOW) is WaitingFor.QUEUE_LIMIT


def test_the_rates_of_hosts_called_long_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcra, "PRUNED_SIZE", 10)
    limiter = RunLimiter(ProcessLimits(host_rate=60))
    for number in range(100):
        one = run(number, host=f"h{number}.example:80")
        assert limiter.try_acquire(one, NOW + timedelta(seconds=number)) is None
        limiter.release(claimed(one))
    assert len(limiter._rates) <= 11


def test_a_paused_queue_admits_nothing_until_it_is_resumed() -> None:
    limiter = limiter_with({"q": QueueLimits(paused=True)})
    assert limiter.try_acquire(run(1, "q"), NOW) is limiter.find_refusal(run(1, "q"), NOW) is WaitingFor.QUEUE_PAUSED
    assert limiter.set_queue_limits({"q": QueueLimits()})
    assert not limiter.set_queue_limits({"q": QueueLimits()})
    assert limiter.try_acquire(run(1, "q"), NOW) is None


def admitted(limiter: RunLimiter, runs: list[Any]) -> int:
    return sum(limiter.try_acquire(run, NOW) is None for run in runs)


def test_no_owner_fills_the_prefetch_room() -> None:
    limiter = RunLimiter(ProcessLimits(concurrency=10, prefetch=100))
    long = [run(number, host=f"{number}.test:80") | {"timeout": 3600.0} for number in range(200)]
    assert admitted(limiter, long) == 5 + 50  # half of the places, and half of the prefetch room
    assert limiter.find_refusal(long[-1], NOW) is WaitingFor.OWNER_SHARE
    assert admitted(limiter, [run(number, owner="bob") for number in range(200)]) == 4 + 50


@given(st.integers(0, 12), st.integers(1, 4), st.integers(1, 3))
def test_at_most_the_prefetch_waits_and_all_places_are_taken(prefetch: int, concurrency: int, owners: int) -> None:
    limiter = RunLimiter(ProcessLimits(concurrency=concurrency, prefetch=prefetch, owner_share=1.0))
    runs = [run(number, host="a:80", owner=f"{number % owners}") for number in range(40)]
    taken = [one for one in runs if limiter.try_acquire(one, NOW) is None]
    waiting = sum(not limiter.is_ready(one) for one in taken)
    assert len(taken) - waiting == concurrency
    assert waiting == min(prefetch, owners * ((prefetch + 1) // 2))  # half of the room for an owner
    for ended in taken[:concurrency]:
        limiter.mark_started(claimed(ended))
        limiter.mark_ended(claimed(ended))
    later = [run(number, host="a:80", owner="late") for number in range(100, 100 + concurrency)]
    assert admitted(limiter, later) >= concurrency  # a full buffer keeps nobody from a free place


def test_a_prefetch_of_one_is_used_by_one_owner_with_one_host() -> None:
    limiter = RunLimiter(ProcessLimits(concurrency=2, prefetch=1, owner_share=1.0))
    assert admitted(limiter, [run(number, host="a:80") for number in range(9)]) == 2 + 1
    limiter = RunLimiter(ProcessLimits(concurrency=2, prefetch=0, owner_share=1.0))
    assert admitted(limiter, [run(number, host="a:80") for number in range(9)]) == 2


def test_a_flood_of_one_priority_leaves_room_for_another_priority_of_its_owner() -> None:
    limiter = RunLimiter(ProcessLimits(concurrency=2, prefetch=100, owner_share=1.0))
    assert admitted(limiter, [run(number, host="a:80") for number in range(200)]) == 2 + 44
    assert admitted(limiter, [run(200 + number, host="a:80") | {"priority": 5} for number in range(200)]) == 6


def test_a_run_without_a_place_is_claimed_ahead_only_while_attempts_start() -> None:
    limiter = RunLimiter(ProcessLimits(concurrency=2, prefetch=100, owner_share=1.0))
    runs = [run(number, host="a:80") for number in range(9)]
    assert admitted(limiter, runs[:4]) == 4
    assert [limiter.is_ready(one) for one in runs[:4]] == [True, True, False, False]
    for one in runs[:2]:
        limiter.mark_started(claimed(one))
    for _ in range(4):
        limiter.advance_tick()
    assert limiter.try_acquire(runs[5], NOW) is WaitingFor.CONCURRENCY  # nothing has started recently
    limiter.mark_ended(claimed(runs[0]))
    limiter.mark_started(claimed(runs[2]))
    assert limiter.try_acquire(runs[5], NOW) is WaitingFor.CONCURRENCY  # one has started, and one is waiting
    limiter.mark_ended(claimed(runs[1]))
    limiter.mark_started(claimed(runs[3]))
    assert limiter.try_acquire(runs[5], NOW) is None
    assert not limiter.is_ready(runs[5])
    assert limiter.max_waiting("alice", "a:80") == (2, 2)


def test_a_queue_and_a_host_are_shared_too() -> None:
    limiter = RunLimiter(ProcessLimits(host_concurrency=4))
    limiter.set_queue_limits({"q": QueueLimits(concurrency=4)})
    long = [run(number, "q") | {"timeout": 3600.0} for number in range(4)]
    assert [limiter.try_acquire(one, NOW) for one in long] == [
        None,
        None,
        WaitingFor.QUEUE_LIMIT,
        WaitingFor.QUEUE_LIMIT,
    ]
    assert limiter.find_refusal(long[3], NOW) is WaitingFor.OWNER_SHARE
    assert limiter.try_acquire(run(1, "q", owner="bob"), NOW) is None
    to_host = [run(number + 10, host="a:80") | {"timeout": 3600.0} for number in range(4)]
    assert admitted(limiter, to_host) == 4
    assert [limiter.is_ready(one) for one in to_host] == [True, True, False, False]
    assert limiter.is_ready(run(11, host="a:80", owner="bob"))


def test_a_new_run_does_not_overtake_waiting_runs_of_its_lane() -> None:
    limiter = limiter_with()
    limiter.contended_lanes.add(run(1, host="a:80")["lane"])
    assert limiter.is_contended
    assert limiter.try_acquire(run(2, host="a:80"), NOW, is_new=True) is WaitingFor.CONCURRENCY
    assert limiter.try_acquire(run(2, host="b:80"), NOW, is_new=True) is None
    assert limiter.try_acquire(run(1, host="a:80"), NOW) is None


def test_an_open_circuit_admits_only_its_probe() -> None:
    limiter = limiter_with()
    limiter.block_circuit("alice", "a:80", "alice/1")
    limiter.block_circuit("alice", "b:80", None)
    assert limiter.try_acquire(run(2, host="a:80"), NOW) is WaitingFor.CIRCUIT_OPEN
    assert limiter.try_acquire(run(1, host="a:80"), NOW) is None
    assert limiter.try_acquire(run(3, host="b:80"), NOW) is WaitingFor.CIRCUIT_OPEN
    assert limiter.try_acquire(run(3, host="a:80", owner="bob"), NOW) is None


@given(rate=st.integers(1, 6000), waits=st.lists(st.integers(0, 3_000), min_size=1, max_size=200))
def test_a_rate_is_never_exceeded(rate: int, waits: list[int]) -> None:
    """In any minute, at most the rate plus the initial burst of one second's worth."""
    limiter, now, begun = limiter_with({"q": QueueLimits(rate=rate)}), NOW, list[datetime]()
    for number, wait in enumerate(waits):
        now += timedelta(milliseconds=wait)
        if limiter.try_acquire(run(number, "q"), now) is None:
            begun.append(now)
        else:
            assert limiter.pop_wait_ms() > 0
    burst = max(1.0, rate / 60)
    for first in begun:
        within = [moment for moment in begun if first <= moment < first + timedelta(minutes=1)]
        assert len(within) <= rate + burst


def test_a_limit_holds_for_all_threads_together() -> None:
    limiter, inside, most = limiter_with({"q": QueueLimits(concurrency=7)}), Counter[str](), list[int]()

    def admit_and_release(name: int) -> None:
        for number in range(200):
            one = run(name * 1000 + number, "q")
            if limiter.try_acquire(one, NOW) is None:
                inside["now"] += 1
                most.append(len(limiter._admitted))
                limiter.release(claimed(one))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(admit_and_release, range(8)))
    assert max(most) <= 7
    assert limiter._admitted.tallies == {}
    assert limiter.free_places() == limiter.limits.concurrency


def test_a_heartbeat_without_a_change_ends_no_refusal() -> None:
    limiter = limiter_with()
    for is_first in (True, False):
        limiter.set_process_count(2)
        assert limiter.pop_events() == ({SETTINGS_CHANGED} if is_first else set())
    limiter.begin_sharing()
    limiter.pop_events()
    for expected in ({SETTINGS_CHANGED}, set()):  # the second time, it was alone already
        limiter.end_sharing(math.inf)
        assert limiter.pop_events() == expected
    limiter.end_sharing(0.0)
    limiter.pop_events()
    limiter.end_sharing(math.inf)
    assert limiter.pop_events() == {SETTINGS_CHANGED}  # runs were refused after that time
