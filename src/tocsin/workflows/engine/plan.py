"""The plan of a workflow run: what to start, cancel or finish, given its present state. Pure.

Planning is idempotent: decisions are recorded in the states of the steps, and the same states give the same plan.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from tocsin.documents import (
    OPEN_WORKFLOW_RUN_STATUSES,
    Changes,
    ErrorDocument,
    ErrorKind,
    RunStatus,
    StepReason,
    StepStatus,
    WorkflowRunReason,
    WorkflowRunStatus,
)
from tocsin.workflows.engine.evaluation import MAX_VALUE_BYTES, ResultForm, utf8_length
from tocsin.workflows.engine.scope import PlanPaused, StepContext, evaluate_as_json, read_result_json
from tocsin.workflows.engine.states import SETTLED_AS, ItemState, StepRunOutcome, StepRunRef, StopReason, WorkflowState
from tocsin.workflows.engine.step_starts import StepFault, StepRunRequest, build_run_request, start_ready_steps
from tocsin.workflows.language.definition import OnFailure
from tocsin.workflows.language.expressions import EvaluationError

_ITEM_STATES = {RunStatus.COMPLETED: ItemState.COMPLETED, RunStatus.CANCELLED: ItemState.CANCELLED}
"""States of items by the status of their run. All other statuses are failures."""
_STOPPED_AS = {
    StopReason.CANCEL: (StepStatus.CANCELLED, StepReason.CANCEL_REQUESTED),
    StopReason.TIMEOUT: (StepStatus.CANCELLED, StepReason.TIMEOUT),
    StopReason.COMPENSATE: (StepStatus.SKIPPED, StepReason.STOPPED),
}
"""The end of the steps that have not started when a workflow run is stopped."""


@dataclass(frozen=True, slots=True)
class WorkflowOutcome:
    """The outcome of a workflow run. `output` is a JSON text, or None for null."""

    status: WorkflowRunStatus
    reason: WorkflowRunReason | None = None
    output: str | None = None
    error: ErrorDocument | None = None

    def to_fields(self, now: datetime) -> Changes:
        """Return the fields of the workflow run that ends with this outcome."""
        return {
            "status": self.status,
            "open": self.status in OPEN_WORKFLOW_RUN_STATUSES,
            "reason": self.reason,
            "finished_at": now,
            "output": self.output,
            "error": self.error,
            "wake_at": None,
        }


@dataclass(slots=True)
class Plan:
    """Runs to start, runs to cancel, and the outcome, if there is one. `has_more` asks for another pass at once."""

    runs_to_start: list[StepRunRequest]
    runs_to_cancel: list[str]
    outcome: WorkflowOutcome | None
    has_more: bool = False

    def to_update(self, state: WorkflowState, now: datetime) -> Changes:
        """Return the fields in which the workflow run differs from its document; empty if it does not."""
        document = state.document
        steps = {key: step_state.to_document() for key, step_state in state.steps.items()}
        fields: Changes = {
            "steps": steps,
            "stopping": state.stopping,
            "done": state.count_settled(),
            "status": WorkflowRunStatus.RUNNING,
            "started_at": document["started_at"] or now,
            "wake_at": _find_next_wake(state),
            **(self.outcome.to_fields(now) if self.outcome is not None else {}),
        }
        return {name: value for name, value in fields.items() if document.get(name) != value}


def _find_next_wake(state: WorkflowState) -> datetime | None:
    """Return when the workflow run has to be advanced even if nothing else happens."""
    times = [moment for step in state.steps.values() for moment in (step.wake_at, step.remind_at) if moment]
    if state.stopping is None and state.document["deadline_at"] is not None:
        times.append(state.document["deadline_at"])
    return min(times, default=None)


def advance_workflow(
    state: WorkflowState, context: StepContext, ended: Mapping[str, StepRunOutcome], lost: Collection[str] = ()
) -> Plan:
    """Advance the state of a workflow run in place, and return what to do.

    `ended` holds the outcomes of active runs that have ended, `lost` the ids of runs that were planned but never
    created.

    Raises ResultsNeeded when results have to be loaded first, and EvaluationNeeded when a value has to be evaluated in
    another process: call it again with them, on a fresh state.
    """
    starts: list[StepRunRequest] = []
    try:
        for ref in state.active_runs() if lost else ():
            if ref.run_id(state.id) in lost:
                _request_again(ref, state, context, starts)
        _apply_outcomes(ended, state, context)
        _end_due_waits(state, context)
        _stop_if_needed(state, context)
        if state.stopping is None:
            start_ready_steps(state, context, starts)
            _stop_if_needed(state, context)  # a step that could not be started may call for compensation
        if state.stopping is StopReason.COMPENSATE:
            _compensate(state, context, starts)
        return Plan(starts, state.runs_to_cancel, _find_outcome(state, context))
    except PlanPaused:
        return Plan(starts, state.runs_to_cancel, None, has_more=True)


def _request_again(ref: StepRunRef, state: WorkflowState, context: StepContext, starts: list[StepRunRequest]) -> None:
    """Request again a run that a crash kept from being created."""
    step_state = state.steps[ref.key]
    item = None if ref.item is None or step_state.values is None else (ref.item, step_state.values[ref.item])
    try:
        starts.append(build_run_request(context.get_step(ref.key), ref, state, context, item))
    except StepFault as fault:
        outcome = StepRunOutcome(RunStatus.FAILED, step_state.round, context.now, fault.error)
        _apply_outcome(ref, outcome, state, context.now)
    context.session.has_progress = True


def _apply_outcomes(ended: Mapping[str, StepRunOutcome], state: WorkflowState, context: StepContext) -> None:
    """Apply the outcomes of the active runs that have ended in the present round of their step."""
    for ref in state.active_runs():
        outcome = ended.get(ref.run_id(state.id))
        if outcome is not None and outcome.round == state.steps[ref.key].round:
            _apply_outcome(ref, outcome, state, context.now)
    for step in context.definition.steps:
        state.settle_items(step, context.now)


def _apply_outcome(ref: StepRunRef, outcome: StepRunOutcome, state: WorkflowState, now: datetime) -> None:
    """Apply the outcome of one run to its step."""
    step_state = state.steps[ref.key]
    ended_as = _ITEM_STATES.get(outcome.status, ItemState.FAILED)
    error = None if ended_as is ItemState.COMPLETED else outcome.error
    if ref.is_compensation:
        step_state.undo = ended_as
    elif ref.item is not None and step_state.items is not None:
        step_state.items = step_state.items[: ref.item] + ended_as + step_state.items[ref.item + 1 :]
        step_state.error = step_state.error or error
    else:
        status, reason = SETTLED_AS[ended_as]
        step_state.settle(status, outcome.finished_at or now, reason, error)


def _end_due_waits(state: WorkflowState, context: StepContext) -> None:
    """End the waits and approvals that are due, and count the reminders that are."""
    now = context.now
    for step in context.definition.steps:
        step_state, approval = state.steps[step.key], step.approval
        if step_state.status is not StepStatus.WAITING:
            continue
        if step_state.wake_at is not None and step_state.wake_at <= now:
            if approval is None:
                step_state.settle(StepStatus.COMPLETED, step_state.wake_at)
            elif approval.on_timeout == "approve":
                step_state.settle(StepStatus.COMPLETED, now, StepReason.APPROVED_BY_TIMEOUT)
            else:
                hint = "Resume the workflow run to ask again."
                error: ErrorDocument = {"kind": ErrorKind.TIMEOUT, "message": "Nobody decided in time.", "hint": hint}
                step_state.settle(StepStatus.FAILED, now, StepReason.TIMEOUT, error)
        elif approval is not None and step_state.remind_at is not None and step_state.remind_at <= now:
            step_state.reminders += 1
            step_state.remind_at = approval.find_next_reminder(now)


def _stop_if_needed(state: WorkflowState, context: StepContext) -> None:
    """Stop the workflow run on a cancellation, a timeout, or a failure that calls for compensation."""
    steps, deadline = context.definition.steps, state.document["deadline_at"]
    if state.stopping is None:
        if state.document["cancel_requested_at"] is not None:
            state.stopping = StopReason.CANCEL
        elif deadline is not None and deadline <= context.now:
            state.stopping = StopReason.TIMEOUT
        elif any(step.on_failure is OnFailure.COMPENSATE and state.has_failed(step) for step in steps):
            state.stopping = StopReason.COMPENSATE
        else:
            return
    status, reason = _STOPPED_AS[state.stopping]
    for step_state in state.steps.values():
        if step_state.status in {StepStatus.PENDING, StepStatus.WAITING}:
            step_state.settle(status, context.now, reason)
    for step in steps:
        state.settle_items(step, context.now)
    if state.stopping is not StopReason.COMPENSATE:
        state.runs_to_cancel = [ref.run_id(state.id) for ref in state.active_runs()]


def _compensate(state: WorkflowState, context: StepContext, starts: list[StepRunRequest]) -> None:
    """Start the next compensation, in reverse order of completion, once no run is active."""
    while not state.active_runs():
        due = [
            (step_state.finished_at, key)
            for key, step_state in state.steps.items()
            if step_state.status is StepStatus.COMPLETED
            and step_state.undo is None
            and context.get_step(key).compensation is not None
        ]
        if not due:
            return
        step = context.get_step(max(due)[1])
        step_state = state.steps[step.key]
        try:
            starts.append(build_run_request(step, StepRunRef(step.key, is_compensation=True), state, context))
            step_state.undo = ItemState.RUNNING
        except StepFault as fault:
            step_state.undo, step_state.error = ItemState.FAILED, fault.error
        context.session.has_progress = True


def _find_outcome(state: WorkflowState, context: StepContext) -> WorkflowOutcome | None:
    """Return the outcome of the workflow run; None while a step is not settled, or a run is active."""
    definition = context.definition
    if state.active_runs() or not all(step_state.is_settled for step_state in state.steps.values()):
        return None
    if state.stopping is StopReason.CANCEL:
        return WorkflowOutcome(WorkflowRunStatus.CANCELLED, WorkflowRunReason.CANCEL_REQUESTED)
    if state.stopping is StopReason.TIMEOUT:
        message = f"The workflow run did not finish within {definition.timeout:g} seconds."
        error: ErrorDocument = {"kind": ErrorKind.TIMEOUT, "message": message, "hint": "Increase `timeout`."}
        return WorkflowOutcome(WorkflowRunStatus.FAILED, WorkflowRunReason.TIMEOUT, error=error)
    failed = [step.key for step in definition.steps if state.has_failed(step)]
    if failed:
        reason = WorkflowRunReason.STEP_FAILED
        if state.stopping is StopReason.COMPENSATE:
            undone = all(step_state.undo in {None, ItemState.COMPLETED} for step_state in state.steps.values())
            reason = WorkflowRunReason.COMPENSATED if undone else WorkflowRunReason.COMPENSATION_FAILED
        return WorkflowOutcome(WorkflowRunStatus.FAILED, reason, error=state.steps[failed[0]].error)
    try:
        return WorkflowOutcome(WorkflowRunStatus.COMPLETED, output=_build_output(state, context))
    except EvaluationError as error:
        fault: ErrorDocument = {"kind": ErrorKind.EXPRESSION, "message": str(error), "hint": "Correct `output`."}
        return WorkflowOutcome(WorkflowRunStatus.FAILED, WorkflowRunReason.OUTPUT_FAILED, error=fault)


def _build_output(state: WorkflowState, context: StepContext) -> str | None:
    """Return the output as a JSON text. None for null, and for a default output that is too large."""
    definition = context.definition
    if definition.output is not None:
        text = evaluate_as_json(definition.output, state, context, "output", form=ResultForm.TEXT).text
    else:
        needed = {key for step in definition.steps for key in step.dependencies}
        last = [step.key for step in definition.steps if step.key not in needed]
        try:
            results = {key: read_result_json(key, state, context) for key in last}
        except EvaluationError:
            return None
        if len(last) == 1:
            text = results[last[0]]
        else:
            text = "{" + ",".join(f'"{key}":{result}' for key, result in results.items()) + "}"
    return None if text == "null" or utf8_length(text) > MAX_VALUE_BYTES else text
