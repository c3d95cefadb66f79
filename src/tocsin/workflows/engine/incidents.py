"""Incidents of scheduled workflows: as for tasks, one mail when they begin to fail and one when a run has failed.

Mails, and the end of an incident, are written before the change that causes them. After a crash in between, the next
advance decides the same; mail ids derive from the incident, and ending an incident twice is harmless.
"""

from collections.abc import Collection
from typing import Any

from tocsin.documents import Database, Doc, StepStatus, Trigger, WorkflowRunDocument, WorkflowRunStatus
from tocsin.notifications import deliveries
from tocsin.notifications.channels.mail.task_mails import incident_delivery_id
from tocsin.notifications.channels.mail.workflow_mails import workflow_began_failing_mail, workflow_failed_mail
from tocsin.workflows.engine.states import ItemState, WorkflowState


class IncidentTracker:
    """Tracks incidents of scheduled workflows. Manual and resumed runs send no mail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def track_changes(
        self, document: WorkflowRunDocument, state: WorkflowState, changes: dict[str, Any], retrying: Collection[str]
    ) -> bool:
        """Enqueue the mails that these changes of a workflow run cause. Returns whether there are any.

        Adds the current incident to `changes` when the run starts. `retrying` are the runs of its steps that wait for a
        retry.
        """
        if document["trigger"] != Trigger.SCHEDULE:
            return False
        begins = changes and document.get("incident") is None
        if begins or changes.get("status") in _ENDS:
            workflow = await self._database.workflows.find_one({"_id": document["workflow"]})
            if workflow is None or workflow["deleted"]:
                return False
            incident = workflow.get("incident") or 0
            if begins:
                changes["incident"] = incident
            if changes.get("status") == WorkflowRunStatus.COMPLETED:
                await self._end_incident(document["workflow"], incident)
            if changes.get("status") == WorkflowRunStatus.FAILED and document["round"] == 0:
                return await self._enqueue_once(
                    workflow_failed_mail(document | changes, incident, _failed_steps(state))
                )
        if retrying and document["round"] == 0 and document.get("incident") is not None:
            return await self._report_first_failure(document, sorted(retrying)[0])
        return False

    async def _end_incident(self, workflow: str, incident: int) -> None:
        """End the incident, so that the next failure is reported again."""
        await self._database.workflows.update_one({"_id": workflow}, {"$max": {"incident": incident + 1}})

    async def _report_first_failure(self, document: WorkflowRunDocument, step_run: str) -> bool:
        run = await self._database.runs.find_one({"_id": step_run})
        if run is None or run.get("retry_at") is None:
            return False
        return await self._enqueue_once(workflow_began_failing_mail(document, run))

    async def _enqueue_once(self, mail: Doc) -> bool:
        """Enqueue the mail, unless this stage of the incident was reported before."""
        about = mail["about"]
        later = [
            incident_delivery_id(about["id"], about["incident"], stage) for stage in (0, 1) if stage >= about["stage"]
        ]
        if await self._database.deliveries.find_one({"_id": {"$in": later}}, {"_id": 1}) is not None:
            return False
        await deliveries.enqueue_deliveries(self._database, [mail])
        return True


_ENDS = (WorkflowRunStatus.COMPLETED, WorkflowRunStatus.FAILED)


def _failed_steps(state: WorkflowState) -> list[str]:
    """Return the keys of the steps that failed, or whose compensation failed."""
    return [
        key
        for key, step_state in state.steps.items()
        if step_state.status is StepStatus.FAILED or step_state.undo == ItemState.FAILED
    ]
