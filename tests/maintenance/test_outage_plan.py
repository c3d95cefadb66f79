"""Outages: they begin with the first process that is cut off, and end with the last."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tocsin.maintenance.outage_plan import (
    MAX_OBSERVERS,
    RETRIER_LEASE,
    SILENCE,
    can_end,
    plan_cut_off,
    plan_end,
    plan_end_notice,
    plan_retrier,
    plan_return,
    plan_silence,
)
from tocsin.maintenance.outages import _NO_OUTAGE

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def state_after(*steps: Any) -> Any:
    """Return the state after these steps, each a function of the state and the time."""
    state: Any = dict(_NO_OUTAGE)
    for number, step in enumerate(steps):
        state |= step(state, NOW + number * SECOND)
    return state


def cut_off(worker: str) -> Any:
    return lambda state, now: plan_cut_off(state, worker, now - SECOND, now, f"outage of {now:%S}")


def back(worker: str) -> Any:
    return lambda state, now: plan_return(state, worker, now)


def announced(_: Any, __: datetime) -> Any:
    return {"is_announced": True}


def ended(state: Any, now: datetime) -> Any:
    return plan_end(state, now)


def test_the_second_process_joins_the_outage_of_the_first() -> None:
    state = state_after(cut_off("a"), cut_off("b"), cut_off("a"))
    assert (state["outage"], state["open"], state["since"]) == ("outage of 00", True, NOW - SECOND)
    assert [(each["worker"], each["since"], each["seen_at"]) for each in state["observers"]] == [
        ("b", NOW, NOW + SECOND),
        ("a", NOW - SECOND, NOW + 2 * SECOND),
    ]


def test_an_outage_ends_when_it_is_over_for_all_and_was_announced() -> None:
    assert not can_end(state_after(cut_off("a"), announced))
    assert not can_end(state_after(cut_off("a"), cut_off("b"), announced, back("a")))
    assert not can_end(state_after(cut_off("a"), back("a")))
    over = state_after(cut_off("a"), cut_off("b"), announced, back("b"), back("a"))
    assert can_end(over)
    end = plan_end(over, NOW + 60 * SECOND)
    assert end == {"open": False, "over_at": NOW + 4 * SECOND}
    assert not can_end(over | end)


def test_a_new_outage_has_another_id_and_is_announced_again() -> None:
    told = {"is_end_announced": True}
    state = state_after(cut_off("a"), announced, back("a"), lambda *given: ended(*given) | told, cut_off("b"))
    assert (state["outage"], state["over_at"], state["is_announced"]) == ("outage of 04", None, False)
    assert [each["worker"] for each in state["observers"]] == ["b"]


def test_an_outage_whose_end_nobody_knows_goes_on() -> None:
    state = state_after(cut_off("a"), announced, back("a"), ended, cut_off("a"))
    assert (state["outage"], state["open"], state["over_at"]) == ("outage of 00", True, None)
    assert [(each["since"], each["back_at"]) for each in state["observers"]] == [(NOW - SECOND, None)]


def test_an_outage_whose_end_is_about_to_be_told_is_followed_by_another() -> None:
    def decided(state: Any, _: datetime) -> Any:
        return plan_end_notice(state, "outage of 00")

    over = state_after(cut_off("a"), announced, back("a"), ended, decided)
    end = {"outage": "outage of 00", "since": NOW - SECOND, "over_at": NOW + 2 * SECOND}
    assert (over["is_end_announced"], over["untold_end"]) == (True, end)
    assert decided(over, NOW) == {}
    again = state_after(cut_off("a"), announced, back("a"), ended, decided, cut_off("b"))
    assert (again["outage"], again["is_announced"], again["untold_end"]) == ("outage of 05", False, end)
    continued = state_after(cut_off("a"), announced, back("a"), ended, cut_off("a"))
    assert decided(continued, NOW) == {}


def test_a_process_that_was_not_cut_off_changes_nothing_when_its_canaries_answer() -> None:
    assert plan_return(state_after(), "a", NOW) == {}
    assert plan_return(state_after(cut_off("a")), "b", NOW) == {}
    assert plan_return(state_after(cut_off("a"), back("a")), "a", NOW) == {}


def test_no_outage_waits_for_a_process_that_is_silent() -> None:
    state = state_after(cut_off("a"), cut_off("b"))
    assert plan_silence(state, NOW + SILENCE) == {}
    later = NOW + SILENCE + SECOND
    backs = [each["back_at"] for each in plan_silence(state, later)["observers"]]
    assert backs == [later, None]
    alone = plan_silence(state, NOW + SECOND, only="b")["observers"]
    assert [(each["worker"], each["back_at"]) for each in alone] == [("a", NOW + SECOND), ("b", None)]
    set_back = NOW - SILENCE - SECOND
    assert [each["back_at"] for each in plan_silence(state, set_back)["observers"]] == [set_back, set_back]


def test_one_process_at_a_time_tries_runs_again() -> None:
    state = state_after() | plan_retrier(state_after(), "a", NOW)
    assert plan_retrier(state, "b", NOW + RETRIER_LEASE - SECOND) == {}
    assert plan_retrier(state, "a", NOW + SECOND)["retrier_until"] == NOW + SECOND + RETRIER_LEASE
    assert plan_retrier(state, "b", NOW + RETRIER_LEASE)["retrier"] == "b"
    assert plan_retrier(state, "b", NOW - 60 * SECOND)["retrier"] == "b"


def test_the_observers_are_limited_to_those_that_are_still_cut_off() -> None:
    steps = [step for number in range(2 * MAX_OBSERVERS) for step in (cut_off(f"{number}"), back(f"{number}"))]
    state = state_after(cut_off("first"), *steps)
    assert len(state["observers"]) == MAX_OBSERVERS
    assert state["observers"][0]["worker"] == "first"


STEPS = st.lists(st.tuples(st.sampled_from(["cut off", "back", "announced", "ended"]), st.sampled_from("abc")))


@given(STEPS)
def test_an_outage_is_open_as_long_as_anybody_is_cut_off(steps: list[tuple[str, str]]) -> None:
    state: Any = dict(_NO_OUTAGE)
    are_cut_off: set[str] = set()
    for number, (step, worker) in enumerate(steps):
        now, before = NOW + number * SECOND, state
        if step == "cut off":
            state = state | cut_off(worker)(state, now)
            are_cut_off.add(worker)
        elif step == "back":
            state = state | plan_return(state, worker, now)
            are_cut_off.discard(worker)
        elif step == "announced":
            state = state | {"is_announced": True}
        elif can_end(state):
            state = state | plan_end(state, now)
        assert {each["worker"] for each in state["observers"] if each["back_at"] is None} == are_cut_off
        assert state["open"] or not are_cut_off
        assert state["outage"] == before["outage"] or before["is_end_announced"]
