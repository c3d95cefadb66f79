"""Runs of steps are created once for each round, attempted at once if there is room, and cancelled in any state."""

from typing import Any

import pytest

from tests.harness import Stack, TargetServer, http_job, run_stack, wait_until
from tests.workflows.engine.world import World, define
from tocsin.documents import Database, RunDocument, Trigger
from tocsin.quotas.meter import UsageMeter
from tocsin.workflows.engine.states import StepRunRef
from tocsin.workflows.engine.step_runs import StepRuns
from tocsin.workflows.engine.step_starts import StepRunRequest

WORKFLOW_RUN = World(define({"key": "a"}, {"key": "b"})).document
A = "alice/w1:a"


def request(url: str, round_: int = 0, key: str = "a", job: Any = None) -> StepRunRequest:
    """Return a request for a run of this step that calls a URL, without retries."""
    no_retries: Any = {"max_retries": 0, "offsets": [], "backoff": None, "statuses": None}
    return StepRunRequest(StepRunRef(key), job or http_job(url), no_retries, None, priority=3, round=round_)


def step_runs(stack: Stack) -> StepRuns:
    return StepRuns(stack.database, stack.engine.transport, stack.wakeups, UsageMeter())


async def wait_for_run(stack: Stack, status: str, run_id: str = A) -> RunDocument:
    """Wait until the run has this status and its worker has forgotten or begun it."""

    async def reached() -> RunDocument | None:
        run = await stack.database.runs.find_one({"_id": run_id})
        is_running = status != "RUNNING" or run is None or run.get("begun", False)
        return run if run is not None and run["status"] == status and is_running else None

    found: RunDocument = await wait_until(reached)
    return found


async def test_a_run_is_attempted_and_has_all_that_its_step_sets(database: Database, target: TargetServer) -> None:
    async with run_stack(database, schedule=False) as stack:
        await step_runs(stack).create([request(f"{target.url}/x")], WORKFLOW_RUN)
        run = await wait_for_run(stack, "COMPLETED")
    assert [call["path"] for call in target.calls] == ["/x"]
    assert (run["task"], run["task_name"], run["trigger"]) == ("alice/w1", "w / a", Trigger.WORKFLOW)
    assert (run["owner"], run["priority"], run["round"], run["task_version"]) == ("alice", 3, 0, 1)


async def test_a_run_that_an_earlier_advance_created_is_not_created_again(
    database: Database, target: TargetServer
) -> None:
    """A crash after some runs were inserted: the rest is created, no room is lost, and no failure is repeated."""
    target.script = [500, 200]
    async with run_stack(database, schedule=False) as stack:
        await step_runs(stack).create([request(f"{target.url}/x")], WORKFLOW_RUN)
        await wait_for_run(stack, "FAILED")
        await step_runs(stack).create([request(f"{target.url}/x"), request(f"{target.url}/y", key="b")], WORKFLOW_RUN)
        await wait_for_run(stack, "COMPLETED", "alice/w1:b")
        await wait_until(lambda: _is_idle(stack))
        assert (await stack.run(A))["status"] == "FAILED"
    assert [call["path"] for call in target.calls] == ["/x", "/y"]


async def test_a_run_of_an_earlier_round_is_repeated_with_its_new_settings(
    database: Database, target: TargetServer
) -> None:
    target.script = [500, 200]
    async with run_stack(database, schedule=False) as stack:
        await step_runs(stack).create([request(f"{target.url}/old")], WORKFLOW_RUN)
        await wait_for_run(stack, "FAILED")
        for _ in range(2):  # the second time as after a crash
            await step_runs(stack).create([request(f"{target.url}/new", round_=1)], WORKFLOW_RUN)
        run = await wait_for_run(stack, "COMPLETED")
        await wait_until(lambda: _is_idle(stack))
    assert [call["path"] for call in target.calls] == ["/old", "/new"]
    assert (run["round"], run["budget_from"], len(run["attempts"])) == (1, 1, 2)


async def test_runs_that_cannot_be_stored_leave_no_room_reserved(database: Database) -> None:
    async with run_stack(database, schedule=False) as stack:
        too_large = {"kind": "http", "params": {"number": 2**70}}
        with pytest.raises(OverflowError):
            await step_runs(stack).create([request("", job=too_large)], WORKFLOW_RUN)
        assert await _is_idle(stack)


async def test_running_and_waiting_runs_are_cancelled(database: Database, target: TargetServer) -> None:
    async with run_stack(database, schedule=False, max_concurrency=1) as stack:
        runs = step_runs(stack)
        await runs.create([request(f"{target.url}/wait")], WORKFLOW_RUN)
        await wait_for_run(stack, "RUNNING")
        await runs.create([request(f"{target.url}/x", key="b")], WORKFLOW_RUN)
        await runs.cancel([A, "alice/w1:b"])
        for run_id in (A, "alice/w1:b"):
            run = await wait_for_run(stack, "CANCELLED", run_id)
            assert run["reason"] == "CANCEL_REQUESTED"
    assert [call["path"] for call in target.calls] == ["/wait"]


async def _is_idle(stack: Stack) -> bool:
    in_flight = stack.engine.in_flight
    return not in_flight.runs and in_flight._reserved == 0
