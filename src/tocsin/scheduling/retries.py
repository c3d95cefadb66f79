"""Due retries: they go back to their queue, or end because their task is due again."""

from datetime import datetime

from pymongo import UpdateOne
from pymongo.synchronous.collection import Collection

from tocsin.documents import ChangeLog, RunChanges, RunDocument, RunReason, RunStatus
from tocsin.documents.updates import Expression, all_of, change_when, has_value, move_run
from tocsin.tasks import activity_log
from tocsin.tasks.ranking import queued_fields

_GAVE_WAY = (RunReason.GAVE_WAY, RunReason.INCONCLUSIVE)
_REASON: Expression = {
    "$cond": [has_value("reason", RunReason.INCONCLUSIVE), RunReason.INCONCLUSIVE, RunReason.GAVE_WAY]
}
"""The reason of a run that gave way: one whose last attempt failed by our own network stays inconclusive."""


def queue_due_retry(run: RunDocument, now: datetime, quota_until: datetime | None) -> UpdateOne:
    """Build the update that queues a due retry, or postpones it to `quota_until` if a quota is used up until then."""
    unmoved = has_value("retry_at", run.get("retry_at"))
    if quota_until is not None:
        postponed: RunChanges = {"retry_at": quota_until, "reason": RunReason.QUOTA}
        return UpdateOne(
            {"_id": run["_id"]}, [change_when(all_of(has_value("status", RunStatus.RETRY), unmoved), postponed)]
        )
    queued = queued_fields(now, run.get("priority") or 0)
    changes: RunChanges = {
        "queued_at": queued["queued_at"], "rank": queued["rank"], "ready_at": queued["ready_at"],
        "retry_at": None, "worker": None, "reason": None,
    }  # fmt: skip
    return move_run(run["_id"], [RunStatus.RETRY], RunStatus.QUEUED, changes, where=unmoved)


def end_superseded_retries(
    collection: Collection[RunDocument], runs: list[RunDocument], now: datetime, log: ChangeLog
) -> None:
    """Fail those of these runs that wait for a retry, because their tasks are due again."""
    changes: RunChanges = {"finished_at": now, "retry_at": None}
    retrying = [run["_id"] for run in runs if run["status"] == RunStatus.RETRY]
    updates = [
        move_run(run_id, [RunStatus.RETRY], RunStatus.FAILED, changes, computed={"reason": _REASON})
        for run_id in retrying
    ]
    collection.bulk_write(updates, ordered=False)
    stored = collection.find({"_id": {"$in": retrying}})
    ended = [run for run in stored if run["status"] == RunStatus.FAILED and run["reason"] in _GAVE_WAY]
    log.runs_moved(ended)
    activity_log.log_run_outcomes(ended)
