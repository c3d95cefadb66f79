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
        self._is_unreported = False

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Do nothing."""

    def succeeded(self, _event: monitoring.CommandSucceededEvent) -> None:
        """Report a loss that has not been reported yet."""
        if self._is_unreported:
            self._report()

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Report the loss at most once a second: in an outage, each write fails several times."""
        if event.command_name in _WRITES and "code" not in event.failure:
            self._is_unreported = True
            self._report()

    def _report(self) -> None:
        now = time.monotonic()
        if now - self._reported_at >= _INTERVAL_SECONDS:
            self._reported_at, self._is_unreported = now, False
            self._log.changes_lost()
