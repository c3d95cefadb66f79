"""Moving a workflow run: what follows from what is known of it now. Pure.

It may be asked as often as one likes: what was decided stands in the states, and what follows from the same states is
the same again.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.documents import Doc, RunStatus, StepStatus, WorkflowRunReason, WorkflowRunStatus
from tocsin.jobs.base import ErrorKind
from tocsin.workflows.absorbing import CANCEL, COMPENSATE, TIMEOUT, absorb, failed, stop_if_due, take, wake
from tocsin.workflows.beginning import Start, begin, start_of, step_faults
from tocsin.workflows.definition import WorkflowDefinition
from tocsin.workflows.expressions import ExpressionError
from tocsin.workflows.scope import NO_ITEM, Surroundings, fill_in, result_of
from tocsin.workflows.states import COMPLETED, FAILED, RUNNING, Ended, Flow, Work


@dataclass(frozen=True, slots=True)
class Finish:
    """How a workflow run ends."""

    status: WorkflowRunStatus
    reason: WorkflowRunReason | None = None
    output: Any = None
    error: Doc | None = None


@dataclass(slots=True)
class Move:
    """What is to be done: runs to make, runs to cancel, the end if it has come."""

    starts: list[Start]
    cancels: list[str]
    finish: Finish | None


def advance(flow: Flow, around: Surroundings, ended: Mapping[str, Ended], lost: Collection[str] = ()) -> Move:
    """Move the flow on, in place. Raises Missing when results must be read first: then begin anew with them.

    `ended` are the runs under way that have ended, `lost` those that were decided but never made.
    """
    remade = [start for work in flow.running() if work.run_id(flow.id) in lost for start in _remake(work, flow, around)]
    absorb(flow, around, ended)
    wake(flow, around)
    starts = remade
    stop_if_due(flow, around)
    if flow.stopping is None:
        starts += begin(flow, around)
        stop_if_due(flow, around)  # a step that could not be begun may call for undoing
    if flow.stopping == COMPENSATE:
        starts += _undo(flow, around)
    return Move(starts, flow.cancels, _finish(flow, around))


def next_wake(flow: Flow) -> datetime | None:
    """When it must be looked at though nothing happens."""
    times = [moment for state in flow.steps.values() for moment in (state.wake_at, state.remind_at) if moment]
    if flow.stopping is None and flow.document["deadline_at"] is not None:
        times.append(flow.document["deadline_at"])
    return min(times, default=None)


def _remake(work: Work, flow: Flow, around: Surroundings) -> Iterator[Start]:
    """The run again that a crash kept from being made."""
    state = flow.steps[work.key]
    item = NO_ITEM if work.item is None or state.values is None else json.loads(state.values[work.item])
    with step_faults() as faults:
        yield start_of(around.step(work.key), work, flow, around, item)
    for error in faults:
        take(state, work, Ended(RunStatus.FAILED.value, state.round, around.now, error), around.now)


def _undo(flow: Flow, around: Surroundings) -> list[Start]:
    """The next compensation, the last completed step's first, once nothing runs any more."""
    while not flow.running():
        due = [
            (state.finished_at, key)
            for key, state in flow.steps.items()
            if state.status is StepStatus.COMPLETED and state.undo is None and around.step(key).compensation is not None
        ]
        if not due:
            return []
        step = around.step(max(due)[1])
        state = flow.steps[step.key]
        with step_faults() as faults:
            start = start_of(step, Work(step.key, undo=True), flow, around)
        if not faults:
            state.undo = RUNNING
            return [start]
        state.undo, state.error = FAILED, faults[0]
    return []


def _finish(flow: Flow, around: Surroundings) -> Finish | None:
    if flow.running() or not all(state.settled for state in flow.steps.values()):
        return None
    if flow.stopping == CANCEL:
        return Finish(WorkflowRunStatus.CANCELLED, WorkflowRunReason.CANCEL_REQUESTED)
    if flow.stopping == TIMEOUT:
        return Finish(WorkflowRunStatus.FAILED, WorkflowRunReason.TIMEOUT, error=_out_of_time(around.definition))
    broken = [step for step in around.definition.steps if failed(step, flow)]
    if broken:
        error = flow.steps[broken[0].key].error
        return Finish(WorkflowRunStatus.FAILED, _why_failed(flow), error=error)
    try:
        return Finish(WorkflowRunStatus.COMPLETED, output=_output(flow, around))
    except ExpressionError as error:
        fault = {"kind": ErrorKind.EXPRESSION.value, "message": str(error), "hint": "Correct `output`."}
        return Finish(WorkflowRunStatus.FAILED, WorkflowRunReason.OUTPUT_FAILED, error=fault)


def _why_failed(flow: Flow) -> WorkflowRunReason:
    if flow.stopping != COMPENSATE:
        return WorkflowRunReason.STEP_FAILED
    undone = all(state.undo in {None, COMPLETED} for state in flow.steps.values())
    return WorkflowRunReason.COMPENSATED if undone else WorkflowRunReason.COMPENSATION_FAILED


def _output(flow: Flow, around: Surroundings) -> Any:
    definition = around.definition
    if definition.output is not None:
        return fill_in(definition.output, flow, around)
    needed = {key for step in definition.steps for key in step.waits_for}
    last = [step.key for step in definition.steps if step.key not in needed]
    if len(last) == 1:
        return result_of(last[0], flow, around)
    return {key: result_of(key, flow, around) for key in last}


def _out_of_time(definition: WorkflowDefinition) -> Doc:
    message = f"The workflow run was not done within {definition.timeout:g} seconds."
    return {"kind": ErrorKind.TIMEOUT.value, "message": message, "hint": "Give it more time: `timeout`."}
