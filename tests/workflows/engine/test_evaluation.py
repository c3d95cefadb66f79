"""Values with expressions are evaluated from a request alone, within a budget."""

import json
from dataclasses import replace

import pytest

from tests.workflows.engine.world import COSTLY, request
from tocsin.workflows.engine.evaluation import (
    EvaluationLimits,
    EvaluationResult,
    EvaluationSession,
    InlineBudgetExceeded,
    ResultForm,
    evaluate_request,
)
from tocsin.workflows.language.expressions import EvaluationError
from tocsin.workflows.language.jmespath_budget import Budget


def test_the_answers_are_texts_and_errors_are_answers() -> None:
    found = evaluate_request(request({"n": "${{ item.n }}"}, '{"n":1}', '{"n":[2]}', "3"), EvaluationLimits())
    assert found == {
        ("s.params", 0): EvaluationResult('{"n":1}'),
        ("s.params", 1): EvaluationResult('{"n":[2]}'),
        ("s.params", 2): EvaluationResult('{"n":null}'),
    }
    error = evaluate_request(request("${{ abs(inputs.t) }}", t="no"), EvaluationLimits())["s.params", 0].error
    assert 'function abs() expects number, not "no".' in str(error)


def test_no_more_items_are_evaluated_than_fit_into_a_slice() -> None:
    found = evaluate_request(request(COSTLY, *["1"] * 50, t="a" * 1_000_000), EvaluationLimits(parts=2_000_000))
    assert 1 <= len(found) < 50


@pytest.mark.parametrize(
    ("value", "form", "message"),
    [
        ("${{ [inputs.t,inputs.t,inputs.t,inputs.t,inputs.t] }}", ResultForm.VALUE, "s.params has 5,000,016 bytes"),
        ("${{ split('', inputs.t) }}", ResultForm.VALUE, "parts; at most 4,194,304 bytes and 200,000 parts"),
        ("${{ split('', inputs.t)[0:250000] }}", ResultForm.LIST, "s.params has about 250,000 parts"),
        ('${{ `"\\ud83d"` }}', ResultForm.TEXT, "lone surrogate"),
    ],
)  # fmt: skip
def test_a_value_that_could_not_be_stored_is_an_error(value: str, form: ResultForm, message: str) -> None:
    error = evaluate_request(request(value, form=form, t="a" * 1_000_000), EvaluationLimits(parts=5_000_000))[
        "s.params", 0
    ].error
    assert message in str(error)


def test_a_value_that_takes_too_long_is_an_error_of_its_item_alone() -> None:
    found = evaluate_request(request("${{ item }}", "1", "2"), EvaluationLimits(seconds=-1))
    assert list(found) == [("s.params", 0)]  # the first item is always evaluated, and no other has time


def test_lists_of_results_are_read_item_by_item() -> None:
    asked = replace(
        request("${{ steps.each.result }}", form=ResultForm.LIST),
        scope={"workflow": {}, "run": {}, "steps": {"each": {"status": "COMPLETED"}}},
        results={"each": ["1", None, '{"a":2}']},
    )
    assert EvaluationSession().evaluate(asked) == EvaluationResult(parts=["1", "null", '{"a":2}'])
    assert evaluate_request(asked, EvaluationLimits())["s.params", 0].parts == ["1", "null", '{"a":2}']


def test_a_value_that_is_no_list_is_returned_as_a_value() -> None:
    assert EvaluationSession().evaluate(request("${{ inputs.x }}", form=ResultForm.LIST, x=1)).text == "1"


def test_a_session_parses_each_text_once() -> None:
    long = "a" * 8_000
    session = EvaluationSession(Budget(100_000))
    session.evaluate(request("${{ inputs.n }}", t=long, n=1))
    first = session.budget.total - session.budget.remaining
    session.evaluate(request("${{ inputs.n }}", t=long, n=1))
    second = session.budget.total - session.budget.remaining - first
    assert first > 1_000 > 20 > second


def test_a_session_passes_on_what_its_budget_raises_and_errors_as_they_are() -> None:
    session = EvaluationSession(Budget(10, InlineBudgetExceeded))
    with pytest.raises(InlineBudgetExceeded):
        session.evaluate(request("${{ inputs.t }}", t="a" * 1_000))
    with pytest.raises(EvaluationError, match="abs"):
        EvaluationSession().evaluate(request("${{ abs(inputs.t) }}", t="no"))


def test_an_item_has_its_index() -> None:
    asked = replace(request("${{ [item, index] }}"), items=((7, '"x"'),))
    assert json.loads(EvaluationSession().evaluate(asked).text) == ["x", 7]
    assert json.loads(evaluate_request(asked, EvaluationLimits())["s.params", 7].text) == ["x", 7]
