"""Steps start when their dependencies are settled, within the budget of one advance."""

from typing import Any

import pytest

from tests.workflows.engine.world import COSTLY, W, World, define, prepare_nothing, run_all
from tocsin.workflows.engine.evaluation import (
    EvaluationLimits,
    EvaluationSession,
    InlineBudgetExceeded,
    evaluate_request,
)
from tocsin.workflows.engine.plan import advance_workflow
from tocsin.workflows.engine.scope import EvaluationNeeded, StepContext
from tocsin.workflows.engine.states import WorkflowState
from tocsin.workflows.language.jmespath_budget import Budget


def test_a_condition_skips_a_step_but_not_what_follows_it() -> None:
    world = run_all(World(define({"key": "a", "when": "${{ `false` }}"}, {"key": "b"})))
    assert world.statuses() == {"a": "SKIPPED", "b": "COMPLETED"}
    assert world.document["status"] == "COMPLETED"


def test_an_expression_that_fails_fails_its_step_with_its_text() -> None:
    world = run_all(
        World(define({"key": "a"}, {"key": "b", "params": {"n": "${{ length(steps.a.result) }}"}}), {}), {"a": 5}
    )
    error = world.document["steps"]["b"]["error"]
    assert (world.statuses()["b"], error["kind"]) == ("FAILED", "EXPRESSION")
    assert error["message"].startswith("The expression `length(steps.a.result)` cannot be evaluated: ")


def test_items_run_side_by_side_within_their_limit_and_keep_their_order() -> None:
    each = {"items": "${{ inputs.l }}", "concurrency": 2}
    world = World(
        define({"key": "a", "forEach": each, "params": {"x": "${{ item }}/${{ index }}"}}, inputs={"l": {}}),
        {"l": ["p", "q", "r"]},
    )
    world.look()
    assert world.running() == [f"{W}a[0]", f"{W}a[1]"]
    assert world.runs[f"{W}a[1]"]["job"]["params"] == {"x": "q/1"}
    world.end(f"{W}a[1]", result="Q")
    world.look()
    world.end(f"{W}a[2]", result="R")
    world.end(f"{W}a[0]", result="P")
    world.look()
    assert world.finish is not None
    assert world.finish.output == '["P","Q","R"]'


def test_no_items_are_done_at_once() -> None:
    world = run_all(World(define({"key": "a", "forEach": []}, {"key": "b"})))
    assert (world.statuses(), world.moves) == ({"a": "COMPLETED", "b": "COMPLETED"}, [f"{W}b"])


def test_what_is_no_list_or_too_long_cannot_be_spread() -> None:
    for items, message in (
        ("${{ inputs.l }}", "returned a string"),
        ({"items": [1, 2], "maxItems": 1}, "has 2 items; at most 1"),
    ):
        world = run_all(World(define({"key": "a", "forEach": items}, inputs={"l": {}}), {"l": "no"}))
        assert message in world.document["steps"]["a"]["error"]["message"]


def test_a_wait_until_a_time_that_has_passed_is_none() -> None:
    assert (
        run_all(World(define({"key": "a", "wait": {"until": "2026-01-01T00:00:00Z"}}))).document["status"]
        == "COMPLETED"
    )


def test_a_value_beyond_the_budget_is_requested_and_steps_already_started_are_kept() -> None:
    """A cheap step is started first; the next advance does the rest, and the expensive value becomes a request."""
    steps: list[Any] = [{"key": "small", "dependsOn": []}, {"key": "large", "dependsOn": [], "params": {"b": COSTLY}}]
    world = World(define(*steps, inputs={"t": {}}), {"t": "a" * 1_000_000})
    state = WorkflowState.from_document(world.document)
    context = StepContext(
        world.definition, world.now, {}, prepare_nothing, EvaluationSession(Budget(10_000, InlineBudgetExceeded))
    )
    plan = advance_workflow(state, context, {})
    assert ([start.ref.key for start in plan.runs_to_start], plan.has_more, plan.outcome) == (["small"], True, None)
    again = StepContext(
        world.definition, world.now, {}, prepare_nothing, EvaluationSession(Budget(10_000, InlineBudgetExceeded))
    )
    with pytest.raises(EvaluationNeeded) as caught:
        advance_workflow(state, again, {})
    answers = evaluate_request(caught.value.request, EvaluationLimits())
    session = EvaluationSession(Budget(10_000, InlineBudgetExceeded), answers)
    answered = StepContext(
        world.definition,
        world.now,
        {},
        prepare_nothing,
        session,
    )
    assert [start.ref.key for start in advance_workflow(state, answered, {}).runs_to_start] == ["large"]


def test_many_items_are_started_in_slices() -> None:
    each = {"items": list(range(5_000)), "maxItems": 10_000, "concurrency": 1_000}
    world = World(define({"key": "each", "forEach": each, "params": {"b": "${{ item }}"}}, concurrency=1_000))
    state, advances, started = WorkflowState.from_document(world.document), 0, list[int]()
    while len(started) < 1_000:
        context = StepContext(
            world.definition, world.now, {}, prepare_nothing, EvaluationSession(Budget(10_000, InlineBudgetExceeded))
        )
        plan = advance_workflow(state, context, {})
        assert 0 < len(plan.runs_to_start) <= 100
        assert plan.has_more or len(started) + len(plan.runs_to_start) == 1_000
        started += [start.ref.item or 0 for start in plan.runs_to_start]
        advances += 1
    assert (started, advances >= 10) == (list(range(1_000)), True)


def test_many_steps_with_many_dependencies_are_visited_once_each() -> None:
    """Defined in reverse order, each step used to need another advance: 200 advances for 200 steps."""
    count = 200
    steps = [
        {"key": f"s{number}", "when": "${{ `false` }}", "dependsOn": [f"s{before}" for before in range(number)]}
        for number in reversed(range(count))
    ]
    world = World(define(*steps))
    world.look()
    assert set(world.statuses().values()) == {"SKIPPED"}
    assert world.definition.steps_in_order[0].key == "s0"
