"""The scope of expressions: inputs, earlier steps, the item, the run. Pure."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tocsin.documents import JobDocument, StepStatus
from tocsin.jobs.http.callbacks import make_callback_marker
from tocsin.named_secrets.references import make_secret_marker, mark_references
from tocsin.workflows.engine.evaluation import (
    EvaluationRequest,
    EvaluationResult,
    EvaluationSession,
    InlineBudgetExceeded,
    ResultForm,
    ResultText,
)
from tocsin.workflows.engine.states import StepRunRef, StepState, WorkflowState
from tocsin.workflows.language.definition import Step, WorkflowDefinition
from tocsin.workflows.language.expressions import EvaluationError, can_reference, find_step_references

MAX_RESULTS_LENGTH = 16 * 1024 * 1024
"""Maximum number of characters of step results that one advance may load."""


class ResultsNeeded(Exception):  # a signal, not an error
    """The results of these steps have to be loaded before planning can go on."""

    def __init__(self, keys: Iterable[str]) -> None:
        super().__init__("results are needed")
        self.step_keys = frozenset(keys)


class EvaluationNeeded(Exception):  # a signal, not an error
    """A value exceeds the inline budget: another process has to evaluate it before planning can go on."""

    def __init__(self, request: EvaluationRequest) -> None:
        super().__init__("a value is to be evaluated")
        self.request = request


class PlanPaused(Exception):  # a signal, not an error
    """The inline budget is spent, but steps were started with it: the next advance does the rest."""


@dataclass(frozen=True, slots=True)
class ResultsTooLarge:
    """A placeholder for the results of a step that are too large to load."""


@dataclass(frozen=True, slots=True)
class ScopeReferences:
    """The references of a value with expressions: keys of steps (`*` for any), and whether to inputs and secrets."""

    steps: frozenset[str]
    uses_inputs: bool
    uses_secrets: bool = False


@dataclass(frozen=True, slots=True)
class StepContext:
    """The input of planning, besides the state of the workflow run.

    `results` are the JSON texts of the results loaded so far. `prepare_job` makes the stored job of a step's run from
    its kind and parameters, or raises InvalidInput. `references` caches those of values in the definition by identity.
    `callback_marker` stands for the callback URL, which is made for each attempt, and what begins with `secret_marker`
    for named secrets.
    """

    definition: WorkflowDefinition
    now: datetime
    results: Mapping[str, ResultText | ResultsTooLarge]
    prepare_job: Callable[[StepRunRef, str, Mapping[str, Any]], JobDocument]
    session: EvaluationSession = field(default_factory=EvaluationSession)
    references: dict[int, ScopeReferences] = field(default_factory=dict)
    callback_marker: str = field(default_factory=make_callback_marker)
    secret_marker: str = field(default_factory=make_secret_marker)

    def get_step(self, key: str) -> Step:
        """Return the step with this key."""
        return self.definition.steps_by_key[key]

    def find_references(self, value: Any) -> ScopeReferences:
        """Return the references of a value in the definition."""
        if id(value) not in self.references:
            self.references[id(value)] = _find_references(value)
        return self.references[id(value)]


def collect_references(definition: WorkflowDefinition) -> dict[int, ScopeReferences]:
    """Return the references of all values in the definition, by identity. Parses each expression."""
    values = [definition.output]
    for step in definition.steps:
        each, undo, wait, ask = step.for_each, step.compensation, step.wait, step.approval
        values += [step.params, step.when, each and each.items, undo and undo.params]
        values += [wait.until, wait.duration] if wait else []
        values += [ask.by, ask.message] if ask else []
    return {id(value): _find_references(value) for value in values}


def _find_references(value: Any) -> ScopeReferences:
    steps, uses_inputs = frozenset(find_step_references(value)), can_reference("inputs", value)
    return ScopeReferences(steps, uses_inputs, can_reference("secrets", value))


def evaluate_value(
    value: Any, state: WorkflowState, context: StepContext, place: str, item: tuple[int, str] | None = None
) -> Any:
    """Evaluate the expressions of a value in the definition. `place` names it in messages.

    Raises EvaluationError, and the signals ResultsNeeded, EvaluationNeeded and PlanPaused.
    """
    return json.loads(evaluate_as_json(value, state, context, place, item).text)


def evaluate_as_json(
    value: Any,
    state: WorkflowState,
    context: StepContext,
    place: str,
    item: tuple[int, str] | None = None,
    form: ResultForm = ResultForm.VALUE,
) -> EvaluationResult:
    """Evaluate as `evaluate_value` does, and return JSON texts."""
    session = context.session
    result = session.results.get((place, item[0] if item else 0))
    if result is None:
        request = _build_request(value, state, context, place, item, form)
        try:
            result = session.evaluate(request)
        except InlineBudgetExceeded:
            if session.has_progress:
                raise PlanPaused from None
            raise EvaluationNeeded(request) from None
    if result.error is not None:
        raise EvaluationError(result.error)
    return result


def read_result_json(key: str, state: WorkflowState, context: StepContext) -> str:
    """Return the result of a step as a JSON text: null unless it was completed, or has items and failed in part.

    Raises ResultsNeeded, and EvaluationError if the result is too large.
    """
    if not _has_result(state.steps[key]):
        return "null"
    if (known := _known_result(key, state, context)) is not None:
        return json.dumps(known, ensure_ascii=False, separators=(",", ":"))
    texts = _read_result(key, context)
    return f"[{','.join(text or 'null' for text in texts)}]" if isinstance(texts, list) else texts or "null"


def _build_request(
    value: Any, state: WorkflowState, context: StepContext, place: str, item: tuple[int, str] | None, form: ResultForm
) -> EvaluationRequest:
    """Build the request to evaluate a value, with as much of the scope as it references."""
    references, document = context.find_references(value), state.document
    keys = list(state.steps) if "*" in references.steps else [key for key in state.steps if key in references.steps]
    read = [key for key in keys if _has_result(state.steps[key]) and _known_result(key, state, context) is None]
    if missing := [key for key in read if key not in context.results]:
        raise ResultsNeeded(missing)
    known = {
        "workflow": {"name": document["name"], "version": document["version"]},
        "run": {"id": state.id, "dueAt": format_time(document["due_at"])},
        "callback": {"url": context.callback_marker},
        "steps": {key: _describe_step(key, state, context) for key in keys},
    }
    inputs = state.inputs if references.uses_inputs else None
    results = {key: _read_result(key, context) for key in read}
    value = mark_references(value, context.secret_marker) if references.uses_secrets else value
    return EvaluationRequest(place, value, form, known, inputs, results, () if item is None else (item,))


def _has_result(state: StepState) -> bool:
    return state.status is StepStatus.COMPLETED or (state.status is StepStatus.FAILED and state.items is not None)


def _known_result(key: str, state: WorkflowState, context: StepContext) -> dict[str, Any] | None:
    """Return the result of a wait or an approval, from its state; None for a job, whose result is in its run."""
    step, step_state = context.get_step(key), state.steps[key]
    if step.wait is not None:
        return {"until": format_time(step_state.finished_at)}
    if step.approval is not None:
        return {"approved": True, **(step_state.decision or {"by": None, "at": format_time(step_state.finished_at)})}
    return None


def _read_result(key: str, context: StepContext) -> ResultText:
    if key not in context.results:
        raise ResultsNeeded([key])
    texts = context.results[key]
    if isinstance(texts, ResultsTooLarge):
        message = f"The results of the step {key} cannot be read: the results needed at once have more than"
        raise EvaluationError(
            f"{message} {MAX_RESULTS_LENGTH:,} characters. Return less from the jobs, or store it in files."
        )
    return texts


def _describe_step(key: str, state: WorkflowState, context: StepContext) -> dict[str, Any]:
    step_state = state.steps[key]
    result = _known_result(key, state, context) if _has_result(step_state) else None
    return {"status": step_state.status, "error": step_state.error, "result": result}


def format_time(moment: datetime | None) -> str | None:
    """Return a time as results show it: in UTC, with milliseconds."""
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
