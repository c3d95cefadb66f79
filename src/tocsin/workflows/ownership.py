"""Lookup of workflows and their runs by owner. Unknown ones and those of other owners are both None."""

from tocsin.documents import Database, WorkflowDocument, WorkflowRun, owner_of
from tocsin.errors import NotFound


async def find_workflow(database: Database, owner: str, name: str) -> WorkflowDocument | None:
    """Return the owner's workflow with this name, or None."""
    return _unless_deleted(await database.workflows.find_one({"name_key": f"{owner}/{name}"}))


async def find_workflow_by_id(database: Database, owner: str, workflow: str) -> WorkflowDocument | None:
    """Return the owner's workflow with this id, or None."""
    if owner_of(workflow) != owner:
        return None
    return _unless_deleted(await database.workflows.find_one({"_id": workflow}))


def _unless_deleted(document: WorkflowDocument | None) -> WorkflowDocument | None:
    return None if document is None or document["deleted"] else document


async def require_workflow(database: Database, owner: str, name: str) -> WorkflowDocument:
    """Return the owner's workflow with this name. Raises NotFound."""
    document = await find_workflow(database, owner, name)
    if document is None:
        raise NotFound(f"You have no workflow named {name[:100]}.", "name")
    return document


async def find_workflow_run(owner: str, run_id: str) -> WorkflowRun | None:
    """Return the owner's workflow run, or None."""
    return await WorkflowRun.get(run_id) if owner_of(run_id) == owner else None


async def require_workflow_run(owner: str, run_id: str) -> WorkflowRun:
    """Return the owner's workflow run. Raises NotFound."""
    run = await find_workflow_run(owner, run_id)
    if run is None:
        raise NotFound("You have no workflow run with this id.", "id")
    return run
