"""Values see as much of the scope as they reference, and ask for what has to be loaded or evaluated elsewhere."""

import json
from typing import Any

import pytest

from tests.workflows.engine.world import COSTLY, T0, World, define, prepare_nothing
from tocsin.documents import StepReason, StepStatus
from tocsin.workflows.engine.evaluation import EvaluationResult, EvaluationSession, InlineBudgetExceeded
from tocsin.workflows.engine.plan import advance_workflow
from tocsin.workflows.engine.scope import (
    EvaluationNeeded,
    PlanPaused,
    ResultsNeeded,
    ResultsTooLarge,
    StepContext,
    collect_references,
    evaluate_value,
    read_result_json,
)
from tocsin.workflows.engine.states import WorkflowState
from tocsin.workflows.language.expressions import EvaluationError
from tocsin.workflows.language.jmespath_budget import Budget

STEPS: tuple[dict[str, Any], ...] = (
    {"key": "job"},
    {"key": "each", "forEach": [1, 2]},
    {"key": "pause", "wait": "PT1H"},
    {"key": "ask", "approval": {"by": "admins"}},
)


def situation(**statuses: StepStatus) -> tuple[WorkflowState, StepContext]:
    """Return a workflow run whose steps have these statuses, and the context of its next advance."""
    world = World(define(*STEPS, inputs={"x": {}}), {"x": {"y": 1}})
    state = WorkflowState.from_document(world.document)
    for key, status in statuses.items():
        state.steps[key].settle(status, T0)
    return state, StepContext(world.definition, T0, {}, prepare_nothing)


def test_a_value_sees_the_inputs_the_run_and_the_steps() -> None:
    state, context = situation(job=StepStatus.FAILED)
    value = {"x": "${{ inputs.x.y }}", "run": "${{ run }}", "of": "${{ workflow.version }}", "s": "${{ steps.job }}"}
    assert evaluate_value(value, state, context, "p") == {
        "x": 1,
        "run": {"id": "alice/w1", "dueAt": "2027-01-01T00:00:00.000Z"},
        "of": 1,
        "s": {"status": "FAILED", "error": None, "result": None},
    }


@pytest.mark.parametrize(
    ("value", "needed"),
    [
        ("${{ steps.job.result }}", {"job"}),
        ("${{ steps.job.status }}", {"job"}),
        ("${{ steps.*.result }}", {"job", "each"}),
        ("${{ steps.pause.result || steps.ask.result }}", set()),
        ("${{ inputs.x }}", set()),
    ],
)
def test_only_results_that_are_stored_in_runs_and_referenced_are_asked_for(value: str, needed: set[str]) -> None:
    state, context = situation(**dict.fromkeys(("job", "each", "pause", "ask"), StepStatus.COMPLETED))
    if needed:
        with pytest.raises(ResultsNeeded) as caught:
            evaluate_value(value, state, context, "p")
        assert caught.value.step_keys == needed
    else:
        evaluate_value(value, state, context, "p")


def test_a_failed_step_has_a_result_only_if_some_of_its_items_may_have_one() -> None:
    state, context = situation(job=StepStatus.FAILED, each=StepStatus.FAILED, ask=StepStatus.FAILED)
    state.steps["each"].items = "CF"
    assert [read_result_json(key, state, context) for key in ("job", "ask", "pause")] == ["null"] * 3
    with pytest.raises(ResultsNeeded):
        read_result_json("each", state, context)


@pytest.mark.parametrize(
    ("texts", "result"), [("[1]", "[1]"), (None, "null"), (["1", None, "{}"], "[1,null,{}]"), ([], "[]")]
)
def test_a_result_is_the_text_that_was_loaded(texts: Any, result: str) -> None:
    state, context = situation(job=StepStatus.COMPLETED)
    known = StepContext(context.definition, T0, {"job": texts}, prepare_nothing)
    assert read_result_json("job", state, known) == result


