"""Outcomes of runs, waits and stops, applied to the states of the steps. Pure."""

from collections.abc import Mapping
from datetime import datetime

from tocsin.documents import Doc, RunStatus, StepReason, StepStatus
from tocsin.workflows.engine.scope import StepContext
from tocsin.workflows.engine.states import (
    CANCELLED,
    COMPLETED,
    FAILED,
    PENDING,
    RUNNING,
    StepRunOutcome,
    StepRunRef,
    StepState,
    WorkflowState,
)
from tocsin.workflows.language.definition import OnFailure, Step

CANCEL, TIMEOUT, COMPENSATE = "CANCEL", "TIMEOUT", "COMPENSATE"
_ITEM_STATES = {RunStatus.COMPLETED.value: COMPLETED, RunStatus.CANCELLED.value: CANCELLED}
_ENDS = {
    COMPLETED: (StepStatus.COMPLETED, None),
    FAILED: (StepStatus.FAILED, StepReason.RUN_FAILED),
    CANCELLED: (StepStatus.CANCELLED, StepReason.CANCEL_REQUESTED),
}


def apply_outcomes(flow: WorkflowState, context: StepContext, ended: Mapping[str, StepRunOutcome]) -> None:
    """Apply the outcomes of runs to their steps, and settle the `forEach` steps whose items are done."""
    for work in flow.active_runs():
        end = ended.get(work.run_id(flow.id))
        if end is not None and end.round == flow.steps[work.key].round:
            apply_outcome(flow.steps[work.key], work, end, context.now)
    for step in context.definition.steps:
        settle_items(step, flow, context.now)


def settle_items(step: Step, flow: WorkflowState, now: datetime) -> None:
    """Settle a `forEach` step once none of its items is running or still to start."""
    state = flow.steps[step.key]
    if state.items is None or state.is_settled or RUNNING in state.items:
        return
    broken = FAILED in state.items and step.on_failure is not OnFailure.CONTINUE
    if PENDING in state.items and not broken and flow.stopping is None:
        return
    state.items = state.items.replace(PENDING, CANCELLED)
    letter = FAILED if FAILED in state.items else CANCELLED if CANCELLED in state.items else COMPLETED
    status, reason = _ENDS[letter]
    state.settle(status, now, reason, state.error)


def end_due_waits(flow: WorkflowState, context: StepContext) -> None:
    """End the waits and approvals that are due, and count the reminders that are."""
    for step in context.definition.steps:
        state = flow.steps[step.key]
        if state.status is not StepStatus.WAITING:
            continue
        if state.wake_at is not None and state.wake_at <= context.now:
            _end_wait(step, state, context.now)
        elif state.remind_at is not None and state.remind_at <= context.now:
            _remind(step, state, context.now)


def stop_if_needed(flow: WorkflowState, context: StepContext) -> None:
    """Stop the workflow run on a cancellation, a timeout, or a failure that calls for compensation."""
    document = flow.document
    deadline: datetime | None = document["deadline_at"]
    if flow.stopping is None and document["cancel_requested_at"] is not None:
        flow.stopping = CANCEL
    elif flow.stopping is None and deadline is not None and deadline <= context.now:
        flow.stopping = TIMEOUT
    elif flow.stopping is None and any(_needs_compensation(step, flow) for step in context.definition.steps):
        flow.stopping = COMPENSATE
    if flow.stopping is not None:
        _stop(flow, context)


def has_failed(step: Step, flow: WorkflowState) -> bool:
    """Return whether the step ended in a way that blocks the steps that depend on it."""
    bad = flow.steps[step.key].status in {StepStatus.FAILED, StepStatus.CANCELLED}
    return bad and step.on_failure is not OnFailure.CONTINUE


def _needs_compensation(step: Step, flow: WorkflowState) -> bool:
    return step.on_failure is OnFailure.COMPENSATE and has_failed(step, flow)


def _stop(flow: WorkflowState, context: StepContext) -> None:
    ends = {
        CANCEL: (StepStatus.CANCELLED, StepReason.CANCEL_REQUESTED),
        TIMEOUT: (StepStatus.CANCELLED, StepReason.TIMEOUT),
        COMPENSATE: (StepStatus.SKIPPED, StepReason.STOPPED),
    }
    status, reason = ends[flow.stopping or CANCEL]
    for state in flow.steps.values():
        if state.status in {StepStatus.PENDING, StepStatus.WAITING}:
            state.settle(status, context.now, reason)
    for step in context.definition.steps:
        settle_items(step, flow, context.now)
    if flow.stopping != COMPENSATE:
        flow.runs_to_cancel = [work.run_id(flow.id) for work in flow.active_runs()]


def apply_outcome(state: StepState, work: StepRunRef, end: StepRunOutcome, now: datetime) -> None:
    """Apply the outcome of one run to the state of its step."""
    letter = _ITEM_STATES.get(end.status, FAILED)
    if work.is_compensation:
        state.undo = letter
    elif work.item is not None and state.items is not None:
        state.items = state.items[: work.item] + letter + state.items[work.item + 1 :]
        state.error = state.error or (end.error if letter != COMPLETED else None)
    else:
        status, reason = _ENDS[letter]
        state.settle(status, end.finished_at or now, reason, None if letter == COMPLETED else end.error)


def _end_wait(step: Step, state: StepState, now: datetime) -> None:
    if step.approval is None:
        state.settle(StepStatus.COMPLETED, state.wake_at or now)
    elif step.approval.on_timeout == "approve":
        state.settle(StepStatus.COMPLETED, now, StepReason.APPROVED_BY_TIMEOUT)
    else:
        state.settle(StepStatus.FAILED, now, StepReason.TIMEOUT, _undecided())


def _undecided() -> Doc:
    return {"kind": "TIMEOUT", "message": "Nobody decided in time.", "hint": "Resume the workflow run to ask again."}


def _remind(step: Step, state: StepState, now: datetime) -> None:
    assert step.approval is not None  # noqa: S101  # only approvals have reminders
    state.reminders += 1
    state.remind_at = step.approval.find_next_reminder(now)
