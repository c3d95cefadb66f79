"""Expensive values are evaluated in other processes, in slices, and hold up no other owner."""

import json
import os
from typing import Any

import pytest

from tests.harness import TargetServer, run_stack, wait_until
from tests.workflows.engine.world import COSTLY, request
from tests.workflows.samples import step, workflow
from tocsin.compute.limits import ComputeLimit, ComputeLimitReached, ComputeLimits
from tocsin.documents import Database
from tocsin.jobs.base import Compute, ComputeProcessEnded
from tocsin.workflows.engine import evaluator
from tocsin.workflows.engine.evaluation import EvaluationRequest
from tocsin.workflows.engine.evaluator import Evaluator

TOO_COSTLY = "${{ [" + ",".join(["contains(inputs.t,'aaaaaab')"] * 60) + "] }}"


async def test_a_hostile_workflow_fails_alone(
    database: Database, target: TargetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its expressions are evaluated in other processes, stopped and named, while another owner's workflows go on."""
    processes: list[int] = []
    answer = Evaluator.evaluate

    async def noted(self: Evaluator, asked: EvaluationRequest, owner: str) -> Any:
        assert self.compute is not None
        processes.append(await self.compute(os.getpid, owner=owner))
        return await answer(self, asked, owner)

    monkeypatch.setattr(Evaluator, "evaluate", noted)
    steps = [step(f"s{number}", target.url, dependsOn=[]) for number in range(4)]
    for each in steps:
        each["params"] = {"url": target.url, "method": "POST", "body": TOO_COSTLY}
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(*steps, inputs={"t": {}}), "mallory")
        await stack.save_workflow(workflow(step("a", target.url, when="${{ inputs.x == `1` }}"), inputs={"x": {}}))
        hostile = [await stack.execute("w", {"t": "a" * 1_000_000}, "mallory") for _ in range(3)]
        for run_id in hostile:
            stack.workflows.request_advance(run_id)
        await wait_until(lambda: _has(processes))
        mine = await stack.execute("w", {"x": 1})
        stack.workflows.request_advance(mine)
        await stack.wait_for_workflow_run(mine, "COMPLETED")
        assert await database.workflow_runs.count_documents({"owner": "mallory", "open": True}) > 0
        ended = await stack.wait_for_workflow_run(hostile[0], "FAILED", seconds=60)
    assert os.getpid() not in processes
    error = ended["steps"]["s0"]["error"]
    assert error["kind"] == "EXPRESSION"
    assert "contains(inputs.t,'aaaaaab')" in error["message"]
    assert "it reads and produces more than 1,000,000 parts of values" in error["message"]


async def _has(found: list[Any]) -> bool:
    return bool(found)


async def test_large_values_come_out_as_small_ones_do(database: Database, target: TargetServer) -> None:
    """Conditions, items, parameters and the output go through processes, in slices."""
    text = workflow(
        step("each", target.url, when=COSTLY.replace("aaaaaab", "aaaaaaa"),
             forEach={"items": "${{ [inputs.list, " + ",".join(["contains(inputs.t,'ab')"] * 3) + "][0][?n > `0`] }}"}),
        output={"count": "${{ length(steps.each.result) }}", "long": "${{ starts_with(inputs.t, reverse(inputs.t)) }}"},
        inputs={"t": {}, "list": {}},
    )  # fmt: skip
    async with run_stack(database) as stack:
        await stack.save_workflow(text)
        run_id = await stack.execute("w", {"t": "a" * 500_000, "list": [{"n": number} for number in range(12)]})
        stack.workflows.request_advance(run_id)
        run = await stack.wait_for_workflow_run(run_id, "COMPLETED", "FAILED", seconds=60)
    assert (run["error"], json.loads(run["output"] or "null")) == (None, {"count": 11, "long": True})


class _Ending:
    """A compute function whose processes end with this error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def __call__(self, *_: Any, **__: Any) -> Any:
        raise self._error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ComputeProcessEnded("The process that did the work ended."), "The process that did the work ended."),
        (ComputeLimitReached(ComputeLimit.MEMORY, ComputeLimits()), "The work needed more than 512 MB of memory."),
    ],
)
async def test_a_process_that_ends_is_an_answer(error: Exception, message: str) -> None:
    compute: Compute = _Ending(error)
    found = await Evaluator(compute=compute).evaluate(request(COSTLY, "1", "2", t="a"), "mallory")
    assert found["s.params", 0].error == f"s.params cannot be evaluated. {message} {evaluator._LESS}"


async def test_items_and_outputs_that_no_document_could_hold_fail_the_run(
    database: Database, target: TargetServer
) -> None:
    """The document could not be written, and the write was retried forever."""
    large = "${{ [inputs.t, inputs.t, inputs.t, inputs.t, inputs.t] }}"
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(step("a", target.url, forEach=large), inputs={"t": {}}))
        await stack.save_workflow(workflow(step("a", target.url), inputs={"t": {}}, output=large, name="v"))
        runs = [await stack.execute(name, {"t": "a" * 1_000_000}) for name in ("w", "v")]
        for run_id in runs:
            stack.workflows.request_advance(run_id)
        ended = [await stack.wait_for_workflow_run(run_id, "FAILED", seconds=30) for run_id in runs]
    assert "a.forEach.items has 5,000,0" in ended[0]["steps"]["a"]["error"]["message"]
    assert "output has 5,000,0" in ended[1]["error"]["message"]
    assert ended[1]["reason"] == "OUTPUT_FAILED"


async def test_evaluations_of_several_owners_go_on_at_once(database: Database, target: TargetServer) -> None:
    """Sixteen heavy workflow runs of one owner leave slots and processes to another."""
    async with run_stack(database) as stack:
        for owner in ("mallory", "alice"):
            await stack.save_workflow(workflow(step("a", target.url, when=COSTLY), inputs={"t": {}}), owner)
        theirs = [await stack.execute("w", {"t": "a" * 1_000_000}, "mallory") for _ in range(16)]
        for run_id in theirs:
            stack.workflows.request_advance(run_id)
        mine = await stack.execute("w", {"t": "a" * 1_000_000})
        stack.workflows.request_advance(mine)
        await stack.wait_for_workflow_run(mine, "COMPLETED", seconds=60)
        left = await database.workflow_runs.count_documents({"owner": "mallory", "open": True})
    assert left >= 6
