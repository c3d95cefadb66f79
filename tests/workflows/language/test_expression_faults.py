"""Errors of JMESPath become sentences that quote no large value."""

import re
from typing import Any

import jmespath
import pytest
from jmespath.exceptions import JMESPathError

from tocsin.workflows.language.expression_faults import describe_error, find_position
from tocsin.workflows.language.expressions import ExpressionError, evaluate


def failure(expression: str, value: Any = None) -> JMESPathError:
    """Return the error of this expression."""
    with pytest.raises(JMESPathError) as caught:
        jmespath.search(expression, value)
    return caught.value


@pytest.mark.parametrize(
    ("expression", "sentence", "position"),
    [
        ("", "it is empty.", None),
        ("a.", "it ends too early.", 2),
        ("a[", "it ends too early.", 2),
        ("a b", "unexpected 'b'.", 2),
        ("a#", "Unknown token #.", 1),
        ("'a", "Unclosed ' delimiter.", 0),
        ("nothing(@)", "Unknown function: nothing().", None),
    ],
)
def test_what_cannot_be_parsed_or_called_is_described_with_its_place(
    expression: str, sentence: str, position: int | None
) -> None:
    error = failure(expression)
    assert (describe_error(error), find_position(error)) == (sentence, position)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (2.5, "2.5"),
        ("é" * 100, '"' + "é" * 60 + '"'),
        ([1] * 1000, "an array"),
        ({"a": 1}, "an object"),
    ],
)
def test_a_wrong_argument_is_shown_in_a_few_characters(value: Any, shown: str) -> None:
    expression = "sort(@)" if not isinstance(value, list) else "abs(@)"
    expected = "number" if isinstance(value, list) else "array-string or array-number"
    function = "abs" if isinstance(value, list) else "sort"
    assert describe_error(failure(expression, value)) == f"function {function}() expects {expected}, not {shown}."


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("length()", "function length() expects 1 argument, not 0."),
        ("contains(@)", "function contains() expects 2 arguments, not 1."),
        ("merge()", "function merge() expects at least 1 argument, not 0."),
    ],
)
def test_a_call_with_too_few_or_too_many_arguments_is_described(expression: str, sentence: str) -> None:
    assert describe_error(failure(expression)) == sentence
    with pytest.raises(ExpressionError, match=re.escape(sentence)):
        evaluate(f"${{{{ {expression} }}}}", {})


def test_an_expression_reference_in_the_place_of_a_value_is_named() -> None:
    assert describe_error(failure("abs(&a)")).endswith(", not an expression (&).")
