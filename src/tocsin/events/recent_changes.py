"""The latest changes, for subscribers that reconnect to this or another process after a connection loss."""

from collections import Counter, deque
from datetime import datetime, timedelta

from tocsin.documents import Change, owner_of
from tocsin.events.changes import subject_id

MAX_AGE = timedelta(minutes=10)
MAX_CHANGES = 20_000
"""Changes that are kept over all owners."""
MAX_CHANGES_PER_OWNER = 5_000
"""Changes of one owner that are kept, so that a flood of them does not evict those of others."""
_MANY = 1_000
CLOCK_TOLERANCE = timedelta(seconds=1)
"""Upper bound by which the times of changes can be out of order. The changes themselves arrive in order."""


class RecentChanges:
    """Changes in the order and with the times of the database, so that every process has those since any time.

    Those that were merged when they were delivered are kept merged, with the time of the last.
    """

    def __init__(self) -> None:
        self._changes: deque[Change] = deque()
        self._complete_after: datetime | None = None
        self._latest: datetime | None = None
        self._kept: Counter[str] = Counter()
        self._omitted_at: dict[str, datetime] = {}

    def add(self, change: Change, owner: str) -> None:
        """Add the latest change, and the owner of what changed."""
        if self._latest is not None and change.at < self._latest - CLOCK_TOLERANCE:  # the database's clock was set back
            self.clear()
        if self._complete_after is None:
            self._complete_after = change.at  # others with the same time may be missing
        self._latest = change.at
        if self._kept[owner] >= MAX_CHANGES_PER_OWNER:
            self._omitted_at[owner] = change.at
        else:
            self._changes.append(change)
            self._kept[owner] += 1
        while self._changes and (len(self._changes) > MAX_CHANGES or change.at - self._changes[0].at > MAX_AGE):
            self._complete_after = max(self._complete_after, self._drop_oldest())
        if len(self._omitted_at) > _MANY:
            self._omitted_at = {name: at for name, at in self._omitted_at.items() if at > self._complete_after}

    def _drop_oldest(self) -> datetime:
        change = self._changes.popleft()
        owner = owner_of(subject_id(change))
        self._kept[owner] -= 1
        if not self._kept[owner]:
            del self._kept[owner]
        return change.at

    def clear(self, complete_after: datetime | None = None) -> None:
        """Drop all changes, because later ones do not follow them without a gap.

        Later changes are complete after `complete_after`, if it is given.
        """
        self._changes.clear()
        self._kept.clear()
        self._omitted_at.clear()
        self._latest, self._complete_after = None, complete_after

    def changes_since(self, moment: datetime, now: datetime, owner: str) -> list[Change] | None:
        """Return an owner's changes since `moment`, and some before it; None if some may be missing.

        Also None if `moment` is later than both `now` and the latest change: then it came from a clock that was ahead.
        """
        if self._complete_after is None:
            return None
        latest = max(now, self._latest or now)
        complete_after = max(self._complete_after, self._omitted_at.get(owner, self._complete_after))
        if not complete_after + CLOCK_TOLERANCE < moment <= latest + CLOCK_TOLERANCE:
            return None
        first = moment - CLOCK_TOLERANCE
        return [change for change in self._changes if change.at >= first and owner_of(subject_id(change)) == owner]
