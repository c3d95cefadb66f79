"""Records of the changes of workflow runs."""

from tocsin.documents import (
    ChangeKind,
    Changes,
    Database,
    StepDocument,
    StepStatus,
    WorkflowRunDocument,
    WorkflowRunStatus,
)


def record_workflow_run_change(database: Database, before: WorkflowRunDocument, changes: Changes) -> None:
    """Record these changes, which are stored now, of the workflow run that was read `before`."""
    status = changes.get("status", before["status"])
    steps: dict[str, StepDocument] = changes.get("steps", {})
    changed = [(key, StepStatus(step["status"])) for key, step in steps.items() if step != before["steps"].get(key)]
    new_status = None if status == before["status"] else WorkflowRunStatus(status)
    database.changes.workflow_run_changed(
        ChangeKind.RUN_UPDATED, before["_id"], new_status, changed, before["workflow"]
    )
