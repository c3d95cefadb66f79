"""Expressions are charged for what they read and produce: each function and operator, each time."""

from typing import Any

import pytest
from jmespath.functions import Functions as Standard

from tocsin.workflows.language.expressions import ExpressionError, evaluate
from tocsin.workflows.language.jmespath_budget import Budget, MeteredFunctions
from tocsin.workflows.language.jmespath_costs import charge_call

TEXT = "a" * 1_000_000
WORDS = [f"{'a' * 500}{number:05}" for number in range(2_000)]
SCOPE: dict[str, Any] = {
    "inputs": {"t": TEXT, "u": TEXT[:-1] + "b", "words": WORDS, "numbers": list(range(60_000)), "one": {TEXT: 1}}
}


def repeated(expression: str) -> str:
    """Repeat the expression as often as fits."""
    return f"${{{{ [{','.join([expression] * (1_950 // (len(expression) + 1)))}] | length(@) }}}}"


@pytest.mark.parametrize(
    "expression",
    [
        "contains(inputs.t,'aaaaaab')",
        "contains(inputs.words,inputs.t)",
        "contains(inputs.numbers,'x')",
        "contains([inputs.one],inputs.one)",
        "starts_with(inputs.t,inputs.u)",
        "ends_with(inputs.t,inputs.u)",
        "inputs.t==inputs.u",
        "inputs.t<inputs.u",
        "inputs.numbers==inputs.numbers",
        "inputs.words!=inputs.words",
        "inputs.one==inputs.one",
        "inputs.numbers[::-1]",
        "reverse(inputs.t)",
        "reverse(inputs.numbers)",
        "join(inputs.t,inputs.words)",
        "join('',inputs.words)",
        "sort(inputs.words)",
        "sort_by(inputs.words,&@)",
        "max(inputs.words)",
        "max_by(inputs.words,&@)",
        "min_by(inputs.words,&@)",
        "sum(inputs.numbers)",
        "avg(inputs.numbers)",
        "to_string(inputs.words)",
        "to_string(inputs.one)",
        "split('x',inputs.t)",
        "split('',inputs.t)",
        "map(&@,inputs.numbers)",
        "inputs.numbers[]",
        "inputs.numbers[*]",
        "inputs.words[?@>'a']",
    ],
)
def test_all_that_an_expression_reads_is_charged(expression: str) -> None:
    """A hundred expressions of 2,000 characters exceed the budget, whichever function reads a megabyte."""
    with pytest.raises(ExpressionError, match=r"reads and produces more than 200,000 parts.*Select what is needed"):
        evaluate([repeated(expression)] * 100, SCOPE, Budget(200_000))


def test_one_use_of_a_large_value_is_no_fault() -> None:
    assert evaluate("${{ contains(inputs.t, 'aaaaaab') }}", SCOPE) is False
    assert evaluate("${{ length(sort(inputs.words)) }}", SCOPE) == 2_000


def test_a_function_that_is_not_known_reads_all_that_it_is_given() -> None:
    budget = Budget()
    charge_call("news", [{"a": list(range(1_000))}], budget.spend)
    assert budget.total - budget.remaining > 1_000


@pytest.mark.parametrize("name", sorted(set(MeteredFunctions.FUNCTION_TABLE) | set(Standard.FUNCTION_TABLE)))
@pytest.mark.parametrize("given", [[], [None], [1, "a"], ["a", ["b", 1]], [[["a"]], {"b": 1}], [object(), object()]])
def test_anything_may_be_charged(name: str, given: list[Any]) -> None:
    charge_call(name, given, Budget().spend)


@pytest.mark.parametrize("expression", ["abs(@)", "join(',', [@])", "sort([[@]])", "sum(@)", "max_by(@, &length(@))"])
def test_a_value_of_the_wrong_type_is_not_written_into_the_message(expression: str) -> None:
    value = "`[1]`" + " | [@,@,@,@]" * 12
    with pytest.raises(ExpressionError) as caught:
        evaluate(f"${{{{ {value} | {expression} }}}}", SCOPE, Budget(50_000))
    assert len(str(caught.value)) < 2_500
