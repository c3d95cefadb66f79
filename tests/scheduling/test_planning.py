"""Plans of a due task for each overlap policy, state of the active run, and misfire policy. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin import schedules
from tocsin.documents import OPEN_STATUSES, Overlap, RunStatus
from tocsin.schedules import Misfire, MisfirePolicy
from tocsin.scheduling.planning import OpenRun, TaskFiring, plan_firing, scheduled_run_id

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
S = RunStatus
STATES = [None, *sorted(OPEN_STATUSES - {S.RETRY}, key=lambda one: one.value)]  # a retrying run has already given way


Seen = tuple[str, str | None, bool]


def task(schedule: schedules.Schedule | None = None, due: datetime = NOON, **changes: Any) -> Any:
    fields: Any = {
        "_id": "alice/t", "owner": "alice", "name": "t", "job": {"kind": "http"}, "retry": None, "timeout": None,
        "version": 4,
        "schedule": schedules.schedule_to_document(schedule or schedules.Every(HOUR, NOON - 100 * HOUR)),
        "misfire": Misfire().to_document(), "overlap": "SKIP", "next_run_at": due, "incident": 7, "active": [],
    }  # fmt: skip
    return {**fields, **changes}


def busy(*states: RunStatus | None) -> list[OpenRun]:
    return [OpenRun(f"alice/t:{number}", state) for number, state in enumerate(states) if state]


def seen(firing: TaskFiring) -> list[Seen]:
    return [(run["status"], run["reason"], run.get("blocked", False)) for run in firing.runs]


QUEUED: Seen = ("QUEUED", None, False)
BLOCKED: Seen = ("QUEUED", None, True)
SKIPPED: Seen = ("SKIPPED", "OVERLAP", False)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("overlap", Overlap)
def test_a_due_time_on_time_with_an_active_run_in_each_state(overlap: Overlap, state: RunStatus | None) -> None:
    firing = plan_firing(task(overlap=overlap.value), NOON + MINUTE / 2, busy(state))
    if state is None or overlap is Overlap.ALLOW:
        expected = QUEUED
    elif overlap is Overlap.SKIP or state is S.QUEUED:
        expected = SKIPPED  # QUEUE keeps at most one waiting
    else:
        expected = BLOCKED
    assert seen(firing) == [expected]
    (run,) = firing.runs
    assert (run["_id"], run["due_at"], run["incident"]) == (scheduled_run_id("alice/t", NOON), NOON, 7)
    assert firing.next_run_at == NOON + HOUR
    assert firing.last_due_at == NOON
    assert run.get("after") == ("alice/t:0" if expected == BLOCKED else None)
    assert run["open"] == (expected != SKIPPED)
    assert (run["rank"] is not None) == (expected == QUEUED)


@pytest.mark.parametrize(("overlap", "expected"), [("SKIP", SKIPPED), ("QUEUE", SKIPPED), ("ALLOW", QUEUED)])
def test_with_one_running_and_one_waiting(overlap: str, expected: Seen) -> None:
    assert seen(plan_firing(task(overlap=overlap), NOON, busy(S.RUNNING, S.QUEUED))) == [expected]


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [("SKIP", [QUEUED, SKIPPED, SKIPPED]), ("QUEUE", [QUEUED, SKIPPED, SKIPPED]), ("ALLOW", [QUEUED, QUEUED, QUEUED])],
)
def test_several_due_times_on_time_overlap_each_other(overlap: str, expected: list[Seen]) -> None:
    every = schedules.Every(timedelta(seconds=10), NOON)
    assert seen(plan_firing(task(every, overlap=overlap), NOON + timedelta(seconds=25), [])) == expected


MISSED: Seen = ("MISSED", "MISFIRE", False)


@pytest.mark.parametrize("overlap", Overlap)
@pytest.mark.parametrize(
    ("policy", "expected", "count"),
    [
        (MisfirePolicy.RUN_ONCE, [MISSED, QUEUED], 3),
        (MisfirePolicy.RUN_ALL, [MISSED, QUEUED, QUEUED], 2),
        (MisfirePolicy.SKIP, [MISSED], 4),
    ],
)
def test_a_gap_is_one_run_beside_what_the_policy_runs(
    policy: MisfirePolicy, expected: list[Seen], count: int, overlap: Overlap
) -> None:
    now = NOON + 3.5 * HOUR
    firing = plan_firing(task(misfire=Misfire(policy, MINUTE, 2).to_document(), overlap=overlap.value), now, [])
    if policy is MisfirePolicy.RUN_ALL and overlap is not Overlap.ALLOW:
        expected = [MISSED, QUEUED, BLOCKED]  # one after the other
    assert seen(firing) == expected
    missed = firing.runs[0]
    assert (missed["due_at"], missed["missed_count"], missed["finished_at"], missed["open"]) == (
        NOON,
        count,
        now,
        False,
    )
    assert missed["missed_until"] == NOON + (count - 1) * HOUR
    assert (firing.next_run_at, firing.last_due_at) == (NOON + 4 * HOUR, NOON + 3 * HOUR)
    assert len({run["_id"] for run in firing.runs}) == len(firing.runs)


@pytest.mark.parametrize("policy", MisfirePolicy)
@pytest.mark.parametrize("overlap", Overlap)
def test_a_late_due_time_meets_an_active_run_by_the_overlap_policy(overlap: Overlap, policy: MisfirePolicy) -> None:
    firing = plan_firing(
        task(misfire=Misfire(policy, MINUTE, 2).to_document(), overlap=overlap.value),
        NOON + 3.5 * HOUR,
        busy(S.RUNNING),
    )
    made = [one for one in seen(firing) if one != MISSED]
    if policy is MisfirePolicy.SKIP:
        assert made == []
    elif policy is MisfirePolicy.RUN_ALL and overlap is not Overlap.ALLOW:
        assert set(made) == {BLOCKED}
        assert [run["after"] for run in firing.runs[1:]] == [busy(S.RUNNING)[-1].id, firing.runs[1]["_id"]]
    else:
        assert set(made) == {{Overlap.SKIP: SKIPPED, Overlap.QUEUE: BLOCKED, Overlap.ALLOW: QUEUED}[overlap]}


def test_a_late_one_off_runs_or_is_missed_by_its_policy() -> None:
    for policy, expected in [
        (MisfirePolicy.RUN_ONCE, [QUEUED]),
        (MisfirePolicy.RUN_ALL, [QUEUED]),
        (MisfirePolicy.SKIP, [MISSED]),
    ]:
        late = task(schedules.Once(NOON), misfire=Misfire(policy).to_document())
        firing = plan_firing(late, NOON + HOUR, [])
        assert seen(firing) == expected
        assert firing.next_run_at is None


def test_a_week_of_seconds_is_two_documents() -> None:
    every = schedules.Every(timedelta(seconds=1), NOON)
    firing = plan_firing(task(every), NOON + timedelta(weeks=1), [])
    assert [run.get("missed_count") for run in firing.runs] == [604_800, None]
