"""Records of runs as they are stored, for writers that do not know which of their conditional updates applied."""

from collections.abc import Collection

from tocsin.documents.database import Database
from tocsin.documents.states import RunStatus

RECORDED_FIELDS = {
    "status": 1, "begun": 1, "blocked": 1, "retry_at": 1, "callback_by": 1, "cancel_requested_at": 1, "trigger": 1
}  # fmt: skip


async def record_stored_runs(database: Database, run_ids: Collection[str]) -> None:
    """Record the present statuses of these runs, and the cancellations that were requested of running ones."""
    if not run_ids:
        return
    runs = await database.runs.find({"_id": {"$in": list(run_ids)}}, RECORDED_FIELDS).to_list()
    is_stopped = {run["_id"] for run in runs if run["status"] == RunStatus.RUNNING and run.get("cancel_requested_at")}
    database.changes.runs_moved([run for run in runs if run["_id"] not in is_stopped])
    database.changes.runs_cancel_requested(is_stopped)
