"""The notifications of workflow runs that have ended, for the owners who asked for them: told before the end is stored.

So a crash in between repeats them under the same ID.
"""

from typing import cast

from tocsin.documents import Changes, Database, Trigger, WorkflowRunDocument, WorkflowRunStatus
from tocsin.notifications.deliveries import notify
from tocsin.notifications.outcome_events import WorkflowEnded
from tocsin.workflows.engine.incidents import find_failed_steps


async def tell_end(database: Database, document: WorkflowRunDocument, changes: Changes) -> None:
    """Tell the owner of a workflow run that these changes complete or fail, unless its failure is an incident."""
    status = changes.get("status")
    is_incident = document["trigger"] == Trigger.SCHEDULE and document["round"] == 0
    if status == WorkflowRunStatus.COMPLETED or (status == WorkflowRunStatus.FAILED and not is_incident):
        ended = cast("WorkflowRunDocument", document | changes)
        await notify(database, [WorkflowEnded.from_run(ended, find_failed_steps(ended))])
