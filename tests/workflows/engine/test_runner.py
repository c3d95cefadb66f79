"""Workflow runs with the real database and real calls: crashes between all writes, decisions, cancel, resume."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from tests.commands import CommandLog, logged
from tests.harness import Stack, TargetServer, run_stack, wait_until
from tests.workflows.engine.mortal import Died, MortalRunner
from tests.workflows.engine.world import COSTLY
from tests.workflows.samples import add_user, require, step, workflow
from tocsin import clock
from tocsin.documents import Database, WorkflowRun
from tocsin.maintenance.pruner import Pruner
from tocsin.workflows import control
from tocsin.workflows.engine import engine as engine_module
from tocsin.workflows.engine import runner as runner_module
from tocsin.workflows.engine.plan import Plan, advance_workflow
from tocsin.workflows.engine.runner import WorkflowRunner


async def test_a_crash_between_any_two_writes_is_repaired(database: Database, target: TargetServer) -> None:
    """The first run crashes at the first boundary, the second at the second, until one completes without a crash."""
    url = target.url
    text = workflow(
        step("a", f"{url}/a", compensation={"job": "http", "params": {"url": f"{url}/undo"}}),
        step("each", f"{url}/each", forEach=[1, 2, 3]),
        {"key": "pause", "wait": "PT0.05S"},
        step("broken", f"{url}/broken", onFailure="compensate", params={"url": "http://192.0.2.1/"}),
    )
    async with run_stack(database, schedule=False, lease_seconds=1) as stack:
        await stack.save_workflow(text)
        deaths = 0
        while await _dies_once(stack, deaths + 1, target):
            deaths += 1
        assert deaths >= 12


async def _dies_once(stack: Stack, boundary: int, target: TargetServer) -> bool:
    target.calls.clear()
    run_id = await stack.execute("w")
    died = False
    mortal = MortalRunner(stack, boundary)

    async def moved() -> bool:
        nonlocal died
        try:
            await (stack.make_runner() if died else mortal).advance(run_id)
        except Died:
            died = True
        run = await WorkflowRun.get(run_id)
        return run is not None and not run.open

    await wait_until(moved, 20)
    run = await WorkflowRun.get(run_id)
    assert run is not None
    assert (run.status.value, run.reason and run.reason.value) == ("FAILED", "COMPENSATED")
    assert sorted(call["path"] for call in target.calls) == ["/a", "/each", "/each", "/each", "/undo"]
    assert await stack.database.runs.count_documents({"task": run_id}) == 6
    return died


async def test_a_step_costs_one_write_of_each_document_and_no_read(database: Database, target: TargetServer) -> None:
    log, steps = CommandLog(), 30
    async with logged(database, log) as connection, run_stack(connection) as stack:
        await stack.save_workflow(workflow(*(step(f"s{number}", target.url) for number in range(steps))))
        stack.workflows.request_advance(run_id := await stack.execute("w"))

        async def ended() -> bool:
            return await database.workflow_runs.count_documents({"_id": run_id, "status": "COMPLETED"}) == 1

        await wait_until(ended)
        found = log.count("workflow_runs", "runs", "response_bodies")
    writes = ("update workflow_runs", "insert runs", "update runs", "insert response_bodies")
    assert [found[name] for name in writes] == [steps + 1, steps, steps, steps]
    assert found["find workflow_runs"] < steps  # by sweeps, at the start and at the end
    assert found["find runs"] < steps


async def test_a_change_by_another_process_is_noticed_by_the_next_advance(
    database: Database, target: TargetServer
) -> None:
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(step("a", f"{target.url}/wait"), step("b", f"{target.url}/b")))
        stack.workflows.request_advance(run_id := await stack.execute("w"))
        await stack.wait_for_workflow_run(run_id, "RUNNING")
        await wait_until(lambda: _knows(stack, run_id))
        await control.cancel_workflow_run(database, "alice", run_id, clock.now())  # without a signal in this process
        target.release.set()
        run = await stack.wait_for_workflow_run(run_id, "CANCELLED")
    assert [run["steps"][key]["status"] for key in ("a", "b")] == ["COMPLETED", "CANCELLED"]
    assert [call["path"] for call in target.calls] == ["/wait"]


async def _knows(stack: Stack, run_id: str) -> bool:
    return stack.workflows._runner.knows(run_id)


async def test_old_workflow_runs_are_forgotten_open_ones_are_not(database: Database, target: TargetServer) -> None:
    await add_user("alice")
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow({"key": "ask", "approval": {"by": "admins"}}))
        ended, going = await stack.execute("w"), await stack.execute("w")
        await control.cancel_workflow_run(database, "alice", ended, clock.now())
        await stack.make_runner().advance(ended)
        later = clock.now() + timedelta(days=91)
        retention = Pruner(database, timedelta(days=90), timedelta(days=90))
        assert await retention.prune(later) == 1
        assert [run["_id"] for run in await database.workflow_runs.find({}).to_list()] == [going]


async def test_a_run_that_cannot_be_moved_on_is_ended_and_may_be_resumed(
    database: Database, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    advanced: list[str] = []

    async def fail(_: WorkflowRunner, document: Any, *__: Any, **___: Any) -> Any:
        advanced.append(document["_id"])
        raise KeyError("a fault of ours")

    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(step("a", f"{target.url}/wait")))
        stack.workflows.request_advance(run_id := await stack.execute("w"))

        await stack.wait_for_workflow_run(run_id, "RUNNING")
        monkeypatch.setattr(engine_module, "_BACKOFF", 0.001)
        monkeypatch.setattr(WorkflowRunner, "_make_plan", fail)
        stack.workflows.request_advance(run_id)
        run = await stack.wait_for_workflow_run(run_id, "FAILED")
    assert (run["error"]["kind"], run["steps"]["a"]["status"], run["open"]) == ("INTERNAL", "CANCELLED", False)
    assert advanced == [run_id] * engine_module._MAX_FAILURES
    assert await database.runs.count_documents({"task": run_id, "status": "COMPLETED"}) == 0


async def test_an_abandoned_run_counts_as_storage_once(database: Database, target: TargetServer) -> None:
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow(step("a", target.url), inputs={"text": {}}))
        run_id, runner = await stack.execute("w", {"text": "x" * 5_000}), stack.make_runner()
        runner._meter.drain_pending()
        assert await runner.abandon(run_id)
        assert await runner.abandon(run_id)
        (pending,) = runner._meter.drain_pending()
        assert 5_000 < pending.storage < 5_100


SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
EXPENSIVE = {"params": {"url": "http://127.0.0.1:8080/${{ length(inputs.t) }}", "body": COSTLY}}
MANY = [step(f"s{number}", "http://127.0.0.1:8080/", dependsOn=[]) for number in range(20)]


@pytest.mark.parametrize(
    ("steps", "on_loop"),
    [
        ([step("a", "http://127.0.0.1:8080/${{ length(inputs.t) }}")], [True]),
        ([{"key": "a", "wait": "PT1H"}], [True]),
        ([step("a", "http://127.0.0.1:8080/", forEach=[1, 2])], [False]),
        ([{"key": "a", "job": "polygonArea", "params": {"geojson": SQUARE}}], [False]),
        ([step("a", "", **EXPENSIVE)], [True, False]),
        (MANY, [True, False]),
    ],
)
async def test_only_what_takes_a_millisecond_is_planned_on_the_event_loop(
    database: Database, monkeypatch: pytest.MonkeyPatch, steps: list[dict[str, Any]], on_loop: list[bool]
) -> None:
    found: list[bool] = []

    def plan(*args: Any) -> Plan:
        found.append(threading.current_thread() is threading.main_thread())
        return advance_workflow(*args)

    monkeypatch.setattr(runner_module, "advance_workflow", plan)
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow(*steps, inputs={"t": {"default": "a" * 4_000}}, concurrency=30))
        await stack.make_runner().advance(run_id := await stack.execute("w"), is_light=True)
    assert found == on_loop
    run = require(await database.workflow_runs.find_one({"_id": run_id}))
    begun = {"RUNNING", "WAITING"}
    expected = len(steps) if steps is MANY else 1
    assert len([one for one in run["steps"].values() if one["status"] in begun]) == expected
