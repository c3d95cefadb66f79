"""Control of workflow runs: cancel, resume, and decide an approval."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tocsin.documents import (
    ApprovalDecisionDocument,
    Changes,
    Database,
    ErrorDocument,
    ErrorKind,
    StepReason,
    StepStatus,
    User,
    WorkflowRun,
    WorkflowRunDocument,
    WorkflowRunStatus,
)
from tocsin.documents.updates import CHANGED_NOW, change_when, has_value
from tocsin.errors import Conflict, NotFound
from tocsin.workflows.activity_log import log_workflow_run
from tocsin.workflows.approval_mails import find_deciders
from tocsin.workflows.change_records import record_workflow_run_change
from tocsin.workflows.engine.scope import format_time
from tocsin.workflows.engine.states import ItemState, StepState, WorkflowState
from tocsin.workflows.language.inputs import inputs_to_json, parse_inputs_in_thread
from tocsin.workflows.ownership import require_workflow_run
from tocsin.workflows.pending_approvals import remove_decided
from tocsin.workflows.versions import LoadedVersion, VersionCache

_MAX_TRIES = 50
_RESUMABLE = (WorkflowRunStatus.FAILED, WorkflowRunStatus.CANCELLED)
_REPEATABLE = frozenset({StepStatus.FAILED, StepStatus.CANCELLED})
_REPEATED_ITEMS = str.maketrans(ItemState.FAILED + ItemState.CANCELLED, ItemState.PENDING * 2)


async def cancel_workflow_run(database: Database, owner: str, run_id: str, now: datetime) -> WorkflowRun:
    """Cancel a workflow run: start no further steps, and abort the active runs.

    Raises NotFound, and Conflict if it has already ended with another status.
    """
    await require_workflow_run(owner, run_id)

    def change(document: WorkflowRunDocument) -> Changes:
        if document["status"] == WorkflowRunStatus.CANCELLED or document["cancel_requested_at"] is not None:
            return {}
        if not document["open"]:
            raise Conflict(f"The workflow run has already ended as {document['status']} and cannot be cancelled.", "id")
        return {"cancel_requested_at": now}

    await change_workflow_run(database, run_id, change)
    log_workflow_run("workflow run cancel requested", run_id)
    return await require_workflow_run(owner, run_id)


async def resume_workflow_run(
    database: Database, versions: VersionCache, owner: str, run_id: str, given: Any, now: datetime
) -> WorkflowRun:
    """Resume a workflow run: repeat the steps that failed, were cancelled, or were skipped because of these.

    Completed steps keep their results. `given` replaces the inputs; None keeps them.

    Raises NotFound, InvalidInput, and Conflict if there is nothing to resume.
    """
    run = await require_workflow_run(owner, run_id)
    version = await versions.get(run.workflow, run.version)
    inputs = None if given is None else inputs_to_json(await parse_inputs_in_thread(version.definition, given))

    def change(document: WorkflowRunDocument) -> Changes:
        if document["status"] not in _RESUMABLE:
            allowed = "Only a workflow run that failed or was cancelled can be resumed"
            raise Conflict(f"{allowed}; this one is {document['status']}.", "id")
        return {**_reset_steps(document, version, now), **({} if inputs is None else {"inputs": inputs})}

    await change_workflow_run(database, run_id, change)
    log_workflow_run("workflow run resumed", run_id)
    return await require_workflow_run(owner, run_id)


async def decide_approval(
    database: Database,
    user: User,
    run_id: str,
    key: str,
    now: datetime,
    *,
    approved: bool,
    comment: str,
    confirms: bool = False,
) -> WorkflowRun:
    """Record a user's decision on an approval step.

    The step names who may decide: one user, or all administrators. With `confirms`, their email address has to be
    confirmed.

    Raises NotFound if the user may neither see the workflow run nor decide, and Conflict if the step is not waiting.
    """
    run, asks = await _require_decider(user, run_id, key, confirms=confirms)
    decision: ApprovalDecisionDocument = {"by": user.email, "at": format_time(now), "comment": comment}

    def change(document: WorkflowRunDocument) -> Changes:
        return _apply_decision(document, key, now, decision, asks=asks, approved=approved)

    await change_workflow_run(database, run_id, change)
    log_workflow_run("approval given" if approved else "approval refused", run_id)
    changed = await WorkflowRun.get(run_id)
    return changed or run


async def _require_decider(user: User, run_id: str, key: str, *, confirms: bool) -> tuple[WorkflowRun, str]:
    """Return the workflow run of a step that the user may decide, and whom it asks. Raises NotFound and Conflict."""
    run = await WorkflowRun.get(run_id)
    state = StepState.from_document(run.steps[key]) if run is not None and key in run.steps else None
    deciders = {person.id for person in await find_deciders(state.asks or "")} if state is not None else set()
    if run is None or state is None or (user.id not in deciders and run.owner != user.id):
        raise NotFound("You have no such step to decide on.", "id")
    if user.id not in deciders and state.status is StepStatus.WAITING and state.asks is not None:
        raise Conflict(f"Only {state.asks} can decide this, not you.", "id")
    if user.id not in deciders or state.asks is None:
        raise _not_waiting(key, state)
    if confirms and not user.email_confirmed and run.owner != user.id:
        raise Conflict("Confirm your email address first: the step names an address, not an account.", "id")
    return run, state.asks


def _not_waiting(key: str, state: StepState) -> Conflict:
    return Conflict(f"The step {key} is not waiting for a decision: it is {state.status}.", "step")


async def change_workflow_run(
    database: Database, run_id: str, change: Callable[[WorkflowRunDocument], Changes]
) -> None:
    """Apply a change that depends on the current document, retrying when the engine changes it concurrently."""
    for _ in range(_MAX_TRIES):
        document = await database.workflow_runs.find_one({"_id": run_id})
        if document is None or not (changes := change(document)):
            return
        changed = {**changes, "rev": document["rev"] + 1}
        update = change_when(has_value("rev", document["rev"]), changed, CHANGED_NOW)
        if (await database.workflow_runs.update_one({"_id": run_id}, [update])).modified_count:
            record_workflow_run_change(database, document, changes)
            await remove_decided(database, document, changes)
            return
    raise Conflict("The workflow run is changing too quickly. Try again.", "id")


def _reset_steps(document: WorkflowRunDocument, version: LoadedVersion, now: datetime) -> Changes:
    state = WorkflowState.from_document(document)
    steps: dict[str, StepState] = {}
    for key, step_state in state.steps.items():
        if step_state.undo is not None:
            raise Conflict("The workflow run was compensated, so it cannot be resumed. Start a new run instead.", "id")
        steps[key] = _reset_state(step_state) if _must_repeat(step_state) else step_state
    timeout = version.definition.timeout
    return {
        "status": WorkflowRunStatus.RUNNING, "open": True, "reason": None, "error": None, "finished_at": None,
        "cancel_requested_at": None, "stopping": None, "round": document["round"] + 1, "output": None,
        "deadline_at": timeout and now + timedelta(seconds=timeout),
        "steps": {key: state.to_document() for key, state in steps.items()},
        "done": sum(state.is_settled for state in steps.values()),
    }  # fmt: skip


def _must_repeat(state: StepState) -> bool:
    return state.status in _REPEATABLE or state.reason in {StepReason.DEPENDENCY, StepReason.STOPPED}


def _reset_state(state: StepState) -> StepState:
    """Return the state reset to PENDING, keeping only the items that were completed."""
    fresh = StepState(round=state.round + 1)
    if state.items is not None:
        fresh.items = state.items.translate(_REPEATED_ITEMS)
        fresh.values = state.values
    return fresh


def _apply_decision(
    document: WorkflowRunDocument,
    key: str,
    now: datetime,
    decision: ApprovalDecisionDocument,
    *,
    asks: str,
    approved: bool,
) -> Changes:
    """Settle the step, provided that it still asks those whom it asked when the decider was checked."""
    state = WorkflowState.from_document(document)
    step_state = state.steps[key]
    if not document["open"] or step_state.status is not StepStatus.WAITING or step_state.asks != asks:
        raise _not_waiting(key, step_state)
    step_state.decision = decision
    if approved:
        step_state.settle(StepStatus.COMPLETED, now)
    else:
        why = f": {decision['comment']}" if decision["comment"] else "."
        error: ErrorDocument = {"kind": ErrorKind.JOB, "message": f"{decision['by']} rejected it{why}", "hint": None}
        step_state.settle(StepStatus.FAILED, now, StepReason.REJECTED, error)
    steps = {**document["steps"], key: step_state.to_document()}
    return {"steps": steps, "done": state.count_settled()}
