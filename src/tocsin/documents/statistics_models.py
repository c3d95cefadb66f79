"""The model of statistics of runs."""

from datetime import datetime
from typing import Any, ClassVar

from tocsin.documents.base import StoredDocument, ascending_index


class RunStatistics(StoredDocument):
    """Runs of an owner, counted by periods of their due times, or the latest outcomes of a task.

    Its ID consists of the owner, the level, the scope and the number of the period: an hour by minutes (level m), a day
    by hours (h), or the outcomes of a task (o). `cells` are by the number of the minute or hour in it: n are runs by
    status, d and l are histograms of durations and lateness. `outcomes` are those of a task.
    Minutes are deleted at `expires_at`; all others, with the history, after `ends_at`.
    """

    owner: str
    ends_at: datetime
    expires_at: datetime | None = None
    cells: dict[str, dict[str, dict[str, int]]] = {}
    outcomes: list[dict[str, Any]] = []

    class Settings:
        name = "run_statistics"
        indexes: ClassVar = [
            ascending_index("owner", "ends_at"),
            ascending_index("expires_at", expireAfterSeconds=0),
        ]
