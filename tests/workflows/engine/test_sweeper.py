"""A sweep finds the workflow runs that are due, and all open ones from time to time, in parts."""

from datetime import timedelta

import pytest

from tests.harness import run_stack
from tests.workflows.samples import workflow
from tocsin import clock
from tocsin.documents import Database
from tocsin.workflows.engine import sweeper
from tocsin.workflows.engine.sweeper import WorkflowSweeper

PAUSE = {"key": "pause", "wait": "PT1H"}
LATER = timedelta(seconds=sweeper.FULL_SWEEP_INTERVAL + 1)


async def start_runs(database: Database, count: int, owner: str = "alice") -> list[str]:
    """Start runs of a workflow, which nothing advances, and return their sorted IDs."""
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow(PAUSE), owner)
        return sorted([await stack.execute("w", owner=owner) for _ in range(count)])


async def test_open_runs_of_an_owner_are_swept_in_parts_that_go_round(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "_MAX_SWEPT", 3)
    ids, swept = await start_runs(database, 5), WorkflowSweeper(database)
    now = clock.now()
    parts = [{run_id async for run_id, _ in swept.find_due(now + round_ * LATER)} for round_ in range(3)]
    assert parts == [set(ids[:3]), {*ids[3:], ids[0]}, set(ids[1:4])]


async def test_between_two_full_sweeps_only_due_runs_are_found(database: Database) -> None:
    (first, second), swept = await start_runs(database, 2), WorkflowSweeper(database)
    now = clock.now()
    assert {run_id async for run_id, _ in swept.find_due(now)} == {first, second}
    await database.workflow_runs.update_one({"_id": first}, {"$set": {"wake_at": now}})
    await database.workflow_runs.update_one({"_id": second}, {"$set": {"wake_at": now + timedelta(seconds=2)}})
    assert [run_id async for run_id, _ in swept.find_due(now + timedelta(seconds=1))] == [first]


async def test_a_clock_that_was_set_back_does_not_stop_full_sweeps(database: Database) -> None:
    ids, swept = await start_runs(database, 1), WorkflowSweeper(database)
    now = clock.now()
    for moment in (now, now - LATER):
        assert [run_id async for run_id, _ in swept.find_due(moment)] == ids


async def test_an_ended_run_is_not_found(database: Database) -> None:
    (run_id,) = await start_runs(database, 1)
    await database.workflow_runs.update_one({"_id": run_id}, {"$set": {"open": False, "wake_at": clock.now()}})
    assert [found async for found in WorkflowSweeper(database).find_due(clock.now())] == []
