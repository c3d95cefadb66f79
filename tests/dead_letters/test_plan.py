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
    now, recorded, sent = T0, list[SentBatch](), list[SentBatch]()
    for step, wanted in looks:
        now += step * MILLISECOND
        allowance = plan.compute_allowance(per_minute, recorded, now)
        assert allowance.at >= now
        assert allowance.count <= -(-per_minute // 60)
        if count := min(allowance.count, wanted):
            recorded = plan.append_sent(recorded, count, now)
            sent.append(SentBatch(now, count))
    assert len(recorded) <= 61
    for last in sent:
        assert sum(other.count for other in sent if last.at - MINUTE < other.at <= last.at) <= per_minute
    for before, after in pairwise(sent):
        assert after.at - before.at >= max(SECOND, before.count * MINUTE / per_minute)


def test_a_full_minute_returns_the_time_of_its_end() -> None:
    sent = [SentBatch(T0, 1), SentBatch(T0 + SECOND, 1)]  # closer than the rate spreads them
    allowance = plan.compute_allowance(2, sent, T0 + 40 * SECOND)
    assert (allowance.count, allowance.at) == (0, T0 + MINUTE)
    assert plan.compute_allowance(2, sent, T0 + MINUTE).count == 1


@given(RATES)
def test_runs_may_be_sent_at_the_time_that_was_returned(per_minute: int) -> None:
    """Over five minutes, the rate is nearly reached."""
    now, recorded, total = T0, list[SentBatch](), 0
    while now < T0 + 5 * MINUTE:
        allowance = plan.compute_allowance(per_minute, recorded, now)
        if allowance.count:
            recorded = plan.append_sent(recorded, allowance.count, now)
            total += allowance.count
        else:
            assert allowance.at > now
        now = max(plan.compute_allowance(per_minute, recorded, now).at, now + MILLISECOND)
    assert 0.9 * 5 * per_minute - 1 <= total <= 5 * per_minute


@pytest.mark.parametrize(
    ("run_", "state", "decision"),
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
def test_the_state_of_the_canary_decides_what_follows(
    run_: Any | None, state: ReplayedRunState, decision: CanaryDecision
) -> None:
    assert plan.find_replayed_state(run_, REPLAY) is state
    assert plan.decide_on_canary(run_, REPLAY) is decision


def test_the_reason_of_an_abort_names_the_error() -> None:
    assert "deleted" in plan.explain_abort(None)
    assert "cancelled" in plan.explain_abort(run("CANCELLED"))
    assert plan.explain_abort(run(error={"message": "It said 500."})).endswith("failed: It said 500.")
    assert plan.explain_abort(run(error=None)).endswith("failed again.")


def test_sent_runs_are_counted_by_their_state() -> None:
    runs = [run(status.value) for status in RunStatus]
    assert plan.count_progress(runs, REPLAY) == ReplayProgress(9, 1, 4)
    assert plan.count_progress(runs, REPLAY).pending == 4


def dead_letter(number: int, kind: str) -> Any:
    found = {"_id": f"run {number:04}", "task": "t", "trigger": "SCHEDULE", "round": 0, "attempted": 1}
    changes: dict[str, Any] = {
        "fine": {}, "step": {"trigger": "WORKFLOW"}, "orphan": {"task": "gone"}, "worn": {"attempted": 100}
    }  # fmt: skip
    return found | changes[kind]


KINDS = st.lists(st.sampled_from(["fine", "fine", "fine", "step", "orphan", "worn"]), min_size=1, max_size=60)


@given(KINDS, st.integers(1, 7), st.integers(1, 20), st.data())
def test_each_run_is_sent_or_skipped_once_whenever_a_process_dies(
    kinds: list[str], most: int, page: int, data: st.DataObject
) -> None:
    """A process may die after sending a part of a batch: the next process starts from the same position."""
    dead_letters = [dead_letter(number, kind) for number, kind in enumerate(kinds)]
    sent: list[str] = []
    cursor, skips = "", dict[str, int]()
    while rows := [row for row in dead_letters if row["_id"] > cursor][:page]:
        # What was sent has left the dead letters, or has failed again and names the replay.
        batch = plan.plan_batch(rows, {"t"}, REPLAY, most)
        assert len(batch.send) <= most
        dies_after = data.draw(st.one_of(st.none(), st.none(), st.integers(0, len(batch.send))))
        for row in batch.send[:dies_after]:
            sent.append(row["_id"])
            if data.draw(st.booleans()):
                row["replays"] = [{"replay": REPLAY, "at": EPOCH, "round": 1}]
            else:
                dead_letters.remove(row)
        if dies_after is None:
            cursor, skips = batch.last["_id"], plan.merge_skips(skips, batch.skips)
    expected = [f"run {number:04}" for number, kind in enumerate(kinds) if kind == "fine"]
    assert sent == expected
    left_out = {"WORKFLOW_STEP": "step", "TASK_DELETED": "orphan", "ATTEMPTS_USED_UP": "worn"}
    assert skips == {reason: kinds.count(kind) for reason, kind in left_out.items() if kind in kinds}


def test_a_run_that_is_already_in_the_replay_is_not_sent_again() -> None:
    rows = [
        dead_letter(0, "fine") | {"replays": [{"replay": REPLAY}]},
        dead_letter(1, "fine") | {"replays": [{"replay": "x"}]},
    ]
    batch = plan.plan_batch(rows, {"t"}, REPLAY, 5)
    assert (batch.send, batch.last, batch.skips) == ([rows[1]], rows[1], {})
