"""Incidents of scheduled workflows: as for tasks, one notification when they begin to fail and one when a run fails.

Notifications, and the end of an incident, are written before the change that causes them. After a crash in between, the
next advance decides the same; the ids of deliveries derive from the incident, and ending an incident twice is harmless.
"""

from collections.abc import Collection
from typing import cast

from tocsin.documents import Changes, Database, RunStatus, StepStatus, Trigger, WorkflowRunDocument, WorkflowRunStatus
from tocsin.notifications.deliveries import find_notified, notify
from tocsin.notifications.run_events import IncidentStage, WorkflowFailure
from tocsin.workflows.engine.states import ItemState


class IncidentTracker:
    """Tracks incidents of scheduled workflows. Manual and resumed runs notify nobody."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def track_changes(
        self, document: WorkflowRunDocument, changes: Changes, retrying: Collection[str] = ()
    ) -> None:
        """Enqueue the notifications that these changes of a workflow run cause.

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
                await self._end_incident(document["workflow"], incident)
            if changes.get("status") == WorkflowRunStatus.FAILED and document["round"] == 0:
                failed = cast("WorkflowRunDocument", document | changes)
                await self._notify_once(WorkflowFailure.from_run(failed, incident, find_failed_steps(failed)))
                return
        if retrying and document["round"] == 0 and document.get("incident") is not None:
            await self._report_first_failure(document, sorted(retrying)[0])

    async def _end_incident(self, workflow: str, incident: int) -> None:
        """End the incident, so that the next failure is reported again."""
        await self._database.workflows.update_one({"_id": workflow}, {"$max": {"incident": incident + 1}})

    async def _report_first_failure(self, document: WorkflowRunDocument, step_run: str) -> None:
        run = await self._database.runs.find_one({"_id": step_run})
        if run is not None and run["status"] == RunStatus.RETRY:
            await self._notify_once(WorkflowFailure.from_step_run(document, run))

    async def _notify_once(self, event: WorkflowFailure) -> None:
        """Notify of the event, unless this or a later stage of the incident was notified of before."""
        if not await find_notified(self._database, [IncidentStage.from_event(event)]):
            await notify(self._database, [event])


_ENDS = (WorkflowRunStatus.COMPLETED, WorkflowRunStatus.FAILED)


def find_failed_steps(document: WorkflowRunDocument) -> list[str]:
    """Return the keys of the steps that failed, or whose compensation failed."""
    return [
        key
        for key, step in document["steps"].items()
        if step["status"] == StepStatus.FAILED or step.get("undo") == ItemState.FAILED
    ]
