"""The ready queue: limits of hosts and owners hold, owners take turns, no run is lost."""

import asyncio
from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import EPOCH
from tocsin.dispatch.limits import ProcessLimits
from tocsin.dispatch.owner_share import get_owner_share
from tocsin.dispatch.ready_queue import ClaimedRun, ReadyQueue

OWNERS = ("alice", "bob", "carol", "dave", "erin")
UNSHARED = ProcessLimits(owner_share=1.0)


def waiting_run(owner: str, host: str | None, number: int = 0, timeout: float | None = None) -> ClaimedRun:
    run: Any = {"_id": f"{owner}/{host}/{number}", "owner": owner, "host": host, "timeout": timeout}
    return ClaimedRun(run, claimed_at=0.0)


def test_a_host_at_its_limit_delays_no_other_host() -> None:
    ready_queue = ReadyQueue(UNSHARED, 2)
    for number in range(5):
        ready_queue.push(waiting_run("alice", "slow:80", number))
    ready_queue.push(waiting_run("alice", "quick:80"))
    got = [ready_queue.pop() for _ in range(4)]
    assert [each and each.run["host"] for each in got] == ["slow:80", "quick:80", "slow:80", None]
    assert got[0] is not None
    ready_queue.finish_attempt(got[0].run)
    again = ready_queue.pop()
    assert again is not None
    assert again.run["_id"] == "alice/slow:80/2"
    assert ready_queue.pop() is None
    assert len(ready_queue) == 2


def test_the_runs_of_one_owner_to_one_host_can_be_withdrawn() -> None:
    ready_queue = ReadyQueue(UNSHARED, 1)
    for number in range(3):
        ready_queue.push(waiting_run("alice", "a:1", number))
        ready_queue.push(waiting_run("bob", "a:1", number))
    first = ready_queue.pop()
    assert first is not None
    assert ready_queue.pop() is None
    assert len(ready_queue.withdraw(("bob", "a:1"))) == 3
    ready_queue.finish_attempt(first.run)
    assert len(ready_queue) == 2
    assert ready_queue.pop() is not None
    assert [each.run["owner"] for each in ready_queue.withdraw()] == ["alice"]
    assert len(ready_queue) == 0


def test_in_a_lane_a_higher_priority_goes_first() -> None:
    ready_queue = ReadyQueue(UNSHARED, 9)
    for number, priority in enumerate((0, 5, -5)):
        one = waiting_run("alice", "a:1", number)
        one.run |= {"queued_at": EPOCH, "priority": priority}
        ready_queue.push(one)
    got = [ready_queue.pop() for _ in range(3)]
    assert [each and each.run["priority"] for each in got] == [5, 0, -5]


def popped(ready_queue: ReadyQueue) -> list[str]:
    """Return the owners of all runs that may start now."""
    got = []
    while (one := ready_queue.pop()) is not None:
        got.append(one.run["owner"])
    return got


def test_an_owner_leaves_places_to_others_and_goes_on_as_its_attempts_end() -> None:
    ready_queue = ReadyQueue(ProcessLimits(concurrency=16), 1_000)
    long = [waiting_run("alice", f"{number}:1", number, timeout=3600) for number in range(20)]
    for one in long:
        ready_queue.push(one)
    assert popped(ready_queue) == ["alice"] * 8
    for number in range(9):
        ready_queue.push(waiting_run("bob", "b:1", number))
    assert popped(ready_queue) == ["bob"] * 6  # two are left for owners without any
    ready_queue.push(waiting_run("carol", "a:1"))
    assert popped(ready_queue) == ["carol"]
    ready_queue.finish_attempt(long[0].run)
    assert popped(ready_queue) == []
    ready_queue.finish_attempt(waiting_run("bob", "b:1").run)
    assert sorted(popped(ready_queue)) in (["alice"], ["bob"])


