"""Reactions of this process to changes in the database, made by any process."""

from tocsin.documents import SETTLED_STATUSES, Change, RunStatus, WorkflowRunStatus, is_workflow_run_id
from tocsin.wakeups import Wakeups


def signal_change(wakeups: Wakeups, change: Change) -> None:
    """Wake the parts for which the change may be work."""
    if change.run_status is RunStatus.WAITING:
        wakeups.callback_expected(change.due_at)
    elif change.due_at is not None:
        wakeups.task_due(change.due_at)
    if change.queued:
        wakeups.runs_queued()
    if change.run_id is not None and change.run_status in SETTLED_STATUSES and is_workflow_run_id(change.run_id):
        wakeups.step_run_ended(change.run_id)
    if change.workflow_status is WorkflowRunStatus.PENDING and change.workflow_run_id is not None:
        wakeups.workflow_run_created(change.workflow_run_id)
    if change.cancel_requested and change.run_id is not None:
        wakeups.cancel_requested(change.run_id)
