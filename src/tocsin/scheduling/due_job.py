"""Due documents as APScheduler jobs."""

from datetime import datetime
from typing import Any

from apscheduler.job import Job

from tocsin.documents import Doc


class DueJob(Job):  # type: ignore[misc]
    """A due document as an APScheduler job. Skips the initializer of Job, which requires a callable."""

    def __init__(self, document: Doc, due: datetime) -> None:
        self._jobstore_alias = None
        self.id = document["_id"]
        self.document = document
        self.next_run_time = due
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
