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
from tocsin.schedules.iso8601 import read_duration, read_moment
from tocsin.workflows.engine.evaluation import Answer, Beyond, Kind, size_of, with_items
from tocsin.workflows.engine.outcomes import close_items, failed
from tocsin.workflows.engine.scope import Heavy, Missing, Paused, Surroundings, answer_for, fill_in
from tocsin.workflows.engine.states import FAILED, PENDING, RUNNING, Flow, StepState, Work, places_of
from tocsin.workflows.language.definition import Step
from tocsin.workflows.language.expressions import EvaluationError, truthy

MOST_KEPT = 4 * 1024 * 1024
"""Maximum size, in bytes of JSON, of the items of all steps. They are stored in the workflow run."""
_LONGEST_WAIT = timedelta(days=366)
_LONGEST_TEXT = 4_000
"""Maximum length, in characters, of a message or an address that a step stores."""
_RUN_COST = 100
"""Budget units charged for each run of a step, whatever its parameters."""
_MAX_BATCH = 100
"""Maximum number of items whose parameters are evaluated in another process at once."""


@dataclass(frozen=True, slots=True)
class Start:
    """A run to create, or to requeue in the step's round. `job` is in its stored form."""

    work: Work
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


def begin(flow: Flow, context: Surroundings, starts: list[Start]) -> None:
    """Start the steps that are ready, and append their runs to `starts`.

    Raises Missing and Heavy, and Paused if more remains to be started.
    """
    room = context.definition.concurrency - len(flow.running()) - len(starts)
    for step in context.definition.in_order:  # a skipped step can unblock steps later in the order
        done = flow.steps[step.key].settled
        for start in _begin(step, flow, context, room):
            starts.append(start)
            room -= 1
            context.effort.has_begun = True
        if flow.steps[step.key].settled and not done:
            context.effort.has_begun = True


def start_of(step: Step, work: Work, flow: Flow, context: Surroundings, item: tuple[int, str] | None = None) -> Start:
    """Build the run of a step, of one of its items, or of its compensation.

    Raises what `fill_in` raises, and the errors that `step_faults` collects.
    """
    what = step.compensation if work.undo and step.compensation is not None else step
    kind = what.job or ""
    place = f"{step.key}.compensation.params" if work.undo else f"{step.key}.params"
    params = _evaluated(what.params, flow, context, place, item)
    _charge_run(context)
    try:
        job = context.prepare(work, kind, params)
    except InvalidInput as error:
        place = ".".join(error.path)
        message = f"The parameters are invalid{f' at {place}' if place else ''}: {error.message}"
        raise _StepFault(StepReason.BAD_PARAMS, ErrorKind.BAD_PARAMS, message) from None
    return Start(work, job, what.retry, what.timeout, step.priority, flow.steps[step.key].round)


@contextmanager
def step_faults() -> Iterator[list[Doc]]:
    """Collect the errors of steps that cannot be started."""
    faults: list[Doc] = []
    try:
        yield faults
    except _StepFault as fault:
        faults.append(fault.error)


def _begin(step: Step, flow: Flow, context: Surroundings, room: int) -> Iterator[Start]:
    state = flow.steps[step.key]
    if state.status is StepStatus.RUNNING and state.items is not None:
        yield from _items(step, state, flow, context, room)
    elif state.status is StepStatus.PENDING and all(flow.steps[key].settled for key in step.waits_for):
        if any(_blocks(context.step(key), flow) for key in step.waits_for):
            state.settle(StepStatus.SKIPPED, context.now, StepReason.DEPENDENCY)
        elif room > 0 or step.job is None:
            yield from _enter(step, state, flow, context, room)


def _blocks(step: Step, flow: Flow) -> bool:
    """Return whether the steps that depend on this one are skipped. A step skipped by its condition blocks none."""
    state = flow.steps[step.key]
    skipped = state.status is StepStatus.SKIPPED and state.reason is not StepReason.CONDITION
    return skipped or failed(step, flow)


def _enter(step: Step, state: StepState, flow: Flow, context: Surroundings, room: int) -> Iterator[Start]:
    try:
        if step.when is not None and not truthy(_evaluated(step.when, flow, context, f"{step.key}.when")):
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
            yield start_of(step, Work(step.key), flow, context)
            state.status = StepStatus.RUNNING
    except _StepFault as fault:
        state.settle(StepStatus.FAILED, context.now, fault.reason, fault.error)


