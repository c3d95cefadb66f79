"""The start of steps whose dependencies are settled: conditions, waits, approvals, runs, items. Pure."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tocsin.documents import Doc, StepReason, StepStatus
from tocsin.errors import InvalidInput
from tocsin.jobs.base import ErrorKind
from tocsin.schedules.iso8601 import parse_datetime, parse_iso_duration
from tocsin.workflows.engine.evaluation import (
    EvaluationResult,
    InlineBudgetExceeded,
    ResultForm,
    utf8_length,
    with_items,
)
from tocsin.workflows.engine.outcomes import has_failed, settle_items
from tocsin.workflows.engine.scope import (
    EvaluationNeeded,
    PlanPaused,
    ResultsNeeded,
    StepContext,
    evaluate_as_json,
    evaluate_value,
)
from tocsin.workflows.engine.states import FAILED, PENDING, RUNNING, StepRunRef, StepState, WorkflowState, find_indexes
from tocsin.workflows.language.definition import Step
from tocsin.workflows.language.expressions import EvaluationError, is_truthy

MAX_ITEMS_BYTES = 4 * 1024 * 1024
"""Maximum size, in bytes of JSON, of the items of all steps. They are stored in the workflow run."""
_LONGEST_WAIT = timedelta(days=366)
_LONGEST_TEXT = 4_000
"""Maximum length, in characters, of a message or an address that a step stores."""
_RUN_COST = 100
"""Budget units charged for each run of a step, whatever its parameters."""
_MAX_BATCH = 100
"""Maximum number of items whose parameters are evaluated in another process at once."""


@dataclass(frozen=True, slots=True)
class StepRunRequest:
    """A run to create, or to requeue in the step's round. `job` is in its stored form."""

    ref: StepRunRef
    job: Doc
    retry: Doc | None
    timeout: float | None
    priority: int
    round: int


