"""The latest changes, for subscribers whose server died, or whose connection broke: the next server tells them."""

from collections import Counter, deque
from datetime import datetime, timedelta

from tocsin.documents import owner_of
from tocsin.events.changes import Change, subject_of

LONGEST = timedelta(minutes=10)
MOST = 20_000
"""Changes that are kept, of all owners together."""
MOST_OF_OWNER = 5_000
"""Changes of one owner that are kept: a flood of them does not make others' be forgotten."""
_MANY = 1_000
OVERLAP = timedelta(seconds=1)
"""Changes come in the order in which they were made, but their times may be out of order by less than this."""


class Recent:
    """Changes in the order in which the database made them, with its times; so each process keeps the same ones."""

    def __init__(self) -> None:
        self._changes: deque[Change] = deque()
        self._complete_after: datetime | None = None
        self._latest: datetime | None = None
        self._kept: Counter[str] = Counter()
        self._left_out: dict[str, datetime] = {}

    def add(self, change: Change) -> None:
        """The latest one."""
        if self._latest is not None and change.at < self._latest - OVERLAP:  # the database's clock was set back
            self.clear()
        if self._complete_after is None:
            self._complete_after = change.at  # what else happened in that moment is not known
        self._latest, owner = change.at, owner_of(subject_of(change))
        if self._kept[owner] >= MOST_OF_OWNER:
            self._left_out[owner] = change.at
        else:
            self._changes.append(change)
            self._kept[owner] += 1
        while self._changes and (len(self._changes) > MOST or change.at - self._changes[0].at > LONGEST):
            self._complete_after = max(self._complete_after, self._forget_first())
        if len(self._left_out) > _MANY:
            self._left_out = {name: at for name, at in self._left_out.items() if at > self._complete_after}

    def _forget_first(self) -> datetime:
        change = self._changes.popleft()
        owner = owner_of(subject_of(change))
        self._kept[owner] -= 1
        if not self._kept[owner]:
            del self._kept[owner]
        return change.at

    def clear(self, complete_after: datetime | None = None) -> None:
        """Forget all: later changes do not follow on these. They are all that happen after a time that is given."""
        self._changes.clear()
        self._kept.clear()
        self._left_out.clear()
        self._latest, self._complete_after = None, complete_after

    def since(self, moment: datetime, now: datetime, owner: str) -> list[Change] | None:
        """An owner's changes at this moment and later, and some before it; None if some of them may be unknown.

        A moment behind `now`, and behind the latest change, was told by a clock that was ahead.
        """
        if self._complete_after is None:
            return None
        latest = max(now, self._latest or now)
        complete_after = max(self._complete_after, self._left_out.get(owner, self._complete_after))
        if not complete_after + OVERLAP < moment <= latest + OVERLAP:
            return None
        first = moment - OVERLAP
        return [change for change in self._changes if change.at >= first and owner_of(subject_of(change)) == owner]
