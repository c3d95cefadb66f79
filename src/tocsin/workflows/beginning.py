"""Beginning the steps whose dependencies are done: conditions, waits, approvals, runs, items. Pure."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tocsin.documents import Doc, StepReason, StepStatus
from tocsin.errors import InvalidInput
from tocsin.jobs.base import ErrorKind
from tocsin.schedules.moments import read_duration, read_moment
from tocsin.workflows.absorbing import close_items, failed
from tocsin.workflows.definition import Step
from tocsin.workflows.expressions import ExpressionError, truthy
from tocsin.workflows.scope import NO_ITEM, Missing, Surroundings, fill_in
from tocsin.workflows.states import FAILED, PENDING, RUNNING, Flow, StepState, Work

_LONGEST_WAIT = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Start:
    """A run to be made, or done again in the step's round. `job` is as it is stored."""

    work: Work
    job: Doc
    retry: Doc | None
    timeout: float | None
    priority: int
    round: int


class _Wrong(Exception):  # no error of the program, but of what the user wrote
    """A step cannot be begun, for this reason."""

    def __init__(self, reason: StepReason, kind: ErrorKind, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.error: Doc = {"kind": kind.value, "message": message, "hint": hint}


def begin(flow: Flow, around: Surroundings) -> list[Start]:
    """Begin all that can be begun now. Raises Missing."""
    starts: list[Start] = []
    room = around.definition.concurrency - len(flow.running())
    before = -1
    while before != (before := flow.done()):  # a step that is skipped lets others go on
        for step in around.definition.steps:
            begun = list(_begin(step, flow, around, room - len(starts)))
            starts += begun
    return starts


def start_of(step: Step, work: Work, flow: Flow, around: Surroundings, item: Any = NO_ITEM) -> Start:
    """The run of a step, of an item of it, or of its compensation. Raises Missing, and what `step_faults` collects."""
    what = step.compensation if work.undo and step.compensation is not None else step
    kind = what.job or ""
    params = _evaluated(what.params, flow, around, item, work.item or 0)
    try:
        job = around.prepare(work, kind, params)
    except InvalidInput as error:
        place = ".".join(error.path)
        message = f"The parameters are wrong{f' at {place}' if place else ''}: {error.message}"
        raise _Wrong(StepReason.BAD_PARAMS, ErrorKind.BAD_PARAMS, message) from None
    return Start(work, job, what.retry, what.timeout, step.priority, flow.steps[step.key].round)


@contextmanager
def step_faults() -> Iterator[list[Doc]]:
    """Collects why what is inside could not be begun."""
    faults: list[Doc] = []
    try:
        yield faults
    except _Wrong as wrong:
        faults.append(wrong.error)


def _begin(step: Step, flow: Flow, around: Surroundings, room: int) -> Iterator[Start]:
    state = flow.steps[step.key]
    if state.status is StepStatus.RUNNING and state.items is not None:
        yield from _items(step, state, flow, around, room)
    elif state.status is StepStatus.PENDING and all(flow.steps[key].settled for key in step.waits_for):
        if any(_blocks(around.step(key), flow) for key in step.waits_for):
            state.settle(StepStatus.SKIPPED, around.now, StepReason.DEPENDENCY)
        elif room > 0 or step.job is None:
            yield from _enter(step, state, flow, around, room)


def _blocks(step: Step, flow: Flow) -> bool:
    """Whether what depends on this step is skipped. One that its own condition skipped stands in nobody's way."""
    state = flow.steps[step.key]
    skipped = state.status is StepStatus.SKIPPED and state.reason is not StepReason.CONDITION
    return skipped or failed(step, flow)


def _enter(step: Step, state: StepState, flow: Flow, around: Surroundings, room: int) -> Iterator[Start]:
    try:
        if step.when is not None and not truthy(_evaluated(step.when, flow, around)):
            state.settle(StepStatus.SKIPPED, around.now, StepReason.CONDITION)
            return
        state.started_at = state.started_at or around.now
        if step.wait is not None:
            _wait(step, state, flow, around)
        elif step.approval is not None:
            _ask(step, state, flow, around)
        elif step.for_each is not None:
            _spread(step, state, flow, around)
            yield from _items(step, state, flow, around, room)
        else:
            yield start_of(step, Work(step.key), flow, around)
            state.status = StepStatus.RUNNING
    except _Wrong as wrong:
        state.settle(StepStatus.FAILED, around.now, wrong.reason, wrong.error)


def _wait(step: Step, state: StepState, flow: Flow, around: Surroundings) -> None:
    assert step.wait is not None  # noqa: S101  # asked before
    until = _evaluated(step.wait.until, flow, around)
    duration = _evaluated(step.wait.duration, flow, around)
    try:
        state.wake_at = around.now + read_duration(duration) if until is None else read_moment(until)
    except ValueError as error:
        raise _Wrong(StepReason.BAD_PARAMS, ErrorKind.BAD_PARAMS, f"It cannot be waited so: {error}") from None
    if state.wake_at - around.now > _LONGEST_WAIT:
        raise _Wrong(StepReason.BAD_PARAMS, ErrorKind.BAD_PARAMS, "A wait ends within 366 days.")
    _rest(state, around.now)


def _rest(state: StepState, now: datetime) -> None:
    """Wait, unless the time has come already."""
    state.status = StepStatus.WAITING
    if state.wake_at is not None and state.wake_at <= now:
        state.settle(StepStatus.COMPLETED, now)


def _ask(step: Step, state: StepState, flow: Flow, around: Surroundings) -> None:
    approval = step.approval
    assert approval is not None  # noqa: S101  # asked before
    state.status = StepStatus.WAITING
    state.asks = str(_evaluated(approval.by, flow, around))
    state.message = str(_evaluated(approval.message or "", flow, around))
    state.wake_at = None if approval.timeout is None else around.now + timedelta(seconds=approval.timeout)
    state.remind_at = approval.next_reminder(around.now)


def _spread(step: Step, state: StepState, flow: Flow, around: Surroundings) -> None:
    """Find out which items there are; those that a former round completed stay so."""
    assert step.for_each is not None  # noqa: S101  # asked before
    if state.items is None:
        values = _evaluated(step.for_each.items, flow, around)
        if not isinstance(values, list):
            message = f"forEach needs a list, and its expression gave {_kind(values)}."
            raise _Wrong(StepReason.BAD_PARAMS, ErrorKind.BAD_PARAMS, message)
        if len(values) > step.for_each.max_items:
            message = f"forEach has {len(values)} items; at most {step.for_each.max_items} are allowed (maxItems)."
            raise _Wrong(StepReason.BAD_PARAMS, ErrorKind.BAD_PARAMS, message)
        state.items = PENDING * len(values)
        state.values = [json.dumps(value, ensure_ascii=False) for value in values]
    state.status = StepStatus.RUNNING
    close_items(step, flow, around.now)


def _items(step: Step, state: StepState, flow: Flow, around: Surroundings, room: int) -> Iterator[Start]:
    assert step.for_each is not None and state.items is not None and state.values is not None  # noqa: S101, PT018
    letters = list(state.items)
    room = min(room, step.for_each.concurrency - letters.count(RUNNING))
    for index, letter in enumerate(letters):
        if room <= 0 or flow.stopping is not None:
            break
        if letter != PENDING:
            continue
        try:
            yield start_of(step, Work(step.key, index), flow, around, json.loads(state.values[index]))
            letters[index] = RUNNING
            room -= 1
        except _Wrong as wrong:
            letters[index] = FAILED
            state.error = state.error or wrong.error
    state.items = "".join(letters)
    close_items(step, flow, around.now)


def _evaluated(value: Any, flow: Flow, around: Surroundings, item: Any = NO_ITEM, index: int = 0) -> Any:
    try:
        return fill_in(value, flow, around, item, index)
    except ExpressionError as error:
        raise _Wrong(StepReason.EXPRESSION, ErrorKind.EXPRESSION, str(error)) from None


def _kind(value: Any) -> str:
    names = {type(None): "null", bool: "a boolean", str: "a text", dict: "an object", int: "a number"}
    return names.get(type(value), "a number")


__all__ = ["Missing", "Start", "begin", "start_of", "step_faults"]
