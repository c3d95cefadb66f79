"""Queries for lists of workflows and workflow runs."""

from collections.abc import Collection

from tocsin import clock
from tocsin.documents import (
    Database,
    User,
    WorkflowDocument,
    WorkflowRunDocument,
    WorkflowRunStatus,
    WorkflowVersionDocument,
)
from tocsin.documents.keyset import Branch, Condition, KeysetQuery, contains_text
from tocsin.workflows.ownership import find_workflow


def query_workflows(database: Database, owner: User, name: str | None) -> KeysetQuery[WorkflowDocument]:
    """Build the query for workflows of the owner whose name contains this text, newest first. Raises InvalidInput."""
    extra: Condition = contains_text("name", name, "name") if name else {}
    return KeysetQuery(
        collection=database.workflows,
        order_name="workflow_created_at",
        key="created_at",
        descending=True,
        indexed_filter={"owner": owner.id, "deleted": False},
        extra_filter=extra,
        key_range_hint=(owner.created_at, clock.now()),
    )


async def query_workflow_runs(
    database: Database, owner: User, workflow_name: str | None, statuses: Collection[WorkflowRunStatus] | None
) -> KeysetQuery[WorkflowRunDocument]:
    """Build the query for runs of the owner's workflows, or of the one with this name, newest first."""
    indexed: Condition = {"owner": owner.id}
    if workflow_name is not None:
        workflow = await find_workflow(database, owner.id, workflow_name)
        indexed = {"workflow": workflow["_id"] if workflow else ""}
    return KeysetQuery(
        collection=database.workflow_runs,
        order_name="workflow_run_created_at",
        key="created_at",
        descending=True,
        indexed_filter=indexed,
        branches=(Branch(),) if statuses is None else tuple(Branch({"status": status}) for status in set(statuses)),
        key_range_hint=(owner.created_at, clock.now()),
    )


def query_workflow_versions(database: Database, workflow: WorkflowDocument) -> KeysetQuery[WorkflowVersionDocument]:
    """Build the query for the versions of a workflow, the latest first, without their definitions."""
    return KeysetQuery(
        collection=database.workflow_versions,
        order_name="workflow_version_created_at",
        key="created_at",
        descending=True,
        indexed_filter={"workflow": workflow["_id"]},
        extra_filter={"version": {"$lte": workflow["version"]}},
        projection={"version": 1, "created_at": 1},
        key_range_hint=(workflow["created_at"], clock.now()),
    )