async def test_the_end_of_an_attempt_wakes_an_idle_worker_only_for_a_run_that_may_start() -> None:
    ready_queue = ReadyQueue(UNSHARED, 1)
    first, second = waiting_run("alice", "a:1", 1), waiting_run("bob", "a:1", 2)
    ready_queue.push(first)
    assert ready_queue.pop() is first
    idle = asyncio.ensure_future(ready_queue.get())
    await asyncio.sleep(0)
    ready_queue.push(second)
    await asyncio.sleep(0)
    (turn,) = ready_queue._idle_workers
    ready_queue.finish_attempt(first.run)
    assert turn.done()
    assert await idle is second
    idle = asyncio.ensure_future(ready_queue.get())
    await asyncio.sleep(0)
    (turn,) = ready_queue._idle_workers
    ready_queue.finish_attempt(second.run)
    assert not turn.done()
    idle.cancel()


def test_many_owners_who_wait_for_a_host_get_its_places_in_turn() -> None:
    ready_queue, names = ReadyQueue(UNSHARED, 2), [f"owner{number}" for number in range(50)]
    for number in range(3):
        for owner in names:
            ready_queue.push(waiting_run(owner, "a:1", number))
    started = [item for item in (ready_queue.pop(), ready_queue.pop()) if item is not None]
    for _ in range(2 * len(names)):
        assert ready_queue.pop() is None
        ready_queue.finish_attempt(started[-2].run)
        started += [item] if (item := ready_queue.pop()) is not None else []
    assert len(started) == 2 + 2 * len(names)
    counts = Counter(item.run["owner"] for item in started)
    assert set(counts) == set(names)
    assert max(counts.values()) <= min(counts.values()) + 2


def test_a_place_that_is_offered_to_an_owner_of_many_targets_is_used_in_its_next_turn() -> None:
    ready_queue = ReadyQueue(UNSHARED, 1)
    calling = waiting_run("carol", "a:1")
    ready_queue.push(calling)
    assert ready_queue.pop() is calling
    for owner in ("alice", "bob"):
        ready_queue.push(waiting_run(owner, "a:1"))
        assert ready_queue.pop() is None
    for number in range(50):
        ready_queue.push(waiting_run("alice", None if number == 0 else f"host{number}:1"))
    ready_queue.finish_attempt(calling.run)
    started = ready_queue.pop()
    assert started is not None
    assert started.run["_id"] == "alice/a:1/0"
    ready_queue.finish_attempt(started.run)
    assert "bob" in [item.run["owner"] for item in (ready_queue.pop(), ready_queue.pop()) if item is not None]


def test_an_owner_without_attempts_left_may_start_besides_the_next_in_line() -> None:
    ready_queue = ReadyQueue(ProcessLimits(), 8)
    first = waiting_run("alice", "a:1", 1)
    for item in (first, *(waiting_run(owner, "a:1", number) for number in range(3) for owner in ("bob", "carol"))):
        ready_queue.push(item)
    for number in range(5):  # so that her turn comes after bob's
        ready_queue.push(waiting_run("alice", None, number))
    assert len(popped(ready_queue)) == 12
    ready_queue.push(waiting_run("bob", "a:1", 4))
    assert popped(ready_queue) == []  # one place is left for owners without any
    ready_queue.push(waiting_run("alice", "a:1", 2))
    assert popped(ready_queue) == []
    ready_queue.finish_attempt(first.run)
    assert popped(ready_queue) == ["bob", "alice"]


def test_a_place_goes_to_the_next_in_line_if_the_first_cannot_use_it() -> None:
    limits = ProcessLimits(concurrency=10)
    for case in ("is over its share", "was over its share before", "is withdrawn"):
        ready_queue = ReadyQueue(limits, 1)
        calling = waiting_run("carol", "a:1")
        for item in (calling, *(waiting_run("alice", None, number) for number in range(5))):
            ready_queue.push(item)
        assert len(popped(ready_queue)) == 6
        ready_queue.push(waiting_run("alice", "a:1", timeout=3600))
        assert popped(ready_queue) == []
        if case == "was over its share before":
            ready_queue.push(waiting_run("alice", None, 6))
        ready_queue.push(waiting_run("bob", "a:1"))
        assert popped(ready_queue) == []
        ready_queue.finish_attempt(calling.run)
        if case == "is withdrawn":
            assert len(ready_queue.withdraw(("alice", "a:1"))) == 1
        assert popped(ready_queue) == ["bob"], case


