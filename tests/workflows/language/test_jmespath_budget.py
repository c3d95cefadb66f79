"""Metered JMESPath means what JMESPath means, until its budget is spent."""

import json
from typing import Any

import jmespath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jmespath.exceptions import JMESPathError

from tests.workflows.samples import deep
from tocsin.workflows.language.expressions import ExpressionError, evaluate
from tocsin.workflows.language.jmespath_budget import (
    Budget,
    BudgetExceededError,
    EvaluationTimeoutError,
    MeteredFunctions,
    MeteredInterpreter,
)

OPTIONS = jmespath.Options(custom_functions=MeteredFunctions())
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
PATHS = st.sampled_from(
    ["@", "a", "b.a", "*", "[*]", "[0]", "[-1]", "[::-1]", "[1:]", "[]", "*.a", "[*].b", "`1`", "`[1, [2]]`", "'a'"]
)
SHAPES = (
    "({0}) | ({1})", "({0})[*].[{1}]", "[{0}, {1}]", "{{x: {0}, y: {1}}}", "({0}) == ({1})", "({0}) != ({1})",
    "({0}) < ({1})", "({0}) >= ({1})", "({0})[?{1}]", "({0}) || ({1})", "({0}) && ({1})", "!({0})", "({0})[]",
    "length({0})", "keys({0})", "sort({0})", "sort_by({0}, &{1})", "max_by({0}, &{1})", "map(&{1}, {0})", "sum({0})",
    "join('-', {0})", "contains({0}, {1})", "reverse({0})", "to_string({0})", "type({0})", "not_null({0}, {1})",
)  # fmt: skip
EXPRESSIONS = st.recursive(
    PATHS, lambda inner: st.builds(str.format, st.sampled_from(SHAPES), inner, inner), max_leaves=5
)


def metered(expression: str, value: Any, budget: Budget | None = None) -> Any:
    """Evaluate an expression within a budget."""
    return MeteredInterpreter(OPTIONS, budget or Budget()).visit(jmespath.compile(expression).parsed, value)


def result_of(evaluate_it: Any) -> str:
    """Return the result as JSON, or the type of the error."""
    try:
        return json.dumps(evaluate_it(), default=lambda _: "no JSON")
    except (JMESPathError, TypeError) as error:
        return type(error).__name__


@settings(max_examples=300)
@given(EXPRESSIONS, DATA)
def test_an_expression_has_the_result_that_jmespath_gives_it(expression: str, value: Any) -> None:
    standard = result_of(lambda: jmespath.search(expression, value))
    assert result_of(lambda: metered(expression, value)) == standard


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">="])
def test_values_of_all_types_are_compared_as_jmespath_does(operator: str) -> None:
    values = [None, False, True, 0, 1.5, "", "ab", [], [1], {}, {"a": 1}]
    expression = f"l {operator} r"
    for pair in [{"l": left, "r": right} for left in values for right in values]:
        standard = result_of(lambda pair=pair: jmespath.search(expression, pair))
        assert result_of(lambda pair=pair: metered(expression, pair)) == standard


@pytest.mark.parametrize(
    ("expression", "value", "result"),
    [
        ("default(a, 'x')", {}, "x"),
        ("default(a, 'x')", {"a": False}, False),
        ("round(@, `1`)", 2.345, 2.3),
        ("round(@, `-2`)", 1234, 1200),
        ("round(@, `1e9`)", 2.5, 2.5),
        ("split(',', @)", "a,b,", ["a", "b", ""]),
        ("split('', @)", "ab", ["a", "b"]),
        ("to_number(@)", True, None),
        ("to_number(@)", 3, 3),
    ],
)
def test_added_functions(expression: str, value: Any, result: Any) -> None:
    assert metered(expression, value) == result


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1000", 1000),
        ("-2.5e3", -2500.0),
        ("1_000", None),
        ("\u0661", None),
        ("nan", None),
        (" 1", None),
        ("0x1", None),
    ],
)
def test_a_text_is_a_number_where_json_has_it(text: str, number: object) -> None:
    assert metered("to_number(@)", text) == number


def test_a_budget_can_be_spent_to_its_last_part() -> None:
    budget = Budget(10)
    budget.spend(10)
    with pytest.raises(BudgetExceededError):
        budget.spend(1)


def test_the_time_is_checked_now_and_then_and_not_at_each_part() -> None:
    checks: list[int] = []

    def is_late() -> bool:
        checks.append(budget.remaining)
        return False

    budget = Budget(100_000, is_late=is_late)
    for _ in range(50_000):
        budget.spend(1)
    assert 3 <= len(checks) <= 5
    late = Budget(100_000, is_late=lambda: True)
    with pytest.raises(EvaluationTimeoutError):
        late.spend(50_000)


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (None, 1),
        ("a" * 16, 2),
        ([1, 2], 3),
        ({"a": 1}, 3),
        ({"a" * 32: 1}, 5),
        ([["a" * 160], {}], 14),
    ],
)
def test_a_value_is_charged_for_its_members_and_the_length_of_texts(value: Any, parts: int) -> None:
    budget = Budget(100)
    budget.spend_value(value)
    assert budget.total - budget.remaining == parts


def test_a_shared_part_is_charged_each_time_it_appears() -> None:
    value: Any = [1]
    for _ in range(20):
        value = [value, value]
    with pytest.raises(BudgetExceededError):
        Budget(1_000_000).spend_value(value)


@pytest.mark.parametrize("levels", [255, 256])
def test_a_value_may_have_256_levels(levels: int) -> None:
    value = deep(levels)
    if levels < 256:
        assert evaluate("${{ inputs.x }}", {"inputs": {"x": value}}) == value
    else:
        with pytest.raises(ExpressionError, match="more than 256 levels"):
            evaluate("${{ inputs.x }}", {"inputs": {"x": value}})


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("to_number('1e999')", "not a JSON number"),
        ("@.large", "a number that is too large"),
        ("[&a]", "it returns an expression reference"),
    ],
)
def test_no_result_is_returned_that_json_could_not_hold(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        evaluate(f"${{{{ {expression} }}}}", {"large": 10**400})


def test_an_expression_that_takes_too_long_is_named() -> None:
    with pytest.raises(ExpressionError, match=r"`length\(numbers\[\*\]\)` cannot be evaluated: it takes too long"):
        evaluate("${{ length(numbers[*]) }}", {"numbers": list(range(60_000))}, Budget(is_late=lambda: True))