class _StepFault(Exception):  # an error in the workflow, not in the program
    """A step cannot be started."""

    def __init__(self, reason: StepReason, kind: ErrorKind, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.error: Doc = {"kind": kind.value, "message": message[:_LONGEST_TEXT], "hint": hint}


def start_ready_steps(flow: WorkflowState, context: StepContext, starts: list[StepRunRequest]) -> None:
    """Start the steps that are ready, and append their runs to `starts`.

    Raises Missing and Heavy, and Paused if more remains to be started.
    """
    room = context.definition.concurrency - len(flow.active_runs()) - len(starts)
    for step in context.definition.steps_in_order:  # a skipped step can unblock steps later in the order
        done = flow.steps[step.key].is_settled
        for start in _begin(step, flow, context, room):
            starts.append(start)
            room -= 1
            context.session.has_progress = True
        if flow.steps[step.key].is_settled and not done:
            context.session.has_progress = True


def build_run_request(
    step: Step, work: StepRunRef, flow: WorkflowState, context: StepContext, item: tuple[int, str] | None = None
) -> StepRunRequest:
    """Build the run of a step, of one of its items, or of its compensation.

    Raises what `fill_in` raises, and the errors that `step_faults` collects.
    """
    what = step.compensation if work.is_compensation and step.compensation is not None else step
    kind = what.job or ""
    place = f"{step.key}.compensation.params" if work.is_compensation else f"{step.key}.params"
    params = _evaluated(what.params, flow, context, place, item)
    _charge_run(context)
    try:
        job = context.prepare_job(work, kind, params)
    except InvalidInput as error:
        place = ".".join(error.path)
        message = f"The parameters are invalid{f' at {place}' if place else ''}: {error.message}"
        raise _StepFault(StepReason.BAD_PARAMS, ErrorKind.BAD_PARAMS, message) from None
    return StepRunRequest(work, job, what.retry, what.timeout, step.priority, flow.steps[step.key].round)


@contextmanager
def collect_step_errors() -> Iterator[list[Doc]]:
    """Collect the errors of steps that cannot be started."""
    faults: list[Doc] = []
    try:
        yield faults
    except _StepFault as fault:
        faults.append(fault.error)


def _begin(step: Step, flow: WorkflowState, context: StepContext, room: int) -> Iterator[StepRunRequest]:
    state = flow.steps[step.key]
    if state.status is StepStatus.RUNNING and state.items is not None:
        yield from _items(step, state, flow, context, room)
    elif state.status is StepStatus.PENDING and all(flow.steps[key].is_settled for key in step.dependencies):
        if any(_blocks(context.get_step(key), flow) for key in step.dependencies):
            state.settle(StepStatus.SKIPPED, context.now, StepReason.DEPENDENCY)
        elif room > 0 or step.job is None:
            yield from _enter(step, state, flow, context, room)


def _blocks(step: Step, flow: WorkflowState) -> bool:
    """Return whether the steps that depend on this one are skipped. A step skipped by its condition blocks none."""
    state = flow.steps[step.key]
    skipped = state.status is StepStatus.SKIPPED and state.reason is not StepReason.CONDITION
    return skipped or has_failed(step, flow)


def _enter(
    step: Step, state: StepState, flow: WorkflowState, context: StepContext, room: int
) -> Iterator[StepRunRequest]:
    try:
        if step.when is not None and not is_truthy(_evaluated(step.when, flow, context, f"{step.key}.when")):
            state.settle(StepStatus.SKIPPED, context.now, StepReason.CONDITION)
            return
        state.started_at = state.started_at or context.now
        if step.wait is not None:
            _wait(step, state, flow, context)
        elif step.approval is not None:
            _ask(step, state, flow, context)
        elif step.for_each is not None:
            _spread(step, state, flow, context)
            yield from _items(step, state, flow, context, room)
        else:
            yield build_run_request(step, StepRunRef(step.key), flow, context)
            state.status = StepStatus.RUNNING
    except _StepFault as fault:
        state.settle(StepStatus.FAILED, context.now, fault.reason, fault.error)


def _wait(step: Step, state: StepState, flow: WorkflowState, context: StepContext) -> None:
    assert step.wait is not None  # noqa: S101  # checked by the caller
    until = _evaluated(step.wait.until, flow, context, f"{step.key}.wait.until")
    duration = _evaluated(step.wait.duration, flow, context, f"{step.key}.wait.duration")
    try:
        state.wake_at = context.now + parse_iso_duration(duration) if until is None else parse_datetime(until)
    except ValueError as error:
        raise _StepFault(StepReason.BAD_PARAMS, ErrorKind.BAD_PARAMS, f"The wait is invalid: {error}") from None
    if state.wake_at - context.now > _LONGEST_WAIT:
        raise _StepFault(StepReason.BAD_PARAMS, ErrorKind.BAD_PARAMS, "A wait can last at most 366 days.")
    _rest(state, context.now)


def _rest(state: StepState, now: datetime) -> None:
    """Set the step to WAITING, or settle it if the time has already come."""
    state.status = StepStatus.WAITING
    if state.wake_at is not None and state.wake_at <= now:
        state.settle(StepStatus.COMPLETED, now)


def _ask(step: Step, state: StepState, flow: WorkflowState, context: StepContext) -> None:
    approval = step.approval
    assert approval is not None  # noqa: S101  # checked by the caller
    by = str(_evaluated(approval.by, flow, context, f"{step.key}.approval.by"))
    message = str(_evaluated(approval.message or "", flow, context, f"{step.key}.approval.message"))
    state.status, state.asks, state.message = StepStatus.WAITING, by[:_LONGEST_TEXT], message[:_LONGEST_TEXT]
    context.session.has_progress = True
    state.wake_at = None if approval.timeout is None else context.now + timedelta(seconds=approval.timeout)
    state.remind_at = approval.find_next_reminder(context.now)


def _spread(step: Step, state: StepState, flow: WorkflowState, context: StepContext) -> None:
    """Evaluate the items. Those that were completed in an earlier round are kept."""
    assert step.for_each is not None  # noqa: S101  # checked by the caller
    if state.items is None:
        with _expression_faults():
            answer = evaluate_as_json(
                step.for_each.items, flow, context, f"{step.key}.forEach.items", kind=ResultForm.LIST
            )
        state.values = _values_of(step, answer, flow)
        state.items = PENDING * len(state.values)
    state.status = StepStatus.RUNNING
    context.session.has_progress = True
    settle_items(step, flow, context.now)


def _values_of(step: Step, answer: EvaluationResult, flow: WorkflowState) -> list[str]:
    """Return the items as JSON texts, checked against the limits."""
    assert step.for_each is not None  # noqa: S101  # checked by the caller
    values, most = answer.parts, step.for_each.max_items
    kept = sum(utf8_length(text) for state in flow.steps.values() for text in state.values or ())
    if values is None:
        message = f"forEach needs an array, but its expression returned {_kind(json.loads(answer.text))}."
    elif len(values) > most:
        message = f"forEach has {len(values)} items; at most {most} are allowed (maxItems)."
    elif (size := kept + sum(map(utf8_length, values))) > MAX_ITEMS_BYTES:
        message = f"forEach: the items of the workflow run have {size:,} bytes as JSON; at most "
        message += f"{MAX_ITEMS_BYTES:,} are allowed."
        message += " Reduce each item to what its run needs."
    else:
        return values
    raise _StepFault(StepReason.BAD_PARAMS, ErrorKind.BAD_PARAMS, message)


def _items(
    step: Step, state: StepState, flow: WorkflowState, context: StepContext, room: int
) -> Iterator[StepRunRequest]:
    assert step.for_each is not None and state.items is not None  # noqa: S101, PT018
    room = min(room, step.for_each.concurrency - state.items.count(RUNNING))
    if room <= 0 or flow.stopping is not None:
        return
    letters, pending = list(state.items), list(find_indexes(PENDING, state.items))
    try:
        for place, index in enumerate(pending):
            if room <= 0:
                break
            letters[index] = RUNNING
            try:
                yield _item_start(step, state, pending[place : place + min(room, _MAX_BATCH)], flow, context)
                room -= 1
            except _StepFault as fault:
                letters[index] = FAILED
                state.error = state.error or fault.error
                context.session.has_progress = True
            except (ResultsNeeded, EvaluationNeeded, PlanPaused):
                letters[index] = PENDING
                raise
    finally:
        state.items = "".join(letters)
    settle_items(step, flow, context.now)


def _item_start(
    step: Step, state: StepState, indexes: list[int], flow: WorkflowState, context: StepContext
) -> StepRunRequest:
    """Build the run of the first of these items. If another process has to evaluate it, it evaluates all of them."""
    assert state.values is not None  # noqa: S101  # the caller has items
    values, index = state.values, indexes[0]
    try:
        return build_run_request(step, StepRunRef(step.key, index), flow, context, (index, values[index]))
    except EvaluationNeeded as heavy:
        items = tuple((index, values[index]) for index in indexes)
        raise EvaluationNeeded(with_items(heavy.request, items)) from None


def _evaluated(
    value: Any, flow: WorkflowState, context: StepContext, place: str, item: tuple[int, str] | None = None
) -> Any:
    with _expression_faults():
        return evaluate_value(value, flow, context, place, item)


@contextmanager
def _expression_faults() -> Iterator[None]:
    try:
        yield
    except EvaluationError as error:
        raise _StepFault(StepReason.EXPRESSION, ErrorKind.EXPRESSION, str(error)) from None


def _charge_run(context: StepContext) -> None:
    """Charge one run to the budget: parameters evaluated in another process cost nothing else here."""
    try:
        context.session.budget.spend(_RUN_COST)
    except InlineBudgetExceeded:
        if context.session.has_progress:
            raise PlanPaused from None


def _kind(value: Any) -> str:
    names = {type(None): "null", bool: "a boolean", str: "a string", dict: "an object", int: "a number"}
    return names.get(type(value), "a number")


__all__ = ["ResultsNeeded", "StepRunRequest", "build_run_request", "collect_step_errors", "start_ready_steps"]