def _wait(step: Step, state: StepState, flow: Flow, context: Surroundings) -> None:
    assert step.wait is not None  # noqa: S101  # checked by the caller
    until = _evaluated(step.wait.until, flow, context, f"{step.key}.wait.until")
    duration = _evaluated(step.wait.duration, flow, context, f"{step.key}.wait.duration")
    try:
        state.wake_at = context.now + read_duration(duration) if until is None else read_moment(until)
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


def _ask(step: Step, state: StepState, flow: Flow, context: Surroundings) -> None:
    approval = step.approval
    assert approval is not None  # noqa: S101  # checked by the caller
    by = str(_evaluated(approval.by, flow, context, f"{step.key}.approval.by"))
    message = str(_evaluated(approval.message or "", flow, context, f"{step.key}.approval.message"))
    state.status, state.asks, state.message = StepStatus.WAITING, by[:_LONGEST_TEXT], message[:_LONGEST_TEXT]
    context.effort.has_begun = True
    state.wake_at = None if approval.timeout is None else context.now + timedelta(seconds=approval.timeout)
    state.remind_at = approval.next_reminder(context.now)


def _spread(step: Step, state: StepState, flow: Flow, context: Surroundings) -> None:
    """Evaluate the items. Those that were completed in an earlier round are kept."""
    assert step.for_each is not None  # noqa: S101  # checked by the caller
    if state.items is None:
        with _expression_faults():
            answer = answer_for(step.for_each.items, flow, context, f"{step.key}.forEach.items", kind=Kind.LIST)
        state.values = _values_of(step, answer, flow)
        state.items = PENDING * len(state.values)
    state.status = StepStatus.RUNNING
    context.effort.has_begun = True
    close_items(step, flow, context.now)


def _values_of(step: Step, answer: Answer, flow: Flow) -> list[str]:
    """Return the items as JSON texts, checked against the limits."""
    assert step.for_each is not None  # noqa: S101  # checked by the caller
    values, most = answer.parts, step.for_each.max_items
    kept = sum(size_of(text) for state in flow.steps.values() for text in state.values or ())
    if values is None:
        message = f"forEach needs an array, but its expression returned {_kind(json.loads(answer.text))}."
    elif len(values) > most:
        message = f"forEach has {len(values)} items; at most {most} are allowed (maxItems)."
    elif (size := kept + sum(map(size_of, values))) > MOST_KEPT:
        message = (
            f"forEach: the items of the workflow run have {size:,} bytes as JSON; at most {MOST_KEPT:,} are allowed."
        )
        message += " Select only what each run needs from its item."
    else:
        return values
    raise _StepFault(StepReason.BAD_PARAMS, ErrorKind.BAD_PARAMS, message)


def _items(step: Step, state: StepState, flow: Flow, context: Surroundings, room: int) -> Iterator[Start]:
    assert step.for_each is not None and state.items is not None  # noqa: S101, PT018
    room = min(room, step.for_each.concurrency - state.items.count(RUNNING))
    if room <= 0 or flow.stopping is not None:
        return
    letters, pending = list(state.items), list(places_of(PENDING, state.items))
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
                context.effort.has_begun = True
            except (Missing, Heavy, Paused):
                letters[index] = PENDING
                raise
    finally:
        state.items = "".join(letters)
    close_items(step, flow, context.now)


def _item_start(step: Step, state: StepState, indexes: list[int], flow: Flow, context: Surroundings) -> Start:
    """Build the run of the first of these items. If another process has to evaluate it, it evaluates all of them."""
    assert state.values is not None  # noqa: S101  # the caller has items
    values, index = state.values, indexes[0]
    try:
        return start_of(step, Work(step.key, index), flow, context, (index, values[index]))
    except Heavy as heavy:
        items = tuple((index, values[index]) for index in indexes)
        raise Heavy(with_items(heavy.question, items)) from None


def _evaluated(value: Any, flow: Flow, context: Surroundings, place: str, item: tuple[int, str] | None = None) -> Any:
    with _expression_faults():
        return fill_in(value, flow, context, place, item)


@contextmanager
def _expression_faults() -> Iterator[None]:
    try:
        yield
    except EvaluationError as error:
        raise _StepFault(StepReason.EXPRESSION, ErrorKind.EXPRESSION, str(error)) from None


def _charge_run(context: Surroundings) -> None:
    """Charge one run to the budget: parameters evaluated in another process cost nothing else here."""
    try:
        context.effort.budget.spend(_RUN_COST)
    except Beyond:
        if context.effort.has_begun:
            raise Paused from None


def _kind(value: Any) -> str:
    names = {type(None): "null", bool: "a boolean", str: "a string", dict: "an object", int: "a number"}
    return names.get(type(value), "a number")


__all__ = ["Missing", "Start", "begin", "start_of", "step_faults"]