def test_waits_and_approvals_have_their_results_in_their_state() -> None:
    state, context = situation(pause=StepStatus.COMPLETED, ask=StepStatus.COMPLETED)
    assert json.loads(read_result_json("pause", state, context)) == {"until": "2027-01-01T00:00:00.000Z"}
    by_timeout = {"approved": True, "by": None, "at": "2027-01-01T00:00:00.000Z"}
    assert json.loads(read_result_json("ask", state, context)) == by_timeout
    state.steps["ask"].decision = {"by": "a@example.com", "at": "2027", "comment": "fine"}
    decided = {"approved": True, "by": "a@example.com", "at": "2027", "comment": "fine"}
    assert evaluate_value("${{ steps.ask.result }}", state, context, "p") == decided


def test_results_that_are_too_large_are_an_error_where_they_are_read() -> None:
    state, context = situation(job=StepStatus.COMPLETED)
    known = StepContext(context.definition, T0, {"job": ResultsTooLarge()}, prepare_nothing)
    with pytest.raises(EvaluationError, match="The results of the step job cannot be read"):
        evaluate_value("${{ steps.job.result }}", state, known, "p")
    with pytest.raises(EvaluationError, match="The results of the step job cannot be read"):
        read_result_json("job", state, known)


def test_a_value_beyond_the_budget_is_requested_unless_something_was_done() -> None:
    state, context = situation()
    state.inputs = json.dumps({"t": "a" * 1_000_000})
    session = EvaluationSession(Budget(10_000, InlineBudgetExceeded))
    spent = StepContext(context.definition, T0, {}, prepare_nothing, session)
    with pytest.raises(EvaluationNeeded) as caught:
        evaluate_value(COSTLY, state, spent, "p", (3, "1"))
    assert (caught.value.request.place, caught.value.request.items) == ("p", ((3, "1"),))
    session.has_progress = True
    with pytest.raises(PlanPaused):
        evaluate_value(COSTLY, state, spent, "p")


def test_a_result_that_another_process_found_is_used_for_its_place_and_item() -> None:
    state, context = situation()
    found = {("p", 3): EvaluationResult('"found"'), ("q", 0): EvaluationResult(error="it failed.")}
    known = StepContext(context.definition, T0, {}, prepare_nothing, EvaluationSession(results=found))
    assert evaluate_value("${{ item }}", state, known, "p", (3, "1")) == "found"
    assert evaluate_value("${{ item }}", state, known, "p", (4, "1")) == 1
    with pytest.raises(EvaluationError, match="it failed"):
        evaluate_value("other", state, known, "q")


def test_the_references_of_a_definition_cover_all_values_that_planning_evaluates() -> None:
    """Otherwise each advance would parse the expressions again."""
    undo = {"job": "http", "params": {"u": "${{ inputs.x }}"}}
    definition = define(
        {"key": "a", "when": "${{ `true` }}", "params": {"x": "${{ inputs.x }}"}, "compensation": undo},
        {"key": "b", "forEach": {"items": "${{ [`1`] }}"}, "dependsOn": []},
        {"key": "c", "wait": {"until": "2027-01-01T00:00:00Z"}, "dependsOn": []},
        {"key": "d", "approval": {"by": "${{ inputs.x }}", "message": "Pay?"}, "dependsOn": []},
        {"key": "e", "dependsOn": ["a"], "onFailure": "compensate"},
        output={"o": "${{ inputs.x }}"},
        inputs={"x": {}},
    )
    references = collect_references(definition)
    before = set(references)
    for failing in ("", "e"):
        document = World(definition, {"x": "admins"}).document
        for _ in range(6):
            state = WorkflowState.from_document(document)
            for key, step in state.steps.items():
                if step.undo == "R":
                    step.undo = "C"
                elif step.status in {StepStatus.RUNNING, StepStatus.WAITING}:
                    step.items = step.items and "C"
                    is_failed = key == failing
                    status = StepStatus.FAILED if is_failed else StepStatus.COMPLETED
                    step.settle(status, T0, StepReason.RUN_FAILED if is_failed else None)
            results: dict[str, Any] = {"b": ["1"]}
            context = StepContext(definition, T0, results, prepare_nothing, references=references)
            plan = advance_workflow(state, context, {})
            document = document | plan.to_update(state, T0)
        assert document["status"] in {"COMPLETED", "FAILED"}
    assert set(references) - before == set()
