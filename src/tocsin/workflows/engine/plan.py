"""The plan of a workflow run: what to start, cancel or finish, given its present state. Pure.

Planning is idempotent: decisions are recorded in the states of the steps, and the same states give the same plan.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from tocsin.documents import Doc, RunStatus, StepStatus, WorkflowRunReason, WorkflowRunStatus
from tocsin.jobs.base import ErrorKind
from tocsin.workflows.engine.evaluation import LARGEST_VALUE, Kind, size_of
from tocsin.workflows.engine.outcomes import CANCEL, COMPENSATE, TIMEOUT, absorb, failed, stop_if_due, take, wake
from tocsin.workflows.engine.scope import Paused, Surroundings, answer_for, result_text
from tocsin.workflows.engine.states import COMPLETED, FAILED, RUNNING, Ended, Flow, Work
from tocsin.workflows.engine.step_starts import Start, begin, start_of, step_faults
from tocsin.workflows.language.definition import WorkflowDefinition
from tocsin.workflows.language.expressions import EvaluationError


@dataclass(frozen=True, slots=True)
class Finish:
    """The outcome of a workflow run. `output` is a JSON text, or None for null."""

    status: WorkflowRunStatus
    reason: WorkflowRunReason | None = None
    output: str | None = None
    error: Doc | None = None


@dataclass(slots=True)
class Move:
    """Runs to start, runs to cancel, and the outcome, if there is one. `has_more` asks for another pass at once."""

    starts: list[Start]
    cancels: list[str]
    finish: Finish | None
    has_more: bool = False


def advance(flow: Flow, context: Surroundings, ended: Mapping[str, Ended], lost: Collection[str] = ()) -> Move:
    """Advance the workflow run's state in place, and return what to do.

    `ended` holds the outcomes of active runs that have ended, `lost` the ids of runs that were planned but never
    created.

    Raises Missing when results have to be loaded first, and Heavy when a value has to be evaluated in another process:
    call it again with them, on a fresh state.
    """
    starts: list[Start] = []
    try:
        finish = _advance(flow, context, ended, lost, starts)
    except Paused:
        return Move(starts, flow.cancels, None, has_more=True)
    return Move(starts, flow.cancels, finish)


def _advance(
    flow: Flow, context: Surroundings, ended: Mapping[str, Ended], lost: Collection[str], starts: list[Start]
) -> Finish | None:
    for work in flow.running() if lost else ():
        if work.run_id(flow.id) in lost:
            _request_again(work, flow, context, starts)
    absorb(flow, context, ended)
    wake(flow, context)
    stop_if_due(flow, context)
    if flow.stopping is None:
        begin(flow, context, starts)
        stop_if_due(flow, context)  # a step that could not be started may call for compensation
    if flow.stopping == COMPENSATE:
        _compensate(flow, context, starts)
    return _finish(flow, context)


def next_wake(flow: Flow) -> datetime | None:
    """Return when the workflow run has to be advanced even if nothing else happens."""
    times = [moment for state in flow.steps.values() for moment in (state.wake_at, state.remind_at) if moment]
    if flow.stopping is None and flow.document["deadline_at"] is not None:
        times.append(flow.document["deadline_at"])
    return min(times, default=None)


def _request_again(work: Work, flow: Flow, context: Surroundings, starts: list[Start]) -> None:
    """Request again a run that a crash kept from being created."""
    state = flow.steps[work.key]
    item = None if work.item is None or state.values is None else (work.item, state.values[work.item])
    with step_faults() as faults:
        starts.append(start_of(context.step(work.key), work, flow, context, item))
    context.effort.has_begun = True
    for error in faults:
        take(state, work, Ended(RunStatus.FAILED.value, state.round, context.now, error), context.now)


def _compensate(flow: Flow, context: Surroundings, starts: list[Start]) -> None:
    """Start the next compensation, in reverse order of completion, once no run is active."""
    while not flow.running():
        due = [
            (state.finished_at, key)
            for key, state in flow.steps.items()
            if state.status is StepStatus.COMPLETED
            and state.undo is None
            and context.step(key).compensation is not None
        ]
        if not due:
            return
        step = context.step(max(due)[1])
        state = flow.steps[step.key]
        with step_faults() as faults:
            starts.append(start_of(step, Work(step.key, undo=True), flow, context))
        context.effort.has_begun = True
        if not faults:
            state.undo = RUNNING
            return
        state.undo, state.error = FAILED, faults[0]


def _finish(flow: Flow, context: Surroundings) -> Finish | None:
    if flow.running() or not all(state.settled for state in flow.steps.values()):
        return None
    if flow.stopping == CANCEL:
        return Finish(WorkflowRunStatus.CANCELLED, WorkflowRunReason.CANCEL_REQUESTED)
    if flow.stopping == TIMEOUT:
        return Finish(WorkflowRunStatus.FAILED, WorkflowRunReason.TIMEOUT, error=_out_of_time(context.definition))
    broken = [step for step in context.definition.steps if failed(step, flow)]
    if broken:
        error = flow.steps[broken[0].key].error
        return Finish(WorkflowRunStatus.FAILED, _why_failed(flow), error=error)
    try:
        return Finish(WorkflowRunStatus.COMPLETED, output=_output(flow, context))
    except EvaluationError as error:
        fault = {"kind": ErrorKind.EXPRESSION.value, "message": str(error), "hint": "Correct `output`."}
        return Finish(WorkflowRunStatus.FAILED, WorkflowRunReason.OUTPUT_FAILED, error=fault)


def _why_failed(flow: Flow) -> WorkflowRunReason:
    if flow.stopping != COMPENSATE:
        return WorkflowRunReason.STEP_FAILED
    undone = all(state.undo in {None, COMPLETED} for state in flow.steps.values())
    return WorkflowRunReason.COMPENSATED if undone else WorkflowRunReason.COMPENSATION_FAILED


def _output(flow: Flow, context: Surroundings) -> str | None:
    """Return the output as a JSON text. None for null, and for a default output that is too large."""
    definition = context.definition
    if definition.output is not None:
        text = answer_for(definition.output, flow, context, "output", kind=Kind.TEXT).text
    else:
        try:
            text = _last_results(flow, context)
        except EvaluationError:
            return None
    return None if text == "null" or size_of(text) > LARGEST_VALUE else text


def _last_results(flow: Flow, context: Surroundings) -> str:
    definition = context.definition
    needed = {key for step in definition.steps for key in step.waits_for}
    last = [step.key for step in definition.steps if step.key not in needed]
    if len(last) == 1:
        return result_text(last[0], flow, context)
    return "{" + ",".join(f'"{key}":{result_text(key, flow, context)}' for key in last) + "}"


def _out_of_time(definition: WorkflowDefinition) -> Doc:
    message = f"The workflow run did not finish within {definition.timeout:g} seconds."
    return {"kind": ErrorKind.TIMEOUT.value, "message": message, "hint": "Increase `timeout`."}
