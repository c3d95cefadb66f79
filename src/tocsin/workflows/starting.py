"""The start of workflow runs."""

from datetime import datetime
from typing import Any

from bson import ObjectId

from tocsin.documents import (
    Database,
    Trigger,
    WorkflowRun,
)
from tocsin.tasks import idempotency
from tocsin.workflows.activity_log import log_workflow_run
from tocsin.workflows.engine.new_runs import NewWorkflowRun, insert_workflow_run, new_workflow_run
from tocsin.workflows.language.inputs import parse_inputs_in_thread
from tocsin.workflows.ownership import require_workflow
from tocsin.workflows.versions import VersionCache


async def start_workflow(
    database: Database,
    versions: VersionCache,
    owner: str,
    name: str,
    given: Any,
    now: datetime,
    key: idempotency.IdempotentCall | None = None,
    trigger: Trigger = Trigger.MANUAL,
) -> WorkflowRun:
    """Start a run of the workflow's newest version. An idempotency key that was used before returns its run.

    Raises NotFound, and InvalidInput with the invalid inputs.
    """
    workflow = await require_workflow(database, owner, name)
    version = await versions.get(workflow["_id"], workflow["version"])
    inputs = await parse_inputs_in_thread(version.definition, given)

    async def insert(run_id: str) -> None:
        new = NewWorkflowRun(run_id, trigger, now)
        await insert_workflow_run(database, new_workflow_run(workflow, version.definition, inputs, new, now))
        log_workflow_run("workflow run requested", run_id)

    run = await WorkflowRun.get(await idempotency.create_once(database, key, f"{owner}/w{ObjectId()}", now, insert))
    if run is None:
        raise idempotency.deleted_result("workflow run")
    return run


async def validate_inputs(database: Database, versions: VersionCache, owner: str, name: str, given: Any) -> None:
    """Validate the inputs as `start_workflow` does. Raises NotFound, and MultipleInvalid with the invalid inputs."""
    workflow = await require_workflow(database, owner, name)
    await parse_inputs_in_thread((await versions.get(workflow["_id"], workflow["version"])).definition, given)
