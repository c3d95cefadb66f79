"""Results of steps are loaded as JSON texts, as long as all of them together are small enough."""

import json

import pytest

from tests.harness import TargetServer, run_stack
from tests.workflows.engine.world import W, World, define
from tests.workflows.samples import step, workflow
from tocsin.documents import Database
from tocsin.workflows.engine import step_results
from tocsin.workflows.engine.scope import ResultsTooLarge
from tocsin.workflows.engine.states import WorkflowState
from tocsin.workflows.engine.step_results import load_results


def finished() -> WorkflowState:
    """Return a workflow run whose single step and whose three items have ended, the second item with a failure."""
    world = World(define({"key": "single"}, {"key": "each", "dependsOn": [], "forEach": [1, 2, 3]}))
    world.look()
    for run_id in world.running():
        world.end(run_id, "FAILED" if run_id == f"{W}each[1]" else "COMPLETED")
    return world.look()


async def store(database: Database, **texts: str | None) -> None:
    """Insert the runs of steps and items with these results. `each_0` stands for the first item."""
    for name, text in texts.items():
        key, _, item = name.partition("_")
        run_id = f"{W}{key}[{item}]" if item else f"{W}{key}"
        await database.db["runs"].insert_one({"_id": run_id, "result": text})


async def test_items_are_in_their_order_with_none_for_those_without_a_result(database: Database) -> None:
    await store(database, each_2="3", single=json.dumps({"a": 1}), each_0="1", each_1=None)
    found = await load_results(database, finished(), ["each", "single"], {})
    assert found == {"each": ["1", None, "3"], "single": '{"a": 1}'}


async def test_a_run_that_was_deleted_has_no_result(database: Database) -> None:
    await store(database, each_0="1")
    assert await load_results(database, finished(), ["each", "single"], {}) == {
        "each": ["1", None, None],
        "single": None,
    }


@pytest.mark.parametrize(("single", "fits"), [("x" * 5, True), ("x" * 6, False)])
async def test_results_count_together_with_those_loaded_before(
    database: Database, monkeypatch: pytest.MonkeyPatch, single: str, fits: bool
) -> None:
    monkeypatch.setattr(step_results, "MAX_RESULTS_LENGTH", 10)
    await store(database, single=single)
    loaded = {"a": "12", "b": ["3", None, "45"], "c": None, "d": ResultsTooLarge()}
    found = await load_results(database, finished(), ["single"], loaded)
    assert found == {"single": single if fits else ResultsTooLarge()}


async def test_none_of_the_results_is_loaded_if_they_do_not_fit_together(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_results, "MAX_RESULTS_LENGTH", 10)
    await store(database, single="x" * 6, each_0="y" * 6)
    found = await load_results(database, finished(), ["single", "each"], {})
    assert found == {"single": ResultsTooLarge(), "each": ResultsTooLarge()}


async def test_results_that_are_too_large_to_read_fail_what_asks_for_them(
    database: Database, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_results, "MAX_RESULTS_LENGTH", 50)
    async with run_stack(database) as stack:
        await stack.save_workflow(
            workflow(step("a", target.url), step("b", target.url, when="${{ steps.a.result.statusCode == `200` }}"))
        )
        run_id = await stack.execute("w")
        stack.workflows.request_advance(run_id)
        run = await stack.wait_for_workflow_run(run_id, "FAILED")
    assert "The results of the step a cannot be read" in run["steps"]["b"]["error"]["message"]
