"""Due documents as APScheduler jobs."""

from datetime import datetime
from typing import Any

from apscheduler.job import Job

from tocsin.documents import RunDocument, TaskDocument


class DueJob(Job):  # type: ignore[misc]
    """A due task or retry as an APScheduler job. Skips the initializer of Job, which requires a callable."""

    def __init__(
        self, job_id: str, due_at: datetime, *, task: TaskDocument | None = None, retry: RunDocument | None = None
    ) -> None:
        self._jobstore_alias = None
        self.id = job_id
        self.task, self.retry = task, retry
        self.next_run_time = due_at
        self.executor = "default"
        self.coalesce = False
        self.trigger = self

    def _get_run_times(self, _now: datetime) -> list[datetime]:
        return [self.next_run_time]

    def _modify(self, **_changes: Any) -> None:
        return None

    def get_next_fire_time(self, previous: datetime, _now: datetime) -> datetime:
        """Return any time: for None, APScheduler would remove the job. The flush decides the real next time."""
        return previous
