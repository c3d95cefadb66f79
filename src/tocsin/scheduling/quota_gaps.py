"""Due times missed because the owner's quota is used up, recorded together as one MISSED run. Pure.

The run covers the due times until the quota is checked again, so that the task is not due before then and its history
does not fill with missed runs.
"""

from datetime import datetime

from tocsin import schedules
from tocsin.documents import RunReason, TaskDocument
from tocsin.scheduling.planning import TaskFiring, due_time, last_due_of, missed_run


def plan_quota_gap(task: TaskDocument, now: datetime, until: datetime) -> TaskFiring:
    """Plan a due task whose owner's quota is used up until the given time."""
    due_at = due_time(task["next_run_at"])
    gap, following = schedules.skip_due_times(schedules.schedule_from_document(task["schedule"]), due_at, until)
    run = missed_run(task, gap, RunReason.QUOTA, now)
    return TaskFiring(task, due_at, now, runs=[run], last_due_at=last_due_of(run), next_run_at=following)
