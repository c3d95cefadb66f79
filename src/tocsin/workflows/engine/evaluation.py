"""Evaluation of values with expressions, as self-contained requests: cheap ones inline, others in another process.

Pure, except for the clock of the process that evaluates an expensive one.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
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
_CHARACTERS_PER_PART = 8
"""Characters of a JSON text that cost one part to parse."""
_MAX_SLICE = 200_000
"""Parts spent plus characters of results after which no further item is evaluated."""
ResultText = str | list[str | None] | None
EvaluationKey = tuple[str, int]


class InlineBudgetExceeded(Exception):  # a signal, not an error
    """The inline budget is spent."""


class ResultForm(Enum):
    """The form of a result: a value, its JSON text, or the JSON texts of the items of an array."""

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

    `scope` has all but the large values: `inputs` and `results` are JSON texts. The value is evaluated once for
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
    """The budget of one advance, the results that other processes have found, and the JSON texts parsed so far."""

    budget: Budget = field(default_factory=Budget)
    results: Mapping[EvaluationKey, EvaluationResult] = field(default_factory=dict)
    parsed: dict[str, Any] = field(default_factory=dict)
    has_progress: bool = False

    def evaluate(self, request: EvaluationRequest) -> EvaluationResult:
        """Evaluate a request of at most one item. Raises EvaluationError, and what the budget raises."""
        spend = self.budget.spend
        scope = _parse_scope(request, self.parsed, spend)
        if request.items:
            index, text = request.items[0]
            scope |= {"item": _parse(text, spend), "index": index}
        return _evaluate(request, scope, self.budget)


def evaluate_request(request: EvaluationRequest, limits: EvaluationLimits) -> dict[EvaluationKey, EvaluationResult]:
    """Evaluate as many items as the limits allow, at least the first. Slow."""
    started = time.thread_time()

    def is_late() -> bool:
        return time.thread_time() - started > limits.seconds

    scope = _parse_scope(request, {}, _spend_nothing)
    found: dict[EvaluationKey, EvaluationResult] = {}
    spent = 0
    for index, text in request.items or ((0, None),):
        budget = Budget(limits.parts, is_late=is_late)
        try:
            item = {} if text is None else {"item": json.loads(text), "index": index}
            result = _evaluate(request, {**scope, **item}, budget)
        except (TocsinError, MemoryError) as error:
            result = EvaluationResult(error=str(error) or "It needs too much memory.")
        found[request.place, index] = result
        spent += limits.parts - budget.remaining + len(result.text)
        if spent >= _MAX_SLICE or time.thread_time() - started > limits.seconds / 2:
            break
    return found


def _parse_scope(request: EvaluationRequest, parsed: dict[str, Any], spend: Callable[[int], None]) -> dict[str, Any]:
    """Return the scope with all its values, parsing each JSON text that is not in `parsed` yet."""
    steps = dict(request.scope["steps"])
    for key, texts in request.results.items():
        name = f"steps.{key}"
        if name not in parsed:
            several = texts if isinstance(texts, list) else [texts]
            values = [text and results.decode_result(_pay(text, spend)) for text in several]
            parsed[name] = values if isinstance(texts, list) else values[0]
        steps[key] = {**steps[key], "result": parsed[name]}
    scope = {**request.scope, "steps": steps}
    if request.inputs is not None:
        if "inputs" not in parsed:
            parsed["inputs"] = _parse(request.inputs, spend)
        scope["inputs"] = parsed["inputs"]
    return scope


def _spend_nothing(_parts: int) -> None:
    """Charge nothing: the size of the texts is limited when they are loaded."""


def _pay(text: str, spend: Callable[[int], None]) -> str:
    spend(1 + len(text) // _CHARACTERS_PER_PART)
    return text


def _parse(text: str, spend: Callable[[int], None]) -> Any:
    return json.loads(_pay(text, spend))


def _evaluate(request: EvaluationRequest, scope: Mapping[str, Any], budget: Budget) -> EvaluationResult:
    value = evaluate(request.value, scope, budget)
    if request.form is ResultForm.LIST and isinstance(value, list):
        parts = [_to_json(part) for part in value]
        _check_size(request, sum(map(utf8_length, parts)), len(parts))
        return EvaluationResult(parts=parts)
    text = _to_json(value)
    _check_size(request, utf8_length(text), text.count(",") if len(text) > MAX_VALUE_PARTS else 0)
    return EvaluationResult(text)


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def utf8_length(text: str) -> int:
    """Return the length in bytes of UTF-8. Raises EvaluationError for a lone surrogate."""
    try:
        return len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError as error:
        raise EvaluationError(LONE_SURROGATE.format(ord(text[error.start]))) from None


def _check_size(request: EvaluationRequest, size: int, parts: int) -> None:
    if size > MAX_VALUE_BYTES or parts > MAX_VALUE_PARTS:
        allowed = f"{MAX_VALUE_BYTES:,} bytes and {MAX_VALUE_PARTS:,} parts"
        much = f"{size:,} bytes as JSON" if size > MAX_VALUE_BYTES else f"about {parts:,} parts"
        raise EvaluationError(f"{request.place} has {much}; at most {allowed} are allowed. Select only what is needed.")
