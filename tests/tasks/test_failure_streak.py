"""The pause of a task at a number of failures in a row: exactly then, in the update that counts the failure."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin import clock
from tocsin.documents import Database, RunStatus, Trigger
from tocsin.scheduling.task_advance import TaskAdvance
from tocsin.tasks import run_effects

S = RunStatus
ID = "alice/t"
ENDS = st.tuples(st.sampled_from([S.FAILED, S.FAILED, S.COMPLETED, S.CANCELLED, S.SKIPPED]), st.integers(0, 1))


def run(number: int, status: RunStatus, round_: int = 0) -> Any:
    return {"_id": f"{ID}:{number}", "trigger": Trigger.SCHEDULE, "status": status, "round": round_}


def task(runs: int, **changes: Any) -> Any:
    return {
        "_id": ID, "active": [{"run": f"{ID}:{number}", "shows": "PENDING"} for number in range(runs)],
        "last_run": f"{ID}:{runs}", "last_end": "COMPLETED", "hold": None, "next_run_at": clock.now(), "version": 4,
        "consecutive_failures": 0, "incident": 0, "status": "PENDING", "reconcile": False, **changes,
    }  # fmt: skip


async def apply(database: Database, before: Any, *batches: list[Any]) -> Any:
    await database.tasks.replace_one({"_id": ID}, before, upsert=True)
    for batch in batches:
        for _ in range(2):  # as after a crash
            await database.tasks.bulk_write(run_effects.task_updates(batch))
    return await database.tasks.find_one({"_id": ID})


def find_last_straw(ends: list[tuple[RunStatus, int]], pause_after: int) -> int | None:
    """Return the place of the end at which the task pauses."""
    streak = 0
    for place, (status, round_) in enumerate(ends):
        streak = 0 if status is S.COMPLETED else streak + (status is S.FAILED and round_ == 0)
        if streak == pause_after and status is S.FAILED and round_ == 0:
            return place
    return None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(ENDS, min_size=1, max_size=8), st.integers(1, 4))
async def test_a_task_pauses_at_its_number_of_failures_in_a_row(
    database: Database, ends: list[tuple[RunStatus, int]], pause_after: int
) -> None:
    runs = [run(number, *end) for number, end in enumerate(ends)]
    found = await apply(database, task(len(ends), pause_after=pause_after), *([one] for one in runs))
    straw = find_last_straw(ends, pause_after)
    if straw is None:
        assert (found["hold"], found["version"], found["reconcile"]) == (None, 4, False)
        assert found.get("self_pause") is None
        return
    assert (found["hold"], found["status"], found["next_run_at"]) == ("PAUSED", "PAUSED", None)
    assert (found["pause_reason"], found["version"], found["reconcile"]) == ("CONSECUTIVE_FAILURES", 5, True)
    pause = found["self_pause"]
    assert (pause["run"], pause["failures"], pause["is_told"]) == (f"{ID}:{straw}", pause_after, False)


@pytest.mark.parametrize("together", [True, False])
async def test_failures_that_are_counted_together_pause_it_once(database: Database, *, together: bool) -> None:
    runs = [run(number, S.FAILED) for number in range(5)]
    found = await apply(database, task(5, pause_after=3), *([runs] if together else [[one] for one in runs]))
    assert (found["hold"], found["version"], found["consecutive_failures"]) == ("PAUSED", 5, 5)
    assert found["self_pause"]["failures"] == (5 if together else 3)
    assert found["self_pause"]["run"] == (f"{ID}:4" if together else f"{ID}:2")


@pytest.mark.parametrize(
    "changes",
    [{}, {"pause_after": None}, {"pause_after": 2}, {"pause_after": 1, "next_run_at": None},
     {"pause_after": 1, "hold": "CANCELLED", "next_run_at": None}],
)  # fmt: skip
async def test_other_tasks_are_not_paused(database: Database, changes: dict[str, Any]) -> None:
    before = task(1, **changes)
    found = await apply(database, before, [run(0, S.FAILED)])
    assert (found["hold"], found["next_run_at"], found["version"]) == (before["hold"], before["next_run_at"], 4)
    assert found["consecutive_failures"] == 1


async def test_a_lower_number_pauses_at_the_next_failure_and_not_before(database: Database) -> None:
    before = task(1, pause_after=3, consecutive_failures=7)
    assert (await apply(database, {**before, "active": []}, [run(0, S.FAILED)]))["hold"] is None
    paused = await apply(database, before, [run(0, S.FAILED)])
    assert (paused["hold"], paused["self_pause"]["failures"]) == ("PAUSED", 8)


@pytest.mark.parametrize(("later", "hold"), [(True, "PAUSED"), (False, None)])
async def test_a_run_that_is_counted_when_its_task_advances_pauses_it_too(
    database: Database, *, later: bool, hold: str | None
) -> None:
    before = task(0, pause_after=1)
    await database.tasks.insert_one(before)
    due = before["next_run_at"]
    step = TaskAdvance(due, 4, clock.now() if later else None, due, ((":9", S.FAILED),), (), S.FAILED)
    for _ in range(2):
        await database.tasks.update_one({"_id": ID}, step.build_pipeline())
    found: Any = await database.tasks.find_one({"_id": ID})
    assert (found["hold"], found["next_run_at"], found["consecutive_failures"]) == (hold, None, 1)
    assert (found["last_run"], found.get("self_pause", {}).get("run")) == (f"{ID}:9", f"{ID}:9" if later else None)
