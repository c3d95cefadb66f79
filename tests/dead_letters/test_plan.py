"""The rate of a replay, and sending each run once despite crashes."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import EPOCH, MILLISECOND
from tocsin.dead_letters import plan
from tocsin.dead_letters.plan import CanaryDecision, ReplayedRunState, ReplayProgress, SentBatch
from tocsin.documents import RunStatus

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
REPLAY = "alice/r1"
RATES = st.one_of(st.integers(1, 130), st.sampled_from([600, 3_599, 3_601, 6_000]))
STEPS = st.integers(0, 40_000) | st.integers(0, 1_500)


def run(status: str = "FAILED", round_: int = 1, at: int | None = 1, **more: Any) -> Any:
    replays = [] if at is None else [{"replay": "other", "round": 1}, {"replay": REPLAY, "round": at}]
    return {"_id": "x", "status": status, "round": round_, "replays": replays, **more}


@given(RATES, st.lists(st.tuples(STEPS, st.integers(0, 200)), min_size=1, max_size=150))
def test_no_minute_sees_more_than_the_rate(per_minute: int, looks: list[tuple[int, int]]) -> None:
    now, noted, sent = T0, list[SentBatch](), list[SentBatch]()
    for step, wanted in looks:
        now += step * MILLISECOND
        may = plan.compute_allowance(per_minute, noted, now)
        assert may.at >= now
        assert may.count <= -(-per_minute // 60)
        if count := min(may.count, wanted):
            noted = plan.append_sent(noted, count, now)
            sent.append(SentBatch(now, count))
    assert len(noted) <= 61
    for last in sent:
        assert sum(other.count for other in sent if last.at - MINUTE < other.at <= last.at) <= per_minute
    for before, after in pairwise(sent):
        assert after.at - before.at >= max(SECOND, before.count * MINUTE / per_minute)


def test_a_minute_that_is_full_says_when_it_is_no_longer() -> None:
    sent = [SentBatch(T0, 1), SentBatch(T0 + SECOND, 1)]  # closer than the rate spreads them
    may = plan.compute_allowance(2, sent, T0 + 40 * SECOND)
    assert (may.count, may.at) == (0, T0 + MINUTE)
    assert plan.compute_allowance(2, sent, T0 + MINUTE).count == 1


@given(RATES)
def test_a_look_at_the_time_that_was_named_may_send(per_minute: int) -> None:
    """Over five minutes, the rate is nearly reached."""
    now, noted, total = T0, list[SentBatch](), 0
    while now < T0 + 5 * MINUTE:
        may = plan.compute_allowance(per_minute, noted, now)
        if may.count:
            noted = plan.append_sent(noted, may.count, now)
            total += may.count
        else:
            assert may.at > now
        now = max(plan.compute_allowance(per_minute, noted, now).at, now + MILLISECOND)
    assert 0.9 * 5 * per_minute - 1 <= total <= 5 * per_minute


@pytest.mark.parametrize(
    ("found", "fate", "verdict"),
    [
        (None, ReplayedRunState.ENDED, CanaryDecision.ABORT),
        (run(at=None), ReplayedRunState.NOT_SENT, CanaryDecision.SEND),
        (run("COMPLETED"), ReplayedRunState.COMPLETED, CanaryDecision.CONTINUE),
        (run("FAILED"), ReplayedRunState.ENDED, CanaryDecision.ABORT),
        (run("CANCELLED"), ReplayedRunState.ENDED, CanaryDecision.ABORT),
        (run("QUEUED"), ReplayedRunState.OPEN, CanaryDecision.WAIT),
        (run("RETRY"), ReplayedRunState.OPEN, CanaryDecision.WAIT),
        (
            run("COMPLETED", round_=2),
            ReplayedRunState.ENDED,
            CanaryDecision.ABORT,
        ),  # it had failed, and was done again by hand
        ({"status": "FAILED", "round": 0}, ReplayedRunState.NOT_SENT, CanaryDecision.SEND),
    ],
)
def test_what_follows_from_the_canary(found: Any | None, fate: ReplayedRunState, verdict: CanaryDecision) -> None:
    assert plan.find_replayed_state(found, REPLAY) is fate
    assert plan.decide_on_canary(found, REPLAY) is verdict


def test_the_reason_names_the_fault() -> None:
    assert "deleted" in plan.explain_abort(None)
    assert "cancelled" in plan.explain_abort(run("CANCELLED"))
    assert plan.explain_abort(run(error={"message": "It said 500."})).endswith("failed: It said 500.")
    assert plan.explain_abort(run(error=None)).endswith("failed again.")


def test_what_was_sent_is_counted() -> None:
    runs = [run(status.value) for status in RunStatus]
    assert plan.count_progress(runs, REPLAY) == ReplayProgress(9, 1, 4)
    assert plan.count_progress(runs, REPLAY).pending == 4


def letter(number: int, kind: str) -> Any:
    found = {"_id": f"run {number:04}", "task": "t", "trigger": "SCHEDULE", "round": 0, "attempted": 1}
    changes: dict[str, Any] = {
        "fine": {}, "step": {"trigger": "WORKFLOW"}, "orphan": {"task": "gone"}, "worn": {"attempted": 100}
    }  # fmt: skip
    return found | changes[kind]


KINDS = st.lists(st.sampled_from(["fine", "fine", "fine", "step", "orphan", "worn"]), min_size=1, max_size=60)


@given(KINDS, st.integers(1, 7), st.integers(1, 20), st.data())
def test_each_is_sent_or_left_out_once_whoever_dies_where(
    kinds: list[str], most: int, page: int, data: st.DataObject
) -> None:
    """A process may die after sending a part of a batch: the next process starts from the same position."""
    letters = [letter(number, kind) for number, kind in enumerate(kinds)]
    sent: list[str] = []
    cursor, skips = "", dict[str, int]()
    while rows := [row for row in letters if row["_id"] > cursor][:page]:
        # What was sent has left the dead letters, or has failed again and names the replay.
        portion = plan.plan_batch(rows, {"t"}, REPLAY, most)
        assert len(portion.send) <= most
        dies_after = data.draw(st.one_of(st.none(), st.none(), st.integers(0, len(portion.send))))
        for row in portion.send[:dies_after]:
            sent.append(row["_id"])
            if data.draw(st.booleans()):
                row["replays"] = [{"replay": REPLAY, "at": EPOCH, "round": 1}]
            else:
                letters.remove(row)
        if dies_after is None:
            cursor, skips = portion.last["_id"], plan.merge_skips(skips, portion.skips)
    expected = [f"run {number:04}" for number, kind in enumerate(kinds) if kind == "fine"]
    assert sent == expected
    left_out = {"WORKFLOW_STEP": "step", "TASK_DELETED": "orphan", "ATTEMPTS_USED_UP": "worn"}
    assert skips == {reason: kinds.count(kind) for reason, kind in left_out.items() if kind in kinds}


def test_one_that_names_the_replay_is_passed_over() -> None:
    rows = [letter(0, "fine") | {"replays": [{"replay": REPLAY}]}, letter(1, "fine") | {"replays": [{"replay": "x"}]}]
    portion = plan.plan_batch(rows, {"t"}, REPLAY, 5)
    assert (portion.send, portion.last, portion.skips) == ([rows[1]], rows[1], {})
