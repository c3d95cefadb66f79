"""Writes whose outcome is unknown, because the connection was lost before the database answered."""

import time

from pymongo import monitoring

from tocsin.documents.changes import ChangeLog

_WRITES = frozenset({"insert", "update", "delete", "findAndModify"})
_INTERVAL_SECONDS = 1.0


class LostWriteListener(monitoring.CommandListener):
    """Records that changes were lost when a write may have been applied, but nobody records what it changed."""

    def __init__(self, log: ChangeLog) -> None:
        self._log = log
        self._reported_at = -_INTERVAL_SECONDS

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Do nothing."""

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Do nothing."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Record the loss at most once a second: in an outage, each write fails several times."""
        now = time.monotonic()
        is_unknown = event.command_name in _WRITES and "code" not in event.failure
        if is_unknown and now - self._reported_at >= _INTERVAL_SECONDS:
            self._reported_at = now
            self._log.changes_lost()
