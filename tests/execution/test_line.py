"""The ready queue: limits of hosts and owners hold, owners take turns, no run is lost."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import EPOCH
from tocsin.documents import Doc
from tocsin.execution.line import Line
from tocsin.execution.share import Limits, share_of

UNSHARED = Limits(owner_share=1.0)


@dataclass(eq=False)
class Standing:
    run: Doc
    since: float = 0.0


def standing(owner: str, host: str | None, number: int = 0, timeout: float | None = None) -> Standing:
    return Standing({"_id": f"{owner}/{host}/{number}", "owner": owner, "host": host, "timeout": timeout})


def test_a_host_at_its_limit_holds_up_nobody_else() -> None:
    line: Line[Standing] = Line(UNSHARED, 2)
    for number in range(5):
        line.add(standing("alice", "slow:80", number))
    line.add(standing("alice", "quick:80"))
    got = [line.pop() for _ in range(4)]
    assert [each and each.run["host"] for each in got] == ["slow:80", "quick:80", "slow:80", None]
    assert got[0] is not None
    line.ended(got[0].run)
    again = line.pop()
    assert again is not None
    assert again.run["_id"] == "alice/slow:80/2"
    assert line.pop() is None
    assert len(line) == 2


def test_what_one_owner_sends_to_one_host_can_be_taken_back() -> None:
    line: Line[Standing] = Line(UNSHARED, 1)
    for number in range(3):
        line.add(standing("alice", "a:1", number))
        line.add(standing("bob", "a:1", number))
    first = line.pop()
    assert first is not None
    assert line.pop() is None
    assert len(line.withdraw(("bob", "a:1"))) == 3
    line.ended(first.run)
    assert len(line) == 2
    assert line.pop() is not None
    assert [each.run["owner"] for each in line.withdraw()] == ["alice"]
    assert len(line) == 0


def test_in_a_lane_a_higher_priority_goes_first() -> None:
    line: Line[Standing] = Line(UNSHARED, 9)
    for number, priority in enumerate((0, 5, -5)):
        one = standing("alice", "a:1", number)
        one.run |= {"queued_at": EPOCH, "priority": priority}
        line.add(one)
    got = [line.pop() for _ in range(3)]
    assert [each and each.run["priority"] for each in got] == [5, 0, -5]


def popped(line: Line[Standing]) -> list[str]:
    """Return the owners of all runs that may start now."""
    got = []
    while (one := line.pop()) is not None:
        got.append(one.run["owner"])
    return got


def test_an_owner_leaves_places_to_others_and_goes_on_as_its_attempts_end() -> None:
    line: Line[Standing] = Line(Limits(concurrency=16), 1_000)
    long = [standing("alice", f"{number}:1", number, timeout=3600) for number in range(20)]
    for one in long:
        line.add(one)
    assert popped(line) == ["alice"] * 8
    for number in range(9):
        line.add(standing("bob", "b:1", number))
    assert popped(line) == ["bob"] * 6  # two are left for owners without any
    line.add(standing("carol", "a:1"))
    assert popped(line) == ["carol"]
    line.ended(long[0].run)
    assert popped(line) == []
    line.ended(standing("bob", "b:1").run)
    assert sorted(popped(line)) in (["alice"], ["bob"])


def test_one_of_them_can_be_taken_back() -> None:
    line: Line[Standing] = Line(UNSHARED, 9)
    one, two = standing("alice", "a:1", 1), standing("alice", "a:1", 2)
    line.add(one)
    line.add(two)
    assert [line.remove(one), line.remove(one)] == [True, False]
    assert line.pop() is two
    assert not line.remove(two)
    assert (line.pop(), len(line)) == (None, 0)


def test_those_are_late_that_came_early_and_are_more_than_begin_in_the_time() -> None:
    line: Line[Standing] = Line(UNSHARED, 0)
    for number in range(6):
        line.add(standing("alice", "a:1", number))
        line.add(standing("alice", "b:1", number))
    fresh = standing("alice", "b:1", 9)
    fresh.since = 5.0
    line.add(fresh)
    assert line.withdraw_late(0.0, lambda _: (0, 0)) == []
    assert len(line.withdraw_late(3.0, lambda lane: (7, 4 if lane[1] == "a:1" else 9))) == 6
    assert len(line) == 7
    assert len(line.withdraw_late(6.0, lambda _: (0, 0))) == 7
    assert (len(line), line.pop()) == (0, None)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(("alice", "bob", "carol")), st.sampled_from(("a:1", "b:1", None))),
        st.tuples(st.sampled_from(("pop", "end", "remove")), st.integers(0, 9), st.none()),
    ),
    max_size=80,
)


@given(steps=steps, limit=st.integers(1, 5), places=st.integers(1, 9), part=st.sampled_from((0.25, 0.5, 1.0)))
def test_limits_hold_and_nothing_is_lost(  # noqa: C901  one branch for each step
    steps: list[tuple[str, object, str | None]], limit: int, places: int, part: float
) -> None:
    line: Line[Standing] = Line(Limits(concurrency=places, owner_share=part), limit)
    waiting: list[Standing] = []
    running: list[Standing] = []

    def may_begin(one: Standing) -> bool:
        owner, host = one.run["owner"], one.run["host"]
        owners = Counter(each.run["owner"] for each in running)
        calls = Counter((each.run["owner"], each.run["host"]) for each in running)
        calling = Counter(each.run["host"] for each in running)
        short = host is not None
        free = share_of(places, part).lets_in(owners[owner], len(running), short=short)
        to_host = share_of(limit, part).lets_in(calls[owner, host], calling[host], short=short)
        return free and (host is None or to_host)

    for number, (step, which, host) in enumerate(steps):
        if step == "add":
            waiting.append(standing(str(which), host, number))
            line.add(waiting[-1])
        elif step == "remove" and waiting and isinstance(which, int):
            assert line.remove(waiting.pop(which % len(waiting)))
        elif step == "pop" and len(running) < places:
            free = [each for each in waiting if may_begin(each)]
            got = line.pop()
            if got is not None:
                assert got in free
                waiting.remove(got)
                running.append(got)
            else:
                assert all(each.run["host"] is None or _waits_behind(each, waiting) for each in free)
        elif step == "end" and running and isinstance(which, int):
            line.ended(running.pop(which % len(running)).run)
    assert len(line) == len(waiting)
    while running or waiting:
        while len(running) < places and (got := line.pop()) is not None:
            waiting.remove(got)
            running.append(got)
        assert running
        line.ended(running.pop().run)


def _waits_behind(one: Standing, waiting: list[Standing]) -> bool:
    """A run may wait for another of the same owner that goes first and takes longer."""
    return any(each.run["owner"] == one.run["owner"] and each.run["host"] is None for each in waiting)
