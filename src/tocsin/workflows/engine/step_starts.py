"""The start of steps whose dependencies are settled: conditions, waits, approvals, runs, items. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast

from tocsin.documents import ErrorDocument, ErrorKind, JobDocument, RetryDocument, StepReason, StepStatus
from tocsin.errors import InvalidInput
from tocsin.schedules.iso8601 import parse_datetime, parse_iso_duration
from tocsin.workflows.engine.evaluation import InlineBudgetExceeded, ResultForm, utf8_length
from tocsin.workflows.engine.scope import (
    EvaluationNeeded,
    PlanPaused,
    StepContext,
    evaluate_as_json,
    evaluate_value,
)
from tocsin.workflows.engine.states import ItemState, StepRunRef, StepState, WorkflowState, find_indexes
from tocsin.workflows.language.definition import Step
from tocsin.workflows.language.expressions import EvaluationError, is_truthy

MAX_ITEMS_BYTES = 4 * 1024 * 1024
"""Maximum size, in bytes of JSON, of the items of all steps. They are stored in the workflow run."""
_MAX_WAIT = timedelta(days=366)
_MAX_TEXT_LENGTH = 4_000
"""Maximum length, in characters, of a message or an address that a step stores."""
_RUN_COST = 100
"""Budget units charged for each run of a step, whatever its parameters."""
_MAX_BATCH = 100
"""Maximum number of items whose parameters are evaluated in another process at once."""


@dataclass(frozen=True, slots=True)
class StepRunRequest:
    """A run to create, or to requeue in the step's round. `job` is in its stored form."""

    ref: StepRunRef
    job: JobDocument
    retry: RetryDocument | None
    timeout: float | None
    priority: int
    round: int