def test_a_single_run_can_be_removed() -> None:
    ready_queue = ReadyQueue(UNSHARED, 9)
    one, two = waiting_run("alice", "a:1", 1), waiting_run("alice", "a:1", 2)
    ready_queue.push(one)
    ready_queue.push(two)
    assert [ready_queue.remove(one), ready_queue.remove(one)] == [True, False]
    assert ready_queue.pop() is two
    assert not ready_queue.remove(two)
    assert (ready_queue.pop(), len(ready_queue)) == (None, 0)


def test_runs_claimed_earlier_than_others_are_late_beyond_the_number_allowed() -> None:
    ready_queue = ReadyQueue(UNSHARED, 0)
    for number in range(6):
        ready_queue.push(waiting_run("alice", "a:1", number))
        ready_queue.push(waiting_run("alice", "b:1", number))
    fresh = waiting_run("alice", "b:1", 9)
    fresh.claimed_at = 5.0
    ready_queue.push(fresh)
    assert ready_queue.withdraw_late(0.0, lambda _: (0, 0)) == []
    assert len(ready_queue.withdraw_late(3.0, lambda lane: (7, 4 if lane[1] == "a:1" else 9))) == 6
    assert len(ready_queue) == 7
    assert len(ready_queue.withdraw_late(6.0, lambda _: (0, 0))) == 7
    assert (len(ready_queue), ready_queue.pop()) == (0, None)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(OWNERS), st.sampled_from(("a:1", "b:1", None))),
        st.tuples(st.sampled_from(("pop", "end", "remove", "withdraw")), st.integers(0, 9), st.none()),
    ),
    max_size=100,
)


@given(steps=steps, limit=st.integers(1, 5), places=st.integers(1, 9), part=st.sampled_from((0.25, 0.5, 1.0)))
def test_limits_hold_and_no_run_is_lost(  # noqa: C901  one branch for each step
    steps: list[tuple[str, object, str | None]], limit: int, places: int, part: float
) -> None:
    ready_queue = ReadyQueue(ProcessLimits(concurrency=places, owner_share=part), limit)
    waiting: list[ClaimedRun] = []
    running: list[ClaimedRun] = []

    def may_begin(one: ClaimedRun) -> bool:
        owner, host = one.run["owner"], one.run["host"]
        owners = Counter(each.run["owner"] for each in running)
        calls = Counter((each.run["owner"], each.run["host"]) for each in running)
        calling = Counter(each.run["host"] for each in running)
        short = host is not None
        free = get_owner_share(places, part).can_take(owners[owner], len(running), short=short)
        to_host = get_owner_share(limit, part).can_take(calls[owner, host], calling[host], short=short)
        return free and (host is None or to_host)

    for number, (step, which, host) in enumerate(steps):
        if step == "add":
            waiting.append(waiting_run(str(which), host, number))
            ready_queue.push(waiting[-1])
        elif step == "remove" and waiting and isinstance(which, int):
            assert ready_queue.remove(waiting.pop(which % len(waiting)))
        elif step == "withdraw" and waiting and isinstance(which, int):
            run = waiting[which % len(waiting)].run
            for withdrawn in ready_queue.withdraw((run["owner"], run["host"])):
                waiting.remove(withdrawn)
        elif step == "pop" and len(running) < places:
            free = [each for each in waiting if may_begin(each)]
            got = ready_queue.pop()
            if got is not None:
                assert got in free
                waiting.remove(got)
                running.append(got)
            else:
                assert all(each.run["host"] is None or _waits_behind(each, waiting) for each in free)
        elif step == "end" and running and isinstance(which, int):
            ready_queue.finish_attempt(running.pop(which % len(running)).run)
    assert len(ready_queue) == len(waiting)
    while running or waiting:
        while len(running) < places and (got := ready_queue.pop()) is not None:
            waiting.remove(got)
            running.append(got)
        assert running
        ready_queue.finish_attempt(running.pop().run)


def _waits_behind(one: ClaimedRun, waiting: list[ClaimedRun]) -> bool:
    """A run may wait for another of the same owner that goes first and takes longer."""
    return any(each.run["owner"] == one.run["owner"] and each.run["host"] is None for each in waiting)
