"""The notifications of reports: told before the run is stored as completed.

So a crash in between repeats the attempt, which replaces the file and tells nothing new, and no report that is ready is
kept silent.
"""

from collections.abc import Iterable

from tocsin.documents import Database, RunStatus
from tocsin.execution.completion import Completion
from tocsin.jobs.reports.job import ReportJob
from tocsin.jobs.results import decode_result
from tocsin.notifications.deliveries import notify
from tocsin.notifications.outcome_events import ReportReady


async def tell_reports(database: Database, completions: Iterable[Completion]) -> None:
    """Tell the owners of the reports among these attempts that have succeeded."""
    ready = [one for one in completions if one.run["job"]["kind"] == ReportJob.kind]
    await notify(database, [event for one in ready if (event := _make_event(one)) is not None])


def _make_event(completion: Completion) -> ReportReady | None:
    if completion.decision.status is not RunStatus.COMPLETED or not isinstance(completion.result, str):
        return None
    result = decode_result(completion.result)
    if not isinstance(result, dict) or not isinstance(result.get("file"), dict):  # a job of a plug-in
        return None
    return ReportReady.from_run(completion.completed_run(), result)
