"""The notifications of reports: told before the run is stored as completed.

So a crash in between repeats the attempt, which replaces the file and tells nothing new, and no report that is ready is
kept silent.
"""

from collections.abc import Collection, Iterable

from tocsin.documents import Database, RunStatus, is_workflow_run_id
from tocsin.execution.completion import Completion
from tocsin.jobs.reports.job import ReportJob
from tocsin.jobs.results import decode_result
from tocsin.notifications.deliveries import notify
from tocsin.notifications.outcome_events import ReportReady


async def tell_reports(database: Database, completions: Iterable[Completion]) -> None:
    """Tell the owners of the reports among these attempts that have succeeded."""
    ready = [one for one in completions if one.run["job"]["kind"] == ReportJob.kind]
    workflows = await _find_workflows(database, {one.run["task"] for one in ready})
    events = [_make_event(one, workflows.get(one.run["task"])) for one in ready]
    await notify(database, [event for event in events if event is not None])


async def _find_workflows(database: Database, parents: Collection[str]) -> dict[str, str]:
    """Return the IDs of the workflows of those of these parents of runs that are workflow runs."""
    ids = [each for each in parents if is_workflow_run_id(each)]
    if not ids:
        return {}
    found = database.workflow_runs.find({"_id": {"$in": ids}}, {"workflow": 1})
    return {row["_id"]: row["workflow"] async for row in found}


def _make_event(completion: Completion, workflow: str | None) -> ReportReady | None:
    if completion.decision.status is not RunStatus.COMPLETED or not isinstance(completion.result, str):
        return None
    result = decode_result(completion.result)
    if not isinstance(result, dict) or not isinstance(result.get("file"), dict):  # a job of a plug-in
        return None
    return ReportReady.from_run(completion.completed_run(), result, workflow)
