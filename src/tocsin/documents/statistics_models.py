"""The model of statistics of runs."""

from datetime import datetime
from typing import Any, ClassVar

from tocsin.documents.base import StoredDocument, ascending_index


class RunStatistics(StoredDocument):
    """Runs of an owner, counted by periods of their due times, or the latest outcomes of a task.

    Its ID is `owner/level/scope/period`: of level `m`, the minutes of an hour, of level `h`, the hours of a day, of
    level `o`, the outcomes of a task. `cells` are by the number of the minute or hour: `n` are runs by status, `d` and
    `l` histograms of durations and lateness. `outcomes` are those of `OutcomeDocument`.
    Minutes are deleted at `expires_at`; all others, with the history, after `ends_at`.
    """

    owner: str
    ends_at: datetime
    expires_at: datetime | None = None
    cells: dict[str, Any] = {}
    outcomes: list[dict[str, Any]] = []

    class Settings:
        name = "run_statistics"
        indexes: ClassVar = [
            ascending_index("owner", "ends_at"),
            ascending_index("expires_at", expireAfterSeconds=0),
        ]
