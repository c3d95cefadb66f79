"""Due times missed because the owner's quota is used up, recorded together as one MISSED run. Pure.

The run covers the due times until the quota is checked again, so that the task is not due before then and its history
does not fill with missed runs.
"""

from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from tocsin import schedules
from tocsin.documents import Doc, RunReason, RunStatus, TaskDocument, Trigger
from tocsin.documents.updates import Expression, all_of, change_when, has_value
from tocsin.scheduling.planning import TaskFiring, last_due_of, scheduled_run_id
from tocsin.tasks.runs import new_task_run


def plan_quota_gap(task: TaskDocument, now: datetime, until: datetime) -> TaskFiring:
    """Plan a due task whose owner's quota is used up until the given time."""
    due_at: Any = task["next_run_at"]  # never null in a due task
    gap, following = schedules.skip_due_times(schedules.schedule_from_document(task["schedule"]), due_at, until)
    firing = TaskFiring(task, due_at, now, runs=[_missed(task, gap, now)], next_run_at=following)
    firing.last_due_at = last_due_of(firing.runs[0])
    return firing


def postpone_retry(run_id: str, where: Expression, until: datetime) -> UpdateOne:
    """Build the update that postpones a waiting retry."""
    waits = all_of(has_value("status", RunStatus.RETRY.value), where)
    return UpdateOne({"_id": run_id}, [change_when(waits, {"retry_at": until, "reason": RunReason.QUOTA.value})])


def _missed(task: TaskDocument, gap: schedules.Gap, now: datetime) -> Doc:
    missed = {
        "status": RunStatus.MISSED.value, "reason": RunReason.QUOTA.value, "open": False, "finished_at": now,
        "rank": None, "ready_at": None, "queued_at": None, "missed_until": gap.until, "missed_count": gap.count,
    }  # fmt: skip
    return new_task_run(task, scheduled_run_id(task["_id"], gap.first), gap.first, Trigger.SCHEDULE, now) | missed
