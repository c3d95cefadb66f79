"""Alerts of scheduled workflows: as for tasks, a failure begins or continues one, and a success ends it.

Alerts, and the number of the next one, are written before the change that causes them. After a crash in between, the
next advance decides the same; a failure that is recorded again changes nothing, and neither does a success.
"""

from collections.abc import Collection
from typing import cast

from tocsin import clock
from tocsin.documents import (
    Changes,
    Database,
    RunDocument,
    RunStatus,
    StepStatus,
    Trigger,
    WorkflowRunDocument,
    WorkflowRunStatus,
    is_inconclusive,
)
from tocsin.notifications.incidents.alerts import record_failures, record_successes
from tocsin.notifications.incidents.failures import Success, workflow_failure
from tocsin.notifications.run_events import WorkflowFailure
from tocsin.workflows.engine.states import ItemState


class IncidentTracker:
    """Records the alerts of scheduled workflows. Manual and resumed runs alert nobody."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def track_changes(
        self, document: WorkflowRunDocument, changes: Changes, retrying: Collection[str] = ()
    ) -> None:
        """Record the failures and the success that these changes of a workflow run are.

        Adds the current incident to `changes` when the run starts. `retrying` are the runs of its steps that wait for a
        retry.
        """
        if document["trigger"] != Trigger.SCHEDULE:
            return
        begins = changes and document.get("incident") is None
        if begins or changes.get("status") in _ENDS:
            workflow = await self._database.workflows.find_one({"_id": document["workflow"]})
            if workflow is None or workflow["deleted"]:
                return
            incident = workflow.get("incident") or 0
            if begins:
                changes["incident"] = incident
            if changes.get("status") == WorkflowRunStatus.COMPLETED:
                await self._record_success(document, changes, incident)
            if changes.get("status") == WorkflowRunStatus.FAILED and document["round"] == 0:
                await self._record_failure(cast("WorkflowRunDocument", document | changes), incident)
                return
        if retrying and document["round"] == 0 and document.get("incident") is not None:
            await self._record_first_failure(document, sorted(retrying)[0])

    async def _record_success(self, document: WorkflowRunDocument, changes: Changes, incident: int) -> None:
        """End the alert, so that the next failure begins another one."""
        ended_at = changes.get("finished_at") or clock.now()
        await record_successes(self._database, [Success(document["workflow"], document["due_at"], ended_at)])
        await self._database.workflows.update_one({"_id": document["workflow"]}, {"$max": {"incident": incident + 1}})

    async def _record_failure(self, failed: WorkflowRunDocument, incident: int) -> None:
        steps = find_failed_steps(failed)
        run = await self._find_failed_run(failed, steps)
        event = WorkflowFailure.from_run(failed, incident, steps)
        await record_failures(self._database, [workflow_failure(event, failed, run)])

    async def _find_failed_run(self, failed: WorkflowRunDocument, steps: list[str]) -> RunDocument | None:
        """Return the run of the first failed step, unless it has failed without one or has items."""
        return await self._database.runs.find_one({"_id": f"{failed['_id']}:{steps[0]}"}) if steps else None

    async def _record_first_failure(self, document: WorkflowRunDocument, step_run: str) -> None:
        run = await self._database.runs.find_one({"_id": step_run})
        if run is not None and run["status"] == RunStatus.RETRY and not is_inconclusive(run):
            event = WorkflowFailure.from_step_run(document, run)
            await record_failures(self._database, [workflow_failure(event, document, run)])


_ENDS = (WorkflowRunStatus.COMPLETED, WorkflowRunStatus.FAILED)


def find_failed_steps(document: WorkflowRunDocument) -> list[str]:
    """Return the keys of the steps that failed, or whose compensation failed."""
    return [
        key
        for key, step in document["steps"].items()
        if step["status"] == StepStatus.FAILED or step.get("undo") == ItemState.FAILED
    ]
