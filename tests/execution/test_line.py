"""In hand: no host gets too many at once, owners take turns, nothing is forgotten."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import EPOCH
from tocsin.documents import Doc
from tocsin.execution.line import Line


@dataclass(eq=False)
class Standing:
    run: Doc


def standing(owner: str, host: str | None, number: int = 0) -> Standing:
    return Standing({"_id": f"{owner}/{host}/{number}", "owner": owner, "host": host})


def test_a_host_at_its_limit_holds_up_nobody_else() -> None:
    line: Line[Standing] = Line(2)
    for number in range(5):
        line.add(standing("alice", "slow:80", number))
    line.add(standing("alice", "quick:80"))
    got = [line.pop() for _ in range(4)]
    assert [each and each.run["host"] for each in got] == ["slow:80", "slow:80", "quick:80", None]
    assert got[0] is not None
    line.ended(got[0].run)
    again = line.pop()
    assert again is not None
    assert again.run["_id"] == "alice/slow:80/2"
    assert line.pop() is None
    assert len(line) == 2


def test_what_one_owner_sends_to_one_host_can_be_taken_back() -> None:
    line: Line[Standing] = Line(1)
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
    line: Line[Standing] = Line(9)
    for number, priority in enumerate((0, 5, -5)):
        one = standing("alice", "a:1", number)
        one.run |= {"queued_at": EPOCH, "priority": priority}
        line.add(one)
    got = [line.pop() for _ in range(3)]
    assert [each and each.run["priority"] for each in got] == [5, 0, -5]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(("alice", "bob", "carol")), st.sampled_from(("a:1", "b:1", None))),
        st.tuples(st.sampled_from(("pop", "end")), st.integers(0, 9), st.none()),
    ),
    max_size=80,
)


@given(steps=steps, limit=st.integers(1, 3))
def test_limits_hold_and_nothing_is_lost(steps: list[tuple[str, object, str | None]], limit: int) -> None:
    line: Line[Standing] = Line(limit)
    waiting: list[Standing] = []
    running: list[Standing] = []
    for number, (step, which, host) in enumerate(steps):
        if step == "add":
            waiting.append(standing(str(which), host, number))
            line.add(waiting[-1])
        elif step == "pop":
            calling = Counter(each.run["host"] for each in running)
            free = [each for each in waiting if each.run["host"] is None or calling[each.run["host"]] < limit]
            got = line.pop()
            assert (got is None) == (not free)  # work is begun whenever it may
            if got is not None:
                assert got in free
                waiting.remove(got)
                running.append(got)
        elif running and isinstance(which, int):
            line.ended(running.pop(which % len(running)).run)
    assert len(line) == len(waiting)
    while running or waiting:
        while (got := line.pop()) is not None:
            waiting.remove(got)
            running.append(got)
        assert running
        line.ended(running.pop().run)
