"""The outline of a workflow that may have faults: which steps come before which."""

from typing import Any

import pytest

from tocsin.workflows.language.outline import build_outline, find_shape_fault


@pytest.mark.parametrize("data", [None, 5, [], {}, {"steps": "no", "inputs": []}, {"steps": [None, 5]}])
def test_anything_has_an_outline(data: Any) -> None:
    outline = build_outline(data)
    assert (outline.steps, dict(outline.inputs)) == ((), {})


def test_a_step_depends_on_the_one_before_unless_it_says_otherwise() -> None:
    outline = build_outline({"steps": [{"key": "a"}, {"key": "b"}, {"key": "c", "dependsOn": ["a"]}, {"key": "d"}]})
    assert outline.dependencies() == {"a": (), "b": ("a",), "c": ("a",), "d": ("c",)}
    assert set(outline.find_steps_before(outline.steps[3])) == {"a", "c"}


def test_where_dependencies_are_unknown_all_steps_may_come_before() -> None:
    outline = build_outline({"steps": [{"key": "a"}, {"job": "http"}, {"key": "b"}, {"key": "c", "depends_on": [5]}]})
    assert outline.keys == ["a", "b", "c"]
    assert set(outline.find_steps_before(outline.steps[2])) == {"a", "steps[1]", "b", "c"}
    assert not outline.steps[3].has_known_dependencies


def test_values_with_expressions_are_found_in_either_spelling() -> None:
    data = {
        "key": "a",
        "job": "http",
        "params": 1,
        "for_each": {"items": [2], "maxItems": 3},
        "compensation": {"params": 4},
    }
    (step,) = build_outline({"steps": [data]}).steps
    assert step.is_for_each
    assert step.expression_values() == {("params",): 1, ("forEach", "items"): [2], ("compensation", "params"): 4}


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        ({"job", "params", "retry"}, None),
        ({"wait"}, None),
        (set(), "A step has exactly one of job, wait and approval; this one has none of them."),
        ({"job", "wait"}, "A step has exactly one of job, wait and approval; this one has job and wait."),
        ({"wait", "params", "retry"}, "params and retry need a step with a job; this one has wait."),
    ],
)
def test_a_step_is_of_one_kind(names: set[str], fault: str | None) -> None:
    assert find_shape_fault(names) == fault
