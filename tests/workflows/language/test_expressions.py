"""Expressions: results, references, and that any text raises no error but their own."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.workflows.language.expressions import (
    ExpressionError,
    evaluate,
    find_faults,
    find_roots,
    find_step_references,
    is_truthy,
)

SCOPE = {"inputs": {"n": 3, "none": None, "list": [1, 2]}, "steps": {"a": {"result": {"items": [{"id": "q"}]}}}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${{ inputs.n }}", 3),
        (" ${{ inputs.list }} ", [1, 2]),
        ("n=${{ inputs.n }}, ${{ inputs.list }}!", "n=3, [1,2]!"),
        ("${{ inputs.none }}", None),
        ("<${{ inputs.none }}>", "<>"),
        ("${{ steps.a.result.items[0].id }}", "q"),
        ("${{ steps.a.result.nothing.at.all }}", None),
        ("${{ length(inputs.list) > `1` }}", True),
        ("$${{ inputs.n }}", "${{ inputs.n }}"),
        ("${{ default(inputs.none, 'x') }}", "x"),
        ("${{ round(`2.345`, `1`) }}", 2.3),
        ("${{ split(',', 'a,b') }}", ["a", "b"]),
        ("no expression", "no expression"),
    ],
)
def test_results_of_expressions(text: str, value: Any) -> None:
    assert evaluate({"k": [text]}, SCOPE) == {"k": [value]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${{ length(inputs.n) }}", "`length(inputs.n)` cannot be evaluated: function length()"),
        ("${{ inputs. }}", "`inputs.` cannot be evaluated, at character 8: it ends too early."),
        ("${{ " + "a." * 1500 + "a }}", "it has 3003 characters; at most 2000 are allowed."),
    ],
)
def test_an_error_has_the_text_and_the_place_of_its_expression(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, SCOPE)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("${{ steps.a.result }} ${{ steps.b.error }}", {"a", "b"}),
        ('${{ steps."a" | length(@) }}', {"a"}),
        ("${{ [steps.a, steps.b.result[?x == `1`]] }}", {"a", "b"}),
        ("${{ steps.*.result }}", {"*"}),
        ("${{ keys(steps) }}", {"*"}),
        ("${{ inputs.steps }}", set()),
    ],
)
def test_the_steps_that_an_expression_references(text: str, keys: set[str]) -> None:
    assert find_step_references([text]) == keys


def test_a_text_of_beginnings_is_read_in_one_pass() -> None:
    """Each unclosed one used to be searched for its end: 256 KiB took a quarter of an hour."""
    text = "${{" * 80_000
    assert len(find_faults(text)) == 1
    assert evaluate(text, SCOPE) == text
    assert find_step_references(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "${{ `[1]`" + " | [@,@,@,@][]" * 100 + " }}",
        "${{ `[1]`" + " | [@,@,@,@]" * 40 + " | to_string(@) }}",
        "${{ 'x'" + " | join('', [@,@,@,@])" * 60 + " }}",
        "${{ [`1`" + " | [@,@]" * 60 + ", `1`" + " | [@,@]" * 60 + "] | [0] == [1] }}",
        "${{ `[1]`" + (" | [" + "@," * 290 + "@][]") * 3 + " }}",
        "x" + "${{ inputs.long }}" * 200,
    ],
)
def test_no_expression_makes_more_than_it_may(text: str) -> None:
    with pytest.raises(ExpressionError, match="it reads and produces more than 1,000,000 parts"):
        evaluate(text, {"inputs": {"long": "x" * 1_000_000}})


def test_the_names_it_begins_with() -> None:
    assert find_roots("${{ inputs.a && steps.b || max([item, index]) }}") == {"inputs", "steps", "item", "index"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, True), ("", False), ([], False), ({}, False), (None, False), (False, False), ("no", True)],
)
def test_truth_is_jmespaths(value: Any, expected: bool) -> None:
    assert is_truthy(value) is expected


@given(JSON)
def test_a_value_without_expressions_stays_as_it_is(value: Any) -> None:
    if "${{" not in json.dumps(value):
        assert evaluate(value, SCOPE) == value
        assert find_faults(value) == []


@given(st.text(alphabet="${} abc.[]()'`|&@*?:0123,\"\\<>=!-", max_size=40))
def test_any_text_gives_a_value_or_an_expression_error(text: str) -> None:
    whole = "${{" + text + "}}"
    faults = find_faults(whole)
    try:
        evaluate(whole, SCOPE)
        find_step_references(whole)
    except ExpressionError:
        return
    assert not [fault for fault in faults if "function" not in fault.message]
