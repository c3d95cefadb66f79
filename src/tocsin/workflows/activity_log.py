"""Log lines of workflows and workflow runs: one for each change, with the IDs of the API.

Changes and failures are logged as INFO; expected events, such as new runs and successful ones, as DEBUG.
"""

from typing import Any

from tocsin import telemetry
from tocsin.documents import WorkflowDocument, WorkflowRunStatus, to_global_id

log = telemetry.get_logger(__name__)
_EXPECTED_STATUSES = frozenset({WorkflowRunStatus.PENDING, WorkflowRunStatus.COMPLETED})


def log_workflow(event: str, workflow: WorkflowDocument, **details: Any) -> None:
    """Log a change of a workflow."""
    ids = {"workflow_id": to_global_id("Workflow", workflow["_id"]), "user_id": to_global_id("User", workflow["owner"])}
    log.info(event, **ids, **details)


def log_workflow_run(event: str, workflow_run_id: str) -> None:
    """Log a user's request for a workflow run."""
    log.info(event, workflow_run_id=to_global_id("WorkflowRun", workflow_run_id))


def log_workflow_run_status(workflow_run_id: str, status: WorkflowRunStatus, reason: str | None = None) -> None:
    """Log that a workflow run was created, or ended, with this status."""
    show = log.debug if status in _EXPECTED_STATUSES else log.info
    ids = {"workflow_run_id": to_global_id("WorkflowRun", workflow_run_id)}
    show(f"workflow run {status.lower()}", **ids, **({"reason": reason} if reason else {}))