class StepFault(Exception):  # an error in the workflow, not in the program
    """A step cannot be started. `error` is in its stored form."""

    def __init__(self, reason: StepReason, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.error: ErrorDocument = {"kind": kind, "message": message[:_MAX_TEXT_LENGTH], "hint": None}


def start_ready_steps(state: WorkflowState, context: StepContext, starts: list[StepRunRequest]) -> None:
    """Start the steps that are ready, and append their runs to `starts`.

    Raises ResultsNeeded and EvaluationNeeded, and PlanPaused if more remains to be started.
    """
    room = context.definition.concurrency - len(state.active_runs()) - len(starts)
    for step in context.definition.steps_in_order:  # a skipped step can unblock steps later in the order
        step_state = state.steps[step.key]
        has_items = step_state.status is StepStatus.RUNNING and step_state.items is not None
        if step_state.status is not StepStatus.PENDING and not has_items:
            continue
        start = _start_items if has_items else _start_step
        for request in start(step, step_state, state, context, room):
            starts.append(request)
            room -= 1
            context.session.has_progress = True
        if step_state.is_settled:
            context.session.has_progress = True


def build_run_request(
    step: Step, ref: StepRunRef, state: WorkflowState, context: StepContext, item: tuple[int, str] | None = None
) -> StepRunRequest:
    """Build the run of a step, of one of its items, or of its compensation.

    Raises StepFault, and the signals of `evaluate_value`.
    """
    call = step.compensation if ref.is_compensation and step.compensation is not None else step
    place = f"{step.key}.compensation.params" if ref.is_compensation else f"{step.key}.params"
    try:
        params = evaluate_value(call.params, state, context, place, item)
    except EvaluationError as error:
        raise _to_fault(error) from None
    try:
        context.session.budget.spend(_RUN_COST)
    except InlineBudgetExceeded:
        if context.session.has_progress:  # without, parameters that another process evaluated are to be used
            raise PlanPaused from None
    try:
        job = context.prepare_job(ref, call.job or "", params)
    except InvalidInput as error:
        path = ".".join(error.path)
        message = f"The parameters are invalid{f' at {path}' if path else ''}: {error.message}"
        raise StepFault(StepReason.BAD_PARAMS, ErrorKind.BAD_PARAMS, message) from None
    retry = cast("RetryDocument | None", call.retry)  # validated by the definition
    return StepRunRequest(ref, job, retry, call.timeout, step.priority, state.steps[step.key].round)


def _to_fault(error: StepFault | EvaluationError) -> StepFault:
    if isinstance(error, StepFault):
        return error
    return StepFault(StepReason.EXPRESSION, ErrorKind.EXPRESSION, str(error))


def _start_step(
    step: Step, step_state: StepState, state: WorkflowState, context: StepContext, room: int
) -> Iterator[StepRunRequest]:
    """Start the step if it is ready, and yield at most `room` runs to create."""
    if not all(state.steps[key].is_settled for key in step.dependencies):
        return
    if any(state.blocks_dependents(context.get_step(key)) for key in step.dependencies):
        step_state.settle(StepStatus.SKIPPED, context.now, StepReason.DEPENDENCY)
        return
    if room <= 0 and step.job is not None:
        return
    try:
        if step.when is not None and not is_truthy(evaluate_value(step.when, state, context, f"{step.key}.when")):
            step_state.settle(StepStatus.SKIPPED, context.now, StepReason.CONDITION)
            return
        step_state.started_at = step_state.started_at or context.now
        if step.wait is not None:
            _start_wait(step, step_state, state, context)
        elif step.approval is not None:
            _request_approval(step, step_state, state, context)
        elif step.for_each is not None:
            _expand_items(step, step_state, state, context)
            yield from _start_items(step, step_state, state, context, room)
        else:
            yield build_run_request(step, StepRunRef(step.key), state, context)
            step_state.status = StepStatus.RUNNING
    except (StepFault, EvaluationError) as error:
        fault = _to_fault(error)
        step_state.settle(StepStatus.FAILED, context.now, fault.reason, fault.error)


def _start_wait(step: Step, step_state: StepState, state: WorkflowState, context: StepContext) -> None:
    """Set the step to WAITING, or settle it if the time has already come."""
    assert step.wait is not None  # noqa: S101  # checked by the caller
    until = evaluate_value(step.wait.until, state, context, f"{step.key}.wait.until")
    duration = evaluate_value(step.wait.duration, state, context, f"{step.key}.wait.duration")
    try:
        wake_at = context.now + parse_iso_duration(duration) if until is None else parse_datetime(until)
    except ValueError as error:
        raise StepFault(StepReason.BAD_PARAMS, ErrorKind.BAD_PARAMS, f"The wait is invalid: {error}") from None
    if wake_at - context.now > _MAX_WAIT:
        raise StepFault(StepReason.BAD_PARAMS, ErrorKind.BAD_PARAMS, "A wait can last at most 366 days.")
    step_state.status, step_state.wake_at = StepStatus.WAITING, wake_at
    if wake_at <= context.now:
        step_state.settle(StepStatus.COMPLETED, context.now)


def _request_approval(step: Step, step_state: StepState, state: WorkflowState, context: StepContext) -> None:
    approval = step.approval
    assert approval is not None  # noqa: S101  # checked by the caller
    by = str(evaluate_value(approval.by, state, context, f"{step.key}.approval.by"))
    message = str(evaluate_value(approval.message or "", state, context, f"{step.key}.approval.message"))
    step_state.status = StepStatus.WAITING
    step_state.asks, step_state.message = by[:_MAX_TEXT_LENGTH], message[:_MAX_TEXT_LENGTH]
    step_state.wake_at = None if approval.timeout is None else context.now + timedelta(seconds=approval.timeout)
    step_state.remind_at = approval.find_next_reminder(context.now)
    context.session.has_progress = True


def _expand_items(step: Step, step_state: StepState, state: WorkflowState, context: StepContext) -> None:
    """Set the step to RUNNING, with all its items PENDING except those that were completed in an earlier round."""
    if step_state.items is None:
        step_state.values = _evaluate_items(step, state, context)
        step_state.items = ItemState.PENDING * len(step_state.values)
    step_state.status = StepStatus.RUNNING
    context.session.has_progress = True
    state.settle_items(step, context.now)


def _evaluate_items(step: Step, state: WorkflowState, context: StepContext) -> list[str]:
    """Return the items as JSON texts, checked against the limits."""
    assert step.for_each is not None  # noqa: S101  # checked by the caller
    place, max_items = f"{step.key}.forEach.items", step.for_each.max_items
    result = evaluate_as_json(step.for_each.items, state, context, place, form=ResultForm.LIST)
    values = result.parts
    kept = sum(utf8_length(text) for other in state.steps.values() for text in other.values or ())
    if values is None:
        message = f"forEach needs an array, but its expression returned {_describe_type(result.text)}."
    elif len(values) > max_items:
        message = f"forEach has {len(values)} items; at most {max_items} are allowed (maxItems)."
    elif (size := kept + sum(map(utf8_length, values))) > MAX_ITEMS_BYTES:
        message = f"forEach: the items of the workflow run have {size:,} bytes as JSON; at most "
        message += f"{MAX_ITEMS_BYTES:,} are allowed. Reduce each item to what its run needs."
    else:
        return values
    raise StepFault(StepReason.BAD_PARAMS, ErrorKind.BAD_PARAMS, message)


def _start_items(
    step: Step, step_state: StepState, state: WorkflowState, context: StepContext, room: int
) -> Iterator[StepRunRequest]:
    """Yield the runs of the next items. If another process has to evaluate one, it evaluates those after it as well."""
    values = step_state.values
    assert step.for_each is not None and step_state.items is not None and values is not None  # noqa: S101, PT018
    room = min(room, step.for_each.concurrency - step_state.items.count(ItemState.RUNNING))
    if room <= 0 or state.stopping is not None:
        return
    items, pending = list[str](step_state.items), list(find_indexes(ItemState.PENDING, step_state.items))
    try:
        for position, index in enumerate(pending):
            if room <= 0:
                break
            try:
                request = build_run_request(step, StepRunRef(step.key, index), state, context, (index, values[index]))
            except StepFault as fault:
                items[index] = ItemState.FAILED
                step_state.error = step_state.error or fault.error
                context.session.has_progress = True
            except EvaluationNeeded as needed:
                batch = pending[position : position + min(room, _MAX_BATCH)]
                raise EvaluationNeeded(replace(needed.request, items=tuple((n, values[n]) for n in batch))) from None
            else:
                items[index] = ItemState.RUNNING
                room -= 1
                yield request
    finally:
        step_state.items = "".join(items)
    state.settle_items(step, context.now)


def _describe_type(text: str) -> str:
    names = {type(None): "null", bool: "a boolean", str: "a string", dict: "an object"}
    return names.get(type(json.loads(text)), "a number")
