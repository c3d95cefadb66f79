"""Due times missed because the owner's quota is used up, recorded together as one MISSED run. Pure.

The run covers the due times until the quota is checked again, so that the task is not due before then and its history
does not fill with missed runs.
"""

from dataclasses import replace
from datetime import datetime

from tocsin import schedules
from tocsin.documents import RunReason, last_due_of
from tocsin.scheduling.planning import TaskFiring, missed_run


def plan_quota_gap(firing: TaskFiring, until: datetime) -> TaskFiring:
    """Return what takes the place of this firing if the quota of the task's owner is used up until the given time."""
    schedule = schedules.schedule_from_document(firing.task["schedule"])
    gap, following = schedules.skip_due_times(schedule, firing.due_at, until)
    run = missed_run(firing.task, gap, RunReason.QUOTA, firing.now)
    return replace(firing, runs=[run], last_due_at=last_due_of(run), next_run_at=following)
