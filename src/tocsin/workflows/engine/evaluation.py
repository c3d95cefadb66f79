"""Evaluation of values with expressions, as self-contained questions: cheap ones inline, others in another process.

Pure, except for the clock of the process that evaluates an expensive one.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from typing import Any

from tocsin.errors import TocsinError
from tocsin.jobs import results
from tocsin.value_bounds import LONE_SURROGATE
from tocsin.workflows.language.expressions import EvaluationError, evaluate
from tocsin.workflows.language.jmespath_budget import DEFAULT_BUDGET, Budget

INLINE_BUDGET = 10_000
"""Budget, in parts, for one advance of a workflow run in the serving process: about 10 ms."""
MAX_SECONDS = 5.0
"""Default limit, in seconds of processor time, for the expressions of one value."""
MAX_VALUE_BYTES = 4 * 1024 * 1024
MAX_VALUE_PARTS = 200_000
"""Maximum bytes and parts, as JSON, of a step's parameters, its items, or a workflow's output."""
_READ_PART = 8
"""Characters of a JSON text that cost one part to parse."""
_MOST_ANSWERED = 200_000
"""Parts spent plus characters of answers after which no further item is evaluated."""
ResultText = str | list[str | None] | None
EvaluationKey = tuple[str, int]


class InlineBudgetExceeded(Exception):  # a signal, not an error
    """The inline budget is spent."""


class ResultForm(Enum):
    """The form of an answer: a value, its JSON text, or the JSON texts of the items of an array."""

    VALUE = "VALUE"
    TEXT = "TEXT"
    LIST = "LIST"


@dataclass(frozen=True, slots=True)
class EvaluationLimits:
    """Limits for one value: parts, and seconds of processor time."""

    parts: int = DEFAULT_BUDGET
    seconds: float = MAX_SECONDS


DEFAULT_EVALUATION_LIMITS = EvaluationLimits()


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """An evaluated value: its JSON text, the JSON texts of its items if asked for, or an error."""

    text: str = "null"
    parts: list[str] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """A value to evaluate, with its scope.

    `known` is the scope except for large values: `inputs` and `results` are JSON texts. The value is evaluated once for
    each of `items`, which are indexes and JSON texts; without items, once.
    """

    place: str
    value: Any
    form: ResultForm
    scope: Mapping[str, Any]
    inputs: str | None
    results: Mapping[str, ResultText]
    items: tuple[tuple[int, str], ...] = ()


@dataclass(slots=True)
class EvaluationSession:
    """The budget of one advance, and the answers that other processes have found."""

    budget: Budget = field(default_factory=Budget)
    results: Mapping[EvaluationKey, EvaluationResult] = field(default_factory=dict)
    parsed: dict[str, Any] = field(default_factory=dict)
    has_progress: bool = False

    def evaluate(self, question: EvaluationRequest) -> EvaluationResult:
        """Answer a question of at most one item. Raises ExpressionError, and what the budget raises."""
        scope = _scope(question, self.parsed, self.budget.spend)
        place, item = question.items[0] if question.items else (0, None)
        return _answer(question, _with_item(scope, place, item, self.budget.spend), self.budget)


def evaluate_request(question: EvaluationRequest, limits: EvaluationLimits) -> dict[EvaluationKey, EvaluationResult]:
    """Answer as many items as the limits allow, at least the first. Slow."""
    began = time.thread_time()

    def is_late() -> bool:
        return time.thread_time() - began > limits.seconds

    scope = _scope(question, {}, _unpaid)
    found: dict[EvaluationKey, EvaluationResult] = {}
    spent = 0
    for place, item in question.items or ((0, None),):
        budget = Budget(limits.parts, is_late=is_late)
        try:
            answer = _answer(question, _with_item(scope, place, item, _unpaid), budget)
        except (TocsinError, MemoryError) as error:
            answer = EvaluationResult(error=str(error) or "It needs too much memory.")
        found[question.place, place] = answer
        spent += limits.parts - budget.remaining + len(answer.text)
        if spent >= _MOST_ANSWERED or time.thread_time() - began > limits.seconds / 2:
            break
    return found


def failed_result(question: EvaluationRequest, error: str) -> dict[EvaluationKey, EvaluationResult]:
    """Return an error as the answer for the first item."""
    place = question.items[0][0] if question.items else 0
    return {(question.place, place): EvaluationResult(error=error)}


def with_items(question: EvaluationRequest, items: tuple[tuple[int, str], ...]) -> EvaluationRequest:
    """Return the question with these items."""
    return replace(question, items=items)


def _unpaid(_parts: int) -> None:
    """Charge nothing: the size of the texts is limited when they are loaded."""


def _scope(question: EvaluationRequest, read: dict[str, Any], spend: Callable[[int], None]) -> dict[str, Any]:
    def inputs(text: str) -> Any:
        return json.loads(_paid(text, spend))

    def result(key: str) -> Any:
        texts = question.results[key]
        if isinstance(texts, list):
            return [results.decode_result(text and _paid(text, spend)) for text in texts]
        return results.decode_result(texts and _paid(texts, spend))

    steps = dict(question.scope["steps"])
    for key in question.results:
        steps[key] = {**steps[key], "result": _once(read, f"steps.{key}", partial(result, key))}
    seen = {} if question.inputs is None else {"inputs": _once(read, "inputs", partial(inputs, question.inputs))}
    return {**question.scope, "steps": steps, **seen}


def _once(read: dict[str, Any], name: str, make: Callable[[], Any]) -> Any:
    if name not in read:
        read[name] = make()
    return read[name]


def _paid(text: str, spend: Callable[[int], None]) -> str:
    spend(1 + len(text) // _READ_PART)
    return text


def _with_item(scope: dict[str, Any], place: int, item: str | None, spend: Callable[[int], None]) -> dict[str, Any]:
    return scope if item is None else {**scope, "item": json.loads(_paid(item, spend)), "index": place}


def _answer(question: EvaluationRequest, scope: Mapping[str, Any], budget: Budget) -> EvaluationResult:
    value = evaluate(question.value, scope, budget)
    if question.form is ResultForm.LIST and isinstance(value, list):
        parts = [_text(part) for part in value]
        _check_size(question, sum(map(utf8_length, parts)), len(parts))
        return EvaluationResult(parts=parts)
    text = _text(value)
    _check_size(question, utf8_length(text), text.count(",") if len(text) > MAX_VALUE_PARTS else 0)
    return EvaluationResult(text)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def utf8_length(text: str) -> int:
    """Return the length in bytes of UTF-8. Raises EvaluationError for a lone surrogate."""
    try:
        return len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError as error:
        raise EvaluationError(LONE_SURROGATE.format(ord(text[error.start]))) from None


def _check_size(question: EvaluationRequest, size: int, parts: int) -> None:
    if size > MAX_VALUE_BYTES or parts > MAX_VALUE_PARTS:
        allowed = f"{MAX_VALUE_BYTES:,} bytes and {MAX_VALUE_PARTS:,} parts"
        much = f"{size:,} bytes as JSON" if size > MAX_VALUE_BYTES else f"about {parts:,} parts"
        raise EvaluationError(
            f"{question.place} has {much}; at most {allowed} are allowed. Select only what is needed."
        )
