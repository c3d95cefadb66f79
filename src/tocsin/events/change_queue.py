"""The queue of changes of one subscriber, in which later changes of the same thing replace earlier ones. Pure."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import islice

from tocsin.documents import Change, ChangeKind, StepStatus
from tocsin.documents.changes import MAX_NAMED
from tocsin.events.change_filter import STREAM_KINDS

MERGED_FROM = 32
"""A queue with fewer changes keeps each of them. Beyond it, each thing is queued once, in its latest state."""
MAX_QUEUED_CHANGES = 10_000
"""Things that changed while a subscriber did not read. Beyond this they are replaced by a RESYNC."""
_CREATED = frozenset({ChangeKind.TASK_CREATED, ChangeKind.RUN_CREATED, ChangeKind.WORKFLOW_CREATED})

Steps = tuple[tuple[str, StepStatus], ...]


def merge_changes(earlier: Change, later: Change) -> Change:
    """Return one change that says what two changes of the same thing say together.

    What was created stays created, what was deleted stays deleted; a status that the later change did not set is that
    of the earlier one; all changed steps are kept, the latest last.
    """
    return Change(
        _merge_kinds(earlier.kind, later.kind),
        later.at,
        later.task_id,
        later.run_id,
        later.task_status or earlier.task_status,
        later.run_status or earlier.run_status,
        later.due_at or earlier.due_at,
        later.queued or earlier.queued,
        later.cancel_requested or earlier.cancel_requested,
        later.workflow_run_id,
        later.workflow_status or earlier.workflow_status,
        _merge_steps(earlier.steps, later.steps) if earlier.steps else later.steps,
        later.is_derived or (earlier.is_derived and later.task_status is None),
        later.notified,
        tuple((dict(earlier.attempted) | dict(later.attempted)).items()) if earlier.attempted else later.attempted,
        _merge_acknowledged(earlier, later) if later.kind is ChangeKind.ACKNOWLEDGED else (),
        later.workflow or earlier.workflow,
        later.cursor,
    )


def merge_all(changes: Iterable[Change]) -> list[Change]:
    """Return changes with each thing once, in its latest state, in the order of the last changes."""
    latest: dict[str, Change] = {}
    for change in changes:
        subject = _subject(change)
        earlier = latest.pop(subject, None)
        latest[subject] = change if earlier is None else merge_changes(earlier, change)
    return list(latest.values())


def _merge_kinds(earlier: ChangeKind, later: ChangeKind) -> ChangeKind:
    for deleted in (ChangeKind.TASK_DELETED, ChangeKind.WORKFLOW_DELETED):
        if earlier is deleted or later is deleted:
            return deleted
    return earlier if earlier in _CREATED else later


def _merge_acknowledged(earlier: Change, later: Change) -> tuple[str, ...]:
    """Return the notifications that two changes name together; none if one of them names none, or they are too many."""
    ids = tuple(dict.fromkeys((*earlier.acknowledged, *later.acknowledged)))
    return ids if earlier.acknowledged and later.acknowledged and len(ids) <= MAX_NAMED else ()


def _merge_steps(earlier: Steps, later: Steps) -> Steps:
    steps = dict(earlier)
    for key, status in later:
        steps.pop(key, None)
        steps[key] = status
    return tuple(steps.items())


class ChangeQueue:
    """Changes in the order of their last change, each with the number of changes that were added until then.

    It never holds more than `most`: `add` returns False instead, and the subscriber needs a RESYNC.
    """

    __slots__ = ("_batch", "_changes", "_latest", "_most", "added")

    def __init__(self, most: int = MAX_QUEUED_CHANGES) -> None:
        self.added = 0
        self._most = most
        self._changes: OrderedDict[int, Change] = OrderedDict()
        self._latest: dict[str, int] = {}
        self._batch: Sequence[Change] = ()
        """All changes, if they were queued together: a reader that is not behind needs no order of its own."""

    def __len__(self) -> int:
        return len(self._changes) or len(self._batch)

    def extend(self, changes: Sequence[Change]) -> bool:
        """Queue changes, of which only the first may be a SNAPSHOT. Returns False, as `add` does, if not all fit.

        The sequence is shared with other queues: it must not change.
        """
        if self or len(changes) > self._most:
            return all(self.add(change) for change in changes)
        self._batch = changes
        self.added += len(changes)
        return True

    def add(self, change: Change) -> bool:
        """Queue a change. A RESYNC replaces all others, because the state that is read after it includes them."""
        if self._batch:
            self._unpack()
        return self._add(change)

    def _unpack(self) -> None:
        """Queue the changes of the batch one by one, so that others of the same things can be merged with them."""
        batch, self._batch = self._batch, ()
        self.added -= len(batch)
        for change in batch:
            self._add(change)

    def _add(self, change: Change) -> bool:
        self.added += 1
        if change.kind in STREAM_KINDS:
            self.clear()
        else:
            subject = _subject(change)
            earlier = self._latest.get(subject)
            if earlier is not None and len(self._changes) >= MERGED_FROM:
                change = merge_changes(self._changes.pop(earlier), change)
            elif len(self._changes) >= self._most:
                return False
            self._latest[subject] = self.added
        self._changes[self.added] = change
        return True

    def first(self, most: int) -> list[tuple[int, Change]]:
        """Return the first changes, at most so many, with their numbers."""
        self._unpack()
        return list(islice(self._changes.items(), most))

    def drop(self, count: int) -> None:
        """Remove so many of the first changes."""
        self.take(count)

    def take(self, most: int) -> list[tuple[int, Change]]:
        """Remove and return the first changes, at most so many, with their numbers."""
        if self._batch:
            first = self.added - len(self._batch) + 1
            batch, self._batch = self._batch[:most], self._batch[most:]
            return list(enumerate(batch, first))
        if most >= len(self._changes):
            taken = list(self._changes.items())
            self.clear()
            return taken
        taken = [self._changes.popitem(last=False) for _ in range(most)]
        for number, change in taken:
            subject = _subject(change)
            if self._latest.get(subject) == number:
                del self._latest[subject]
        return taken

    def clear(self) -> None:
        """Remove all changes."""
        self._changes.clear()
        self._latest.clear()
        self._batch = ()


def _subject(change: Change) -> str:
    """Return the ID of what changed; none for a RESYNC of everything."""
    if change.notified is not None:  # of each kind, all that the user's subscribers need is kept
        return f"{change.kind.value} {change.notified}"
    return change.run_id or change.task_id or change.workflow_run_id or change.workflow or ""
