"""Owners take turns, and each owner's runs go by rank: no owner starves, whoever floods."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import EPOCH
from tocsin.dispatch.backlog import Backlog, Lane
from tocsin.dispatch.selection import select_runs
from tocsin.fair_queue import FairTurns
from tocsin.tasks.ranking import PRIORITY_STEP_MS, compute_rank

OWNERS = ("alice", "bob", "carol", "dave")


def run(owner: str, number: int, rank: int = 0) -> Any:
    return {"_id": f"{owner}/{number}", "owner": owner, "rank": rank or number, "lane": f"{owner}/{number % 3}"}


def lanes_of(runs: Iterable[Any]) -> list[Lane]:
    backlog = Backlog()
    backlog.add_runs(runs)
    return list(backlog.lanes.values())


def choose(
    runs: Iterable[Any], room: int, turns: FairTurns, admit: Callable[[Any], bool]
) -> tuple[list[Any], list[Any], bool]:
    return select_runs(lanes_of(runs), room, turns, admit)


def admit_all(_: Any) -> bool:
    return True


def test_one_users_flood_delays_anothers_run_by_one() -> None:
    flood = [run("alice", number) for number in range(10_000)]
    turns = FairTurns()
    first, _, more = choose(flood, 50, turns, admit_all)
    assert more
    taken = {one["_id"] for one in first}
    rest = [one for one in flood if one["_id"] not in taken]
    second, _, _ = choose([*rest, run("bob", 99_999)], 2, turns, admit_all)
    assert "bob/99999" in [one["_id"] for one in second]


def test_an_owners_higher_priority_goes_first_until_the_lower_has_aged() -> None:
    low = {"_id": "low", "owner": "alice", "rank": compute_rank(EPOCH, 0)}
    soon = {"_id": "soon", "owner": "alice", "rank": compute_rank(EPOCH + timedelta(minutes=9), 10)}
    late = {"_id": "late", "owner": "alice", "rank": compute_rank(EPOCH + timedelta(minutes=11), 10)}
    chosen, _, _ = choose([low, soon, late], 9, FairTurns(), admit_all)
    assert [one["_id"] for one in chosen] == ["soon", "low", "late"]
    assert PRIORITY_STEP_MS == 60_000


arrivals = st.lists(
    st.tuples(st.sampled_from(OWNERS), st.integers(0, 3), st.integers(-10, 10)), min_size=1, max_size=120
)


@given(arrivals=arrivals, rooms=st.lists(st.integers(1, 5), min_size=1, max_size=10))
def test_of_other_owners_at_most_two_more_go_before_a_run_than_of_its_own(
    arrivals: list[tuple[str, int, int]], rooms: list[int]
) -> None:
    """With random arrivals and room, few later runs of others go first, whatever their priority."""
    turns = FairTurns()
    waiting: dict[str, Any] = {}
    overtaken: dict[str, Counter[str]] = {}
    look = 0
    pending = list(enumerate(arrivals))
    while pending or waiting:
        came = pending[:4]
        pending = pending[4:]
        for number, (owner, _, priority) in came:
            one = run(owner, number, rank=number * 1000 - priority * PRIORITY_STEP_MS)
            waiting[one["_id"]] = one
            overtaken[one["_id"]] = Counter()
        chosen, refused, _ = choose(waiting.values(), rooms[look % len(rooms)], turns, admit_all)
        look += 1
        assert not refused
        assert chosen  # runs never wait while there is room
        for one in chosen:
            del waiting[one["_id"]]
            for other in waiting.values():
                overtaken[other["_id"]][one["owner"]] += 1
            own = overtaken[one["_id"]][one["owner"]]
            for owner, count in overtaken[one["_id"]].items():
                if owner != one["owner"]:
                    assert count <= own + 2, (one, overtaken[one["_id"]])


@given(counts=st.lists(st.integers(1, 60), min_size=2, max_size=4), room=st.integers(1, 40))
def test_owners_get_equal_shares_while_they_have_runs(counts: list[int], room: int) -> None:
    runs = [run(owner, number) for owner, count in zip(OWNERS, counts, strict=False) for number in range(count)]
    chosen, _, _ = choose(runs, room, FairTurns(), admit_all)
    shares = Counter(one["owner"] for one in chosen)
    unserved = [shares[owner] for owner, count in zip(OWNERS, counts, strict=False) if shares[owner] < count]
    assert not unserved or max(shares.values()) - min(unserved) <= 1
    assert len(chosen) == min(room, sum(counts))


def test_a_refused_run_costs_its_owner_no_turn_and_blocks_only_its_lane() -> None:
    runs = [run("alice", number) for number in range(6)] + [run("bob", 1)]
    chosen, refused, more = choose(runs, 9, FairTurns(), lambda one: not one["lane"].endswith("/0"))
    assert {one["_id"] for one in chosen} == {"alice/1", "alice/4", "alice/2", "alice/5", "bob/1"}
    assert [one["_id"] for one in refused] == ["alice/0"]
    assert not more
