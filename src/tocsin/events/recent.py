"""The latest changes, for subscribers whose server died, or whose connection broke: the next server tells them."""

from collections import deque
from datetime import datetime, timedelta

from tocsin.events.changes import Change

LONGEST = timedelta(minutes=10)
MOST = 20_000
"""Changes that are kept, of all owners together."""
OVERLAP = timedelta(seconds=1)
"""Changes come in the order in which they were made, but their times may be out of order by less than this."""


class Recent:
    """Changes in the order in which the database made them, with its times; so each process keeps the same ones."""

    def __init__(self) -> None:
        self._changes: deque[Change] = deque()
        self._complete_after: datetime | None = None

    def add(self, change: Change) -> None:
        """The latest one."""
        if self._changes and change.at < self._changes[-1].at - OVERLAP:  # the database's clock was set back
            self.clear()
        if self._complete_after is None:
            self._complete_after = change.at  # what else happened in that moment is not known
        self._changes.append(change)
        while len(self._changes) > MOST or change.at - self._changes[0].at > LONGEST:
            self._complete_after = max(self._complete_after, self._changes.popleft().at)

    def clear(self, complete_after: datetime | None = None) -> None:
        """Forget all: later changes do not follow on these. They are all that happen after a time that is given."""
        self._changes.clear()
        self._complete_after = complete_after

    def since(self, moment: datetime, now: datetime) -> list[Change] | None:
        """The changes at this moment and later, and some before it; None if some of them may be unknown.

        A moment behind `now`, and behind the latest change, was told by a clock that was ahead.
        """
        latest = max(now, self._changes[-1].at) if self._changes else now
        if self._complete_after is None or not self._complete_after + OVERLAP < moment <= latest + OVERLAP:
            return None
        first = moment - OVERLAP
        return [change for change in self._changes if change.at >= first]
