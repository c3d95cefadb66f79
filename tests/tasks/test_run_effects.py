"""Many ended runs of one task, applied in one update: the result equals that of single updates."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tasks.helpers import load_task
from tocsin import clock
from tocsin.documents import Database, Hold, RunStatus, Trigger
from tocsin.tasks import reconciliation, run_effects

S = RunStatus


def run(number: int, status: RunStatus, round_: int = 0) -> Any:
    trigger = Trigger.SCHEDULE.value
    return {"_id": f"alice/t:{number}", "trigger": trigger, "status": status.value, "round": round_}


def task(named: list[int], last: int) -> Any:
    active = [{"run": f"alice/t:{number}", "shows": "PENDING"} for number in named]
    return {
        "_id": "alice/t", "active": active, "last_run": f"alice/t:{last}", "last_end": "COMPLETED", "hold": None,
        "next_run_at": None, "consecutive_failures": 3, "incident": 5, "status": "PENDING",
    }  # fmt: skip


def known(document: Any) -> Any:
    """Return the task without the order of its active runs."""
    return {**document, "active": sorted(document["active"], key=lambda entry: entry["run"])}


RUNS = st.lists(
    st.builds(run, st.integers(0, 5), st.sampled_from(RunStatus), st.integers(0, 1)), min_size=2, max_size=8
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RUNS, st.sets(st.integers(0, 5)), st.integers(0, 5))
async def test_many_ends_at_once_are_the_same_as_one_by_one(
    database: Database, runs: list[Any], named: set[int], last: int
) -> None:
    before, found = task(sorted(named), last), list[Any]()
    for parts in ([runs], [[one] for one in runs]):
        await database.tasks.replace_one({"_id": before["_id"]}, before, upsert=True)
        for part in parts:
            updates = run_effects.task_updates(part)
            assert len(updates) == 1
            await database.tasks.bulk_write(updates)
        found.append(known(await load_task(database, "alice/t")))
    assert found[0] == found[1]


def test_what_follows_for_many_runs_is_a_few_updates() -> None:
    """Single updates rewrote a task that lists 300 runs 300 times: 25 deletions took 45 seconds."""
    runs = [run(number, S.CANCELLED) for number in range(300)]
    ids, now = [one["_id"] for one in runs], clock.now()
    assert len(run_effects.task_updates(runs)) == 1
    assert len(reconciliation.stop_updates(ids, Hold.DELETED, now)) == 3
