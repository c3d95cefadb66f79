"""Incidents of scheduled workflows: as for tasks, one mail when they begin to fail and one when a run has failed.

Mails, and the end of an incident, are written before the change that causes them. After a crash in between, the next
advance decides the same; mail ids derive from the incident, and ending an incident twice is harmless.
"""

from collections.abc import Collection
from typing import cast

from tocsin.documents import Changes, Database, StepStatus, Trigger, WorkflowRunDocument, WorkflowRunStatus
from tocsin.notifications.deliveries import notify
from tocsin.notifications.events import Event
from tocsin.notifications.run_events import WorkflowFailure, incident_event_id
from tocsin.workflows.engine.states import ItemState


class IncidentTracker:
    """Tracks incidents of scheduled workflows. Manual and resumed runs send no mail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def track_changes(
        self, document: WorkflowRunDocument, changes: Changes, retrying: Collection[str] = ()
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
                failed = cast("WorkflowRunDocument", document | changes)
                return await self._notify_once(WorkflowFailure.from_run(failed, incident, _failed_steps(failed)))
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
        return await self._notify_once(WorkflowFailure.from_step_run(document, run))

    async def _notify_once(self, event: Event) -> bool:
        """Queue the event, unless this stage of the incident was reported before."""
        if (about := event.about) is None:
            return False
        later = [
            incident_event_id(about["id"], about["incident"], stage) for stage in (0, 1) if stage >= about["stage"]
        ]
        if await self._database.deliveries.find_one({"_id": {"$in": later}}, {"_id": 1}) is not None:
            return False
        await notify(self._database, [event])
        return True


_ENDS = (WorkflowRunStatus.COMPLETED, WorkflowRunStatus.FAILED)


def _failed_steps(document: WorkflowRunDocument) -> list[str]:
    """Return the keys of the steps that failed, or whose compensation failed."""
    return [
        key
        for key, step in document["steps"].items()
        if step["status"] == StepStatus.FAILED or step.get("undo") == ItemState.FAILED
    ]
