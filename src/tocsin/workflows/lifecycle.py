"""The lifecycle of workflows: pause and resume. `saving` deletes them."""

from collections.abc import Callable
from datetime import datetime

from tocsin import schedules
from tocsin.documents import (
    ChangeKind,
    Changes,
    Database,
    Trigger,
    WorkflowDocument,
    WorkflowRunDocument,
    WorkflowRunStatus,
)
from tocsin.documents.updates import Expression, all_of, change_when, has_value, is_null
from tocsin.errors import Conflict
from tocsin.notifications.incidents.alerts import review_alerts
from tocsin.workflows.activity_log import log_workflow
from tocsin.workflows.control import change_workflow_run
from tocsin.workflows.ownership import require_workflow

_MAX_TRIES = 20


async def pause_workflow(
    database: Database, owner: str, name: str, now: datetime
) -> tuple[WorkflowDocument, list[str]]:
    """Pause a workflow until it is resumed: it has no due times.

    Scheduled runs that have not started are cancelled, the others continue. Return it, and the runs whose cancellation
    was requested. It can be repeated: what a crash left undone is done then.

    Raises NotFound, and Conflict if it has no schedule.
    """

    def decide(workflow: WorkflowDocument) -> Changes | None:
        if workflow.get("paused_at") is not None:
            return None
        if workflow["schedule"] is None:
            raise Conflict("The workflow has no schedule, so there is nothing to pause.", "name")
        return {"paused_at": now, "next_run_at": None}

    workflow = await _change(database, owner, name, now, decide, "workflow paused")
    return workflow, await _cancel_waiting_runs(database, workflow["_id"], now)


async def resume_workflow(database: Database, owner: str, name: str, now: datetime) -> WorkflowDocument:
    """Resume a paused workflow from its next due time after now. Due times that passed meanwhile are not caught up.

    One that is due once, at a time that passed while it was paused, runs as it would after an outage. Raises NotFound.
    """

    def decide(workflow: WorkflowDocument) -> Changes | None:
        if workflow.get("paused_at") is None:
            return None
        return {"paused_at": None, "next_run_at": _find_first_due(workflow, now)}

    return await _change(database, owner, name, now, decide, "workflow resumed")


def is_unpaused_since(workflow: WorkflowDocument) -> Expression:
    """Return the condition that a workflow was neither paused nor resumed since it was read."""
    paused_at = workflow.get("paused_at")
    return is_null("paused_at") if paused_at is None else has_value("paused_at", paused_at)


def _find_first_due(workflow: WorkflowDocument, now: datetime) -> datetime | None:
    if workflow["schedule"] is None:  # removed by a version that was saved while it was paused
        return None
    schedule = schedules.schedule_from_document(workflow["schedule"])
    return schedules.first_due(schedule, now, workflow["last_due_at"])


async def _change(
    database: Database,
    owner: str,
    name: str,
    now: datetime,
    decide: Callable[[WorkflowDocument], Changes | None],
    event: str,
) -> WorkflowDocument:
    """Apply the changes that `decide` returns, retrying if the workflow changed meanwhile, and log `event`.

    None changes nothing. Return the workflow after the change.
    """
    for _ in range(_MAX_TRIES):
        workflow = await require_workflow(database, owner, name)
        if (changes := decide(workflow)) is None:
            return workflow
        unchanged = all_of(
            has_value("version", workflow["version"]),
            has_value("deleted", False),
            has_value("next_run_at", workflow["next_run_at"]),
            is_unpaused_since(workflow),
        )
        update = change_when(unchanged, {**changes, "updated_at": now})
        if (await database.workflows.update_one({"_id": workflow["_id"]}, [update])).modified_count:
            database.changes.workflow_changed(ChangeKind.WORKFLOW_UPDATED, workflow["_id"])
            await review_alerts(database, workflow["_id"])
            log_workflow(event, workflow)
            return await require_workflow(database, owner, name)
    raise Conflict("The workflow is being changed by other requests. Try again.", "name")


async def _cancel_waiting_runs(database: Database, workflow: str, now: datetime) -> list[str]:
    """Cancel the scheduled runs of a workflow that wait for an earlier one to end (overlap QUEUE), and return them."""

    def cancel(run: WorkflowRunDocument) -> Changes:
        is_waiting = run["status"] == WorkflowRunStatus.PENDING and run["trigger"] == Trigger.SCHEDULE
        return {"cancel_requested_at": now} if is_waiting and run["cancel_requested_at"] is None else {}

    open_runs = database.workflow_runs.find({"workflow": workflow, "open": True}, {"status": 1})
    waiting = [run["_id"] async for run in open_runs if run["status"] == WorkflowRunStatus.PENDING]
    for run_id in waiting:
        await change_workflow_run(database, run_id, cancel)
    return waiting
