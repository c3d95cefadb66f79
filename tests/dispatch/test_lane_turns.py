"""Owners take turns, and each owner's runs go by rank: no owner starves, whoever floods. Nothing is asked in vain."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dispatch.selection_model import select_runs
from tocsin.clock import EPOCH, epoch_milliseconds
from tocsin.dispatch.backlog import Backlog
from tocsin.dispatch.lane_turns import MAX_ASKED, REFUSALS_PER_TURN, REOPEN_MS, LaneTurns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.limits import ProcessLimits, QueueLimits
from tocsin.dispatch.refusal import Refusal, Release, refusal_of
from tocsin.fair_queue import FairTurns
from tocsin.tasks.ranking import PRIORITY_STEP_MS, compute_rank

OWNERS = ("alice", "bob", "carol", "dave")
HOST_FREED: Release = ("host", "a:80")


def run(owner: str, number: int, rank: int = 0) -> Any:
    return {"_id": f"{owner}/{number}", "owner": owner, "rank": rank or number, "lane": f"{owner}/{number % 3}"}


def backlog_of(runs: Iterable[Any]) -> Backlog:
    backlog = Backlog()
    backlog.add_runs(runs)
    return backlog


def admit_all(_: Any) -> None:
    return None


def select(backlog: Backlog, room: int, admit: Any = admit_all, now: float = 0.0) -> list[Any]:
    chosen, _ = backlog.turns.select(room, admit, now)
    backlog.discard_runs(chosen)
    return chosen


# --- turns ----------------------------------------------------------------------------------------------------------


def test_one_users_flood_delays_anothers_run_by_one() -> None:
    backlog = backlog_of(run("alice", number) for number in range(10_000))
    assert backlog.turns.select(50, admit_all, 0.0)[1]
    backlog.add_runs([run("bob", 99_999)])
    assert "bob/99999" in [one["_id"] for one in select(backlog, 2)]


def test_an_owners_higher_priority_goes_first_until_the_lower_has_aged() -> None:
    low = {"_id": "low", "owner": "alice", "rank": compute_rank(EPOCH, 0)}
    soon = {"_id": "soon", "owner": "alice", "rank": compute_rank(EPOCH + timedelta(minutes=9), 10)}
    late: Any = {"_id": "late", "owner": "alice", "rank": compute_rank(EPOCH + timedelta(minutes=11), 10)}
    backlog = backlog_of([low, soon, late])
    assert [one["_id"] for one in select(backlog, 9)] == ["soon", "low", "late"]
    assert PRIORITY_STEP_MS == 60_000
    assert (len(backlog), backlog.lanes) == (0, {})


def test_an_owner_without_lanes_may_have_one_turn_at_once_in_each_round_of_the_others() -> None:
    backlog = backlog_of(run(owner, number) for owner in ("alice", "bob") for number in range(9))
    turns, served = backlog.turns, []
    for _ in range(8):
        for owner in OWNERS:
            if turns.is_newcomer(owner):
                turns.note_newcomer(owner)
                served.append(owner)
        served += [one["owner"] for one in select(backlog, 1)]
    assert Counter(served) == {"alice": 4, "bob": 4, "carol": 4, "dave": 4}


arrivals = st.lists(
    st.tuples(st.sampled_from(OWNERS), st.integers(0, 3), st.integers(-10, 10)), min_size=1, max_size=120
)


@given(arrivals=arrivals, rooms=st.lists(st.integers(1, 5), min_size=1, max_size=10))
def test_of_other_owners_at_most_two_more_go_before_a_run_than_of_its_own(
    arrivals: list[tuple[str, int, int]], rooms: list[int]
) -> None:
    """With random arrivals and room, few later runs of others go first, whatever their priority."""
    backlog = Backlog()
    overtaken: dict[str, Counter[str]] = {}
    look = 0
    pending = list(enumerate(arrivals))
    while pending or len(backlog):
        came = pending[:4]
        pending = pending[4:]
        for number, (owner, _, priority) in came:
            one = run(owner, number, rank=number * 1000 - priority * PRIORITY_STEP_MS)
            backlog.add_runs([one])
            overtaken[one["_id"]] = Counter()
        chosen = select(backlog, rooms[look % len(rooms)])
        look += 1
        assert chosen  # runs never wait while there is room
        for one in chosen:
            own = overtaken.pop(one["_id"])
            assert all(count <= own[one["owner"]] + 2 for owner, count in own.items() if owner != one["owner"]), own
            for other in overtaken.values():
                other[one["owner"]] += 1
            waiting = [each for each in backlog_runs(backlog) if each["owner"] == one["owner"]]
            later = chosen[chosen.index(one) + 1 :]
            assert all(one["rank"] <= each["rank"] for each in [*waiting, *later] if each["owner"] == one["owner"])


def backlog_runs(backlog: Backlog) -> list[Any]:
    return [each for lane in backlog.lanes.values() for each in lane._known.values()]


@given(counts=st.lists(st.integers(1, 60), min_size=2, max_size=4), room=st.integers(1, 40))
def test_owners_get_equal_shares_while_they_have_runs(counts: list[int], room: int) -> None:
    runs = [run(owner, number) for owner, count in zip(OWNERS, counts, strict=False) for number in range(count)]
    chosen = select(backlog_of(runs), room)
    shares = Counter(one["owner"] for one in chosen)
    unserved = [shares[owner] for owner, count in zip(OWNERS, counts, strict=False) if shares[owner] < count]
    assert not unserved or max(shares.values()) - min(unserved) <= 1
    assert len(chosen) == min(room, sum(counts))


@given(
    looks=st.lists(st.tuples(st.lists(st.tuples(st.sampled_from(OWNERS), st.integers(0, 40))), st.integers(1, 8))),
    refused=st.sets(st.sampled_from([f"{owner}/{lane}" for owner in OWNERS for lane in range(3)])),
)
def test_each_look_takes_as_many_of_each_owner_as_the_model(
    looks: list[tuple[list[tuple[str, int]], int]], refused: set[str]
) -> None:
    """Some lanes are refused for good. Only between owners whose turn it is alike may the choice differ, by one."""
    backlog, model, turns = Backlog(), Backlog(), FairTurns()
    taken, expected = Counter[str](), Counter[str]()
    for number, (came, room) in enumerate(looks):
        for backlogs in (backlog, model):
            backlogs.add_runs(run(owner, 1000 * number + each) for owner, each in came)
        chosen = select(backlog, room, lambda one: refuse(one["lane"]) if one["lane"] in refused else None)
        others, _ = select_runs(model.lanes.values(), room, turns, lambda one: one["lane"] not in refused)
        model.discard_runs(others)
        assert len(chosen) == len(others)
        taken.update(one["owner"] for one in chosen)
        expected.update(one["owner"] for one in others)
        assert all(abs(taken[owner] - expected[owner]) <= 1 for owner in OWNERS)


# --- refusals -------------------------------------------------------------------------------------------------------


def refuse(*cause: object, until: float | None = None, ends_with: tuple[Release, ...] = (HOST_FREED,)) -> Refusal:
    return Refusal(cause, ends_with, until)


def test_a_refused_run_costs_its_owner_no_turn_and_blocks_only_its_lane() -> None:
    backlog = backlog_of([run("alice", number) for number in range(6)] + [run("bob", 1)])
    chosen = select(backlog, 9, lambda one: refuse() if one["lane"].endswith("/0") else None)
    assert {one["_id"] for one in chosen} == {"alice/1", "alice/4", "alice/2", "alice/5", "bob/1"}
    assert backlog.turns.refused == {"alice/0"}


def asked(backlog: Backlog, refusal: Refusal | None, now: float = 0.0) -> list[str]:
    """Return the lanes that a look asks for while all are refused like this."""
    lanes: list[str] = []

    def admit(one: Any) -> Refusal | None:
        lanes.append(one["lane"])
        return refusal

    select(backlog, 9, admit, now)
    return lanes


def test_lanes_that_are_refused_together_are_asked_for_one_by_one() -> None:
    backlog = backlog_of(run(owner, number) for owner in OWNERS for number in range(3))
    assert len(asked(backlog, refuse("a:80"))) == 12
    assert asked(backlog, None) == []
    backlog.turns.end_refusals([("host", "b:80")], 0.0)
    assert asked(backlog, None) == []
    backlog.turns.end_refusals([HOST_FREED], 0.0)
    assert asked(backlog, refuse("a:80")) == ["alice/0"]
    backlog.turns.end_refusals([HOST_FREED], 0.0)
    assert len(asked(backlog, None)) == 9
    assert len(backlog) == len(backlog.turns.refused) == 3


def test_a_lane_that_is_refused_for_another_cause_makes_way_for_the_next() -> None:
    backlog = backlog_of([run("alice", 1), run("bob", 1)])
    asked(backlog, refuse("a:80"))
    backlog.turns.end_refusals([HOST_FREED], 0.0)
    assert select(backlog, 9, lambda one: refuse("rate") if one["owner"] == "alice" else None) == [run("bob", 1)]
    backlog.turns.end_refusals([HOST_FREED], 0.0)
    assert select(backlog, 9) == [run("alice", 1)]


def test_a_lane_is_asked_for_at_the_time_of_its_refusal_and_the_look_before_tells_when() -> None:
    backlog = backlog_of([run("alice", 1)])
    asked(backlog, refuse("rate", until=500.0))
    assert backlog.turns.wait_from(100.0) == 400.0
    backlog.turns.end_refusals([], 499.0)
    assert asked(backlog, None) == []
    backlog.turns.end_refusals([], 500.0)
    assert asked(backlog, None) == ["alice/1"]
    assert backlog.turns.wait_from(100.0) is None


@pytest.mark.parametrize("later", [REOPEN_MS, -1.0], ids=["half a minute", "the clock was set back"])
def test_a_lane_is_asked_for_again_even_if_nothing_tells_of_a_change(later: float) -> None:
    backlog = backlog_of([run("alice", 1)])
    asked(backlog, refuse("for good", ends_with=()))
    backlog.turns.end_refusals([], 1.0)
    assert asked(backlog, None) == []
    backlog.turns.end_refusals([], later)
    assert asked(backlog, None) == ["alice/1"]


def test_a_run_that_comes_first_in_a_refused_lane_is_asked_for() -> None:
    backlog = backlog_of([run("alice", 3), run("alice", 6)])
    asked(backlog, refuse("long"))
    backlog.add_runs([run("alice", 9)])
    assert asked(backlog, None) == []
    backlog.add_runs([run("alice", 12, rank=1)])
    assert asked(backlog, refuse("long")) == ["alice/0"]
    backlog.discard_runs([run("alice", 12)])
    assert [one["_id"] for one in select(backlog, 9)] == ["alice/3", "alice/6", "alice/9"]


def one_lane_each(count: int, owner: str = "alice") -> list[Any]:
    return [
        {"_id": f"{owner}/{each}", "owner": owner, "rank": each, "lane": f"{owner}/{each}"} for each in range(count)
    ]


def test_of_any_number_of_refused_lanes_a_look_asks_for_those_that_changed() -> None:
    """Also if each is refused for a cause of its own, as with a hundred thousand hosts."""
    backlog = backlog_of(one_lane_each(3 * MAX_ASKED))
    calls = Counter[str]()

    def admit(one: Any) -> Refusal:
        calls["asked"] += 1
        return refuse(one["lane"], ends_with=(("lane", one["lane"]),))

    while backlog.turns.select(200, admit, 0.0)[1]:
        assert calls["asked"] % MAX_ASKED == 0
    assert calls["asked"] == 3 * MAX_ASKED
    backlog.turns.end_refusals([("lane", "alice/5"), ("lane", "alice/7")], 0.0)
    select(backlog, 200, admit)
    assert calls["asked"] == 3 * MAX_ASKED + 2


def test_lanes_whose_refusals_end_together_take_turns_like_others() -> None:
    runs = one_lane_each(60)
    backlog = backlog_of(runs)
    ends_with: tuple[Release, ...] = (("settings",),)
    select(backlog, 9, lambda one: refuse(one["lane"] if one["rank"] < 30 else "together", ends_with=ends_with))
    backlog.add_runs([run("bob", number) for number in range(500, 520)])
    backlog.turns.end_refusals(ends_with, 0.0)
    chosen = select(backlog, 40)
    assert [one["_id"] for one in chosen if one["owner"] == "alice"] == [one["_id"] for one in runs[:20]]
    assert len(select(backlog, 99)) == 40


def test_the_refusals_of_one_owners_lanes_do_not_keep_others_waiting() -> None:
    backlog = backlog_of(one_lane_each(MAX_ASKED))
    backlog.add_runs([run("bob", 5_000)])
    before = 0

    def admit(one: Any) -> Refusal | None:
        nonlocal before
        before += one["owner"] == "alice"
        return refuse(one["lane"]) if one["owner"] == "alice" else None

    assert len(select(backlog, 1, admit)) == 1
    assert before <= REFUSALS_PER_TURN


# --- with the run limiter -------------------------------------------------------------------------------------------

LIMITS = ProcessLimits(concurrency=6, host_concurrency=3, prefetch=6)
CHANGES = st.sampled_from(["start", "end", "release", "pause", "resume", "open", "close", "tick", "wait"])
ARRIVALS = st.tuples(
    st.sampled_from(OWNERS), st.sampled_from(["a:80", "b:80", None]), st.sampled_from(["default", "q"])
)


class LimitedProcess:
    """A backlog with a run limiter, at a time of its own."""

    def __init__(self) -> None:
        self.limiter, self.moment = RunLimiter(LIMITS), EPOCH
        self.backlog = Backlog(LaneTurns(self.limiter.contended_lanes))
        self.in_flight: list[Any] = []
        self.number = 0
        self.limit_queue(paused=False)

    def limit_queue(self, *, paused: bool) -> None:
        self.limiter.set_queue_limits({"q": QueueLimits(concurrency=2, paused=paused)})

    def add_run(self, owner: str, host: str | None, queue: str) -> None:
        self.number += 1
        timeout = 10 if self.number % 3 else 600
        one: Any = {"_id": f"{self.number}", "owner": owner, "host": host, "queue": queue, "rank": self.number}
        one |= {"lane": f"{queue} {owner} {host}", "fence": 0, "timeout": timeout}
        self.backlog.add_runs([one])

    def change(self, what: str, claimed: Any) -> None:
        if claimed is not None:
            self.change_claimed(what, claimed)
        if what in ("pause", "resume"):
            self.limit_queue(paused=what == "pause")
        elif what == "open":
            self.limiter.block_circuit("alice", "a:80", None)
        elif what == "close":
            self.limiter.unblock_circuit("alice", "a:80")
        elif what == "tick":
            self.limiter.advance_tick()
        elif what == "wait":
            self.moment += timedelta(milliseconds=20)

    def change_claimed(self, what: str, claimed: Any) -> None:
        if what == "start":
            self.limiter.mark_started(claimed)
        elif what == "end":
            self.limiter.mark_ended(claimed)
        elif what == "release":
            self.limiter.release(claimed)
            self.in_flight.remove(claimed)

    def look(self) -> None:
        now = epoch_milliseconds(self.moment)
        self.backlog.turns.end_refusals(self.limiter.pop_events(), now)
        select(self.backlog, 50, self.admit, now)

    def admit(self, one: Any) -> Refusal | None:
        if (what := self.limiter.try_acquire(one, self.moment)) is None:
            self.in_flight.append({**one, "fence": 1})
            return None
        wait, saturation = self.limiter.pop_wait_ms(), self.limiter.find_saturation(one)
        short, now = self.limiter.limits.is_short(one), epoch_milliseconds(self.moment)
        return refusal_of(one, what, saturation, short=short, now=now, wait=wait)

    def can_start(self, one: Any) -> bool:
        if self.limiter.find_refusal(one, self.moment) is not None:
            return False
        self.limiter.try_acquire(one, self.moment)
        is_ready = self.limiter.is_ready(one)
        self.limiter.release(one, claimed=False)
        self.limiter.pop_events()
        return is_ready


@given(data=st.data(), rounds=st.integers(1, 12))
def test_no_run_waits_that_could_start(data: st.DataObject, rounds: int) -> None:
    """Whatever ends a refusal, the next look finds it out."""
    process = LimitedProcess()
    for _ in range(rounds):
        for owner, host, queue in data.draw(st.lists(ARRIVALS, max_size=8)):
            process.add_run(owner, host, queue)
        for what in data.draw(st.lists(CHANGES, max_size=6)):
            process.change(what, data.draw(st.sampled_from(process.in_flight)) if process.in_flight else None)
        process.look()
        lanes = process.backlog.lanes
        assert [lane.name for lane in lanes.values() if process.can_start(lane.first())] == []
        assert process.limiter.contended_lanes == set(lanes)
