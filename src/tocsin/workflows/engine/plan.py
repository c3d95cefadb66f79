"""The plan of a workflow run: what to start, cancel or finish, given its present state. Pure.

Planning is idempotent: decisions are recorded in the states of the steps, and the same states give the same plan.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from tocsin.documents import Doc, RunStatus, StepStatus, WorkflowRunReason, WorkflowRunStatus
from tocsin.jobs.base import ErrorKind
from tocsin.workflows.engine.evaluation import MAX_VALUE_BYTES, ResultForm, utf8_length
from tocsin.workflows.engine.outcomes import (
    CANCEL,
    COMPENSATE,
    TIMEOUT,
    apply_outcome,
    apply_outcomes,
    end_due_waits,
    has_failed,
    stop_if_needed,
)
from tocsin.workflows.engine.scope import PlanPaused, StepContext, evaluate_as_json, read_result_json
from tocsin.workflows.engine.states import COMPLETED, FAILED, RUNNING, StepRunOutcome, StepRunRef, WorkflowState
from tocsin.workflows.engine.step_starts import (
    StepRunRequest,
    build_run_request,
    collect_step_errors,
    start_ready_steps,
)
from tocsin.workflows.language.definition import WorkflowDefinition
from tocsin.workflows.language.expressions import EvaluationError


@dataclass(frozen=True, slots=True)
class WorkflowOutcome:
    """The outcome of a workflow run. `output` is a JSON text, or None for null."""

    status: WorkflowRunStatus
    reason: WorkflowRunReason | None = None
    output: str | None = None
    error: Doc | None = None


@dataclass(slots=True)
class Plan:
    """Runs to start, runs to cancel, and the outcome, if there is one. `has_more` asks for another pass at once."""

    runs_to_start: list[StepRunRequest]
    runs_to_cancel: list[str]
    outcome: WorkflowOutcome | None
    has_more: bool = False


def advance_workflow(
    flow: WorkflowState, context: StepContext, ended: Mapping[str, StepRunOutcome], lost: Collection[str] = ()
) -> Plan:
    """Advance the workflow run's state in place, and return what to do.

    `ended` holds the outcomes of active runs that have ended, `lost` the ids of runs that were planned but never
    created.

    Raises Missing when results have to be loaded first, and Heavy when a value has to be evaluated in another process:
    call it again with them, on a fresh state.
    """
    starts: list[StepRunRequest] = []
    try:
        finish = _advance(flow, context, ended, lost, starts)
    except PlanPaused:
        return Plan(starts, flow.runs_to_cancel, None, has_more=True)
    return Plan(starts, flow.runs_to_cancel, finish)


def _advance(
    flow: WorkflowState,
    context: StepContext,
    ended: Mapping[str, StepRunOutcome],
    lost: Collection[str],
    starts: list[StepRunRequest],
) -> WorkflowOutcome | None:
    for work in flow.active_runs() if lost else ():
        if work.run_id(flow.id) in lost:
            _request_again(work, flow, context, starts)
    apply_outcomes(flow, context, ended)
    end_due_waits(flow, context)
    stop_if_needed(flow, context)
    if flow.stopping is None:
        start_ready_steps(flow, context, starts)
        stop_if_needed(flow, context)  # a step that could not be started may call for compensation
    if flow.stopping == COMPENSATE:
        _compensate(flow, context, starts)
    return _finish(flow, context)


def find_next_wake(flow: WorkflowState) -> datetime | None:
    """Return when the workflow run has to be advanced even if nothing else happens."""
    times = [moment for state in flow.steps.values() for moment in (state.wake_at, state.remind_at) if moment]
    if flow.stopping is None and flow.document["deadline_at"] is not None:
        times.append(flow.document["deadline_at"])
    return min(times, default=None)


def _request_again(work: StepRunRef, flow: WorkflowState, context: StepContext, starts: list[StepRunRequest]) -> None:
    """Request again a run that a crash kept from being created."""
    state = flow.steps[work.key]
    item = None if work.item is None or state.values is None else (work.item, state.values[work.item])
    with collect_step_errors() as faults:
        starts.append(build_run_request(context.get_step(work.key), work, flow, context, item))
    context.session.has_progress = True
    for error in faults:
        apply_outcome(state, work, StepRunOutcome(RunStatus.FAILED.value, state.round, context.now, error), context.now)


def _compensate(flow: WorkflowState, context: StepContext, starts: list[StepRunRequest]) -> None:
    """Start the next compensation, in reverse order of completion, once no run is active."""
    while not flow.active_runs():
        due = [
            (state.finished_at, key)
            for key, state in flow.steps.items()
            if state.status is StepStatus.COMPLETED
            and state.undo is None
            and context.get_step(key).compensation is not None
        ]
        if not due:
            return
        step = context.get_step(max(due)[1])
        state = flow.steps[step.key]
        with collect_step_errors() as faults:
            starts.append(build_run_request(step, StepRunRef(step.key, is_compensation=True), flow, context))
        context.session.has_progress = True
        if not faults:
            state.undo = RUNNING
            return
        state.undo, state.error = FAILED, faults[0]


def _finish(flow: WorkflowState, context: StepContext) -> WorkflowOutcome | None:
    if flow.active_runs() or not all(state.is_settled for state in flow.steps.values()):
        return None
    if flow.stopping == CANCEL:
        return WorkflowOutcome(WorkflowRunStatus.CANCELLED, WorkflowRunReason.CANCEL_REQUESTED)
    if flow.stopping == TIMEOUT:
        return WorkflowOutcome(
            WorkflowRunStatus.FAILED, WorkflowRunReason.TIMEOUT, error=_out_of_time(context.definition)
        )
    broken = [step for step in context.definition.steps if has_failed(step, flow)]
    if broken:
        error = flow.steps[broken[0].key].error
        return WorkflowOutcome(WorkflowRunStatus.FAILED, _why_failed(flow), error=error)
    try:
        return WorkflowOutcome(WorkflowRunStatus.COMPLETED, output=_output(flow, context))
    except EvaluationError as error:
        fault = {"kind": ErrorKind.EXPRESSION.value, "message": str(error), "hint": "Correct `output`."}
        return WorkflowOutcome(WorkflowRunStatus.FAILED, WorkflowRunReason.OUTPUT_FAILED, error=fault)


def _why_failed(flow: WorkflowState) -> WorkflowRunReason:
    if flow.stopping != COMPENSATE:
        return WorkflowRunReason.STEP_FAILED
    undone = all(state.undo in {None, COMPLETED} for state in flow.steps.values())
    return WorkflowRunReason.COMPENSATED if undone else WorkflowRunReason.COMPENSATION_FAILED


def _output(flow: WorkflowState, context: StepContext) -> str | None:
    """Return the output as a JSON text. None for null, and for a default output that is too large."""
    definition = context.definition
    if definition.output is not None:
        text = evaluate_as_json(definition.output, flow, context, "output", kind=ResultForm.TEXT).text
    else:
        try:
            text = _last_results(flow, context)
        except EvaluationError:
            return None
    return None if text == "null" or utf8_length(text) > MAX_VALUE_BYTES else text


def _last_results(flow: WorkflowState, context: StepContext) -> str:
    definition = context.definition
    needed = {key for step in definition.steps for key in step.dependencies}
    last = [step.key for step in definition.steps if step.key not in needed]
    if len(last) == 1:
        return read_result_json(last[0], flow, context)
    return "{" + ",".join(f'"{key}":{read_result_json(key, flow, context)}' for key in last) + "}"


def _out_of_time(definition: WorkflowDefinition) -> Doc:
    message = f"The workflow run did not finish within {definition.timeout:g} seconds."
    return {"kind": ErrorKind.TIMEOUT.value, "message": message, "hint": "Increase `timeout`."}
