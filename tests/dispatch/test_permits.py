"""Permits: a limit is kept and used by several processes, and no process or owner is left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.dispatch.owner_share import get_owner_share
from tocsin.dispatch.permits import WAIT_MS, Demand, Needs, Permits, Waiting, exchange_permits, with_holdings

NOW = 1_800_000_000_000.0
PROCESSES, OWNERS = ("p", "q", "r"), ("alice", "bob", "carol")


def wanting(limit: int, count: int, owner: str = "alice", **used: int) -> Needs:
    return Needs(limit, used, {}, {owner: Demand(count, short=True)})


def ask(permits: Permits, process: str, needs: Needs, now: float = NOW, part: float = 1.0) -> Permits:
    return exchange_permits(permits, process, needs, part, now)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(PROCESSES),
        st.dictionaries(st.sampled_from(OWNERS), st.integers(1, 9)),
        st.dictionaries(st.sampled_from(OWNERS), st.integers(0, 9)),
        st.booleans(),
        st.floats(0, 700),
    ),
    max_size=30,
)


@given(limit=st.integers(1, 12), part=st.sampled_from([0.3, 0.5, 1.0]), steps=STEPS)
def test_a_limit_and_the_shares_of_owners_are_kept(
    limit: int, part: float, steps: list[tuple[str, dict[str, int], dict[str, int], bool, float]]
) -> None:
    permits, now, share = Permits(), NOW, get_owner_share(limit, part)
    for process, wanted, ended, short, passed in steps:
        now += passed
        before = permits
        held = permits.held.get(process, {})
        used = {owner: max(0, count - ended.get(owner, 0)) for owner, count in held.items()}
        demands = {owner: Demand(count, short) for owner, count in wanted.items()}
        permits = exchange_permits(permits, process, Needs(limit, used, {}, demands), part, now)
        assert permits.total() <= limit
        assert {name: each for name, each in permits.held.items() if name != process} == {
            name: each for name, each in before.held.items() if name != process
        }
        for owner, count in permits.held.get(process, {}).items():
            gained = count - used.get(owner, 0)
            of_owner = permits.elsewhere(process, owner) + count
            assert gained >= 0
            assert short or not gained or of_owner <= max(share.guaranteed, 1)


@given(limit=st.integers(1, 12), runs=st.dictionaries(st.sampled_from(PROCESSES), st.integers(0, 20), min_size=1))
def test_a_limit_is_used_while_there_are_runs_and_all_of_them_end(limit: int, runs: dict[str, int]) -> None:
    permits, left, now, rounds = Permits(), dict(runs), NOW, 0
    while any(left.values()):
        now, rounds = now + 50, rounds + 1
        for process in left:  # what was granted ends at once, so that others may have it
            left[process] -= permits.count_of(process)
            permits = ask(permits, process, wanting(limit, left[process], alice=0), now)
        for process in left:
            permits = ask(
                permits,
                process,
                wanting(limit, left[process] - permits.count_of(process), alice=permits.count_of(process)),
                now + 10,
            )
        assert not any(left.values()) or permits.total() == min(limit, sum(left.values()))
    assert rounds <= sum(runs.values()) // limit + len(runs) + 2


def test_a_freed_permit_goes_to_the_process_that_waits_longer() -> None:
    permits = ask(Permits(), "p", wanting(1, 1))
    permits = ask(permits, "q", wanting(1, 1), NOW + 1)
    assert permits.held == {"p": {"alice": 1}}
    permits = ask(permits, "p", wanting(1, 1, alice=0), NOW + 2)
    assert permits.held == {}
    permits = ask(permits, "q", wanting(1, 1), NOW + 3)
    assert permits.held == {"q": {"alice": 1}}
    assert set(permits.waiting) == {"p"}


def test_one_that_waits_gets_an_equal_part() -> None:
    permits = ask(Permits(), "p", wanting(6, 6))
    permits = ask(permits, "q", wanting(6, 8), NOW + 1)
    permits = ask(permits, "p", wanting(6, 6, alice=0), NOW + 2)
    permits = ask(permits, "q", wanting(6, 8), NOW + 3)
    assert permits.held == {"p": {"alice": 3}, "q": {"alice": 3}}


def test_one_that_no_longer_asks_is_not_waited_for() -> None:
    permits = Permits({}, {"q": Waiting(1, NOW, NOW + WAIT_MS)})
    assert ask(permits, "p", wanting(1, 1), NOW + WAIT_MS / 2).held == {}
    assert ask(permits, "p", wanting(1, 1), NOW + WAIT_MS + 1).held == {"p": {"alice": 1}}


def test_a_clock_set_back_leaves_nobody_waiting() -> None:
    ahead = Permits({}, {"q": Waiting(1, NOW, NOW + 3_600_000)})
    assert ask(ahead, "p", wanting(1, 1)).held == {"p": {"alice": 1}}


def test_unused_permits_are_kept_until_another_waits() -> None:
    kept = Needs(4, {"alice": 1}, {"alice": 2}, {})
    permits = exchange_permits(Permits({"p": {"alice": 3}}), "p", kept, 1.0, NOW)
    assert permits.held == {"p": {"alice": 3}}
    permits = exchange_permits(ask(permits, "q", wanting(4, 3)), "p", kept, 1.0, NOW)
    assert permits.held == {"p": {"alice": 1}, "q": {"alice": 1}}


@pytest.mark.parametrize(("short", "most"), [(False, 4), (True, 6)])
def test_an_owner_borrows_as_much_as_in_one_process(short: bool, most: int) -> None:
    permits = Permits()
    for process in PROCESSES:
        permits = exchange_permits(permits, process, Needs(8, {}, {}, {"alice": Demand(8, short)}), 0.5, NOW)
    assert permits.total() == most
    permits = exchange_permits(
        permits, "r", Needs(8, permits.held.get("r", {}), {}, {"bob": Demand(1, False)}), 0.5, NOW
    )
    assert permits.held["r"]["bob"] == 1


def test_a_lowered_limit_grants_nothing_until_enough_have_ended() -> None:
    permits = with_holdings(Permits(), "p", {"alice": 5})
    assert ask(permits, "q", wanting(3, 1)).held == {"p": {"alice": 5}}
    assert ask(with_holdings(permits, "p", {"alice": 2}), "q", wanting(3, 1)).held["q"] == {"alice": 1}
