"""The meter counts the ends of runs in memory, until they are stored, and notes what has to be counted again."""

from collections.abc import Iterable
from typing import NamedTuple

from tocsin.documents import SETTLED_STATUSES, Change, ChangeKind, OutcomeDocument, RunDocument
from tocsin.documents.changes import RecordedChange
from tocsin.statistics.tally import HOUR_MS, MINUTE_MS, RunEnd, Tally, find_end, task_scope

MAX_OUTCOMES = 50
"""The latest outcomes that are kept of a task."""
_MAX_EARLY = 10_000


class MinuteKey(NamedTuple):
    """An owner's runs in a queue that were due in a minute, by its number since 1970."""

    owner: str
    queue: str
    minute: int

    @property
    def owner_hour(self) -> "OwnerHour":
        """The hour of the owner that contains it."""
        return OwnerHour(self.owner, self.minute * MINUTE_MS // HOUR_MS)


class HourKey(NamedTuple):
    """The runs of a task or workflow that were due in an hour, by its number since 1970."""

    owner: str
    scope: str
    hour: int

    @property
    def owner_hour(self) -> "OwnerHour":
        """The hour of the owner that contains it."""
        return OwnerHour(self.owner, self.hour)


class OwnerHour(NamedTuple):
    """All runs of an owner that were due in an hour, by its number since 1970."""

    owner: str
    hour: int


class Pending:
    """What was counted and is not stored."""

    def __init__(self) -> None:
        self.minutes: dict[MinuteKey, Tally] = {}
        self.hours: dict[HourKey, Tally] = {}
        self.outcomes: dict[tuple[str, str], dict[str, OutcomeDocument]] = {}

    def add(self, end: RunEnd) -> None:
        """Count the end of a run."""
        minute = MinuteKey(end.owner, end.queue, end.due_ms // MINUTE_MS)
        self.minutes.setdefault(minute, Tally()).add(end)
        if end.group is not None:
            self.hours.setdefault(HourKey(end.owner, end.group, end.hour), Tally()).add(end)
            self.add_outcome(end)

    def add_outcome(self, end: RunEnd) -> None:
        """Note the outcome of a task's run, in place of an earlier one of this run."""
        if end.group is None or not end.group.startswith(task_scope("")):
            return
        kept = self.outcomes.setdefault((end.owner, end.group), {})
        kept[end.run_id] = end.to_outcome()
        if len(kept) > 2 * MAX_OUTCOMES:
            for oldest in sorted(kept.values(), key=lambda one: one["d"])[:-MAX_OUTCOMES]:
                del kept[oldest["r"]]

    def find_hour(self, owner: str, scope: str, hour: int) -> Tally | None:
        """Return what was counted of a task or workflow in an hour."""
        return self.hours.get(HourKey(owner, scope, hour))

    def merge(self, other: "Pending") -> None:
        """Add what was taken out and could not be stored."""
        for minute, tally in other.minutes.items():
            self.minutes.setdefault(minute, Tally()).merge(tally)
        for hour, tally in other.hours.items():
            self.hours.setdefault(hour, Tally()).merge(tally)
        for key, outcomes in other.outcomes.items():
            self.outcomes[key] = {**outcomes, **self.outcomes.get(key, {})}

    def drop(self, hour: OwnerHour) -> None:
        """Forget what was counted of an hour that is about to be counted again."""
        self.minutes = {key: tally for key, tally in self.minutes.items() if key.owner_hour != hour}
        self.hours = {key: tally for key, tally in self.hours.items() if key.owner_hour != hour}


class StatisticsMeter:
    """Counts the ends of runs that this process stores. Used in one event loop, without I/O.

    The completer counts what it stored (`count_ends`). Of all other ends it only hears as changes (`note_changes`):
    these runs have to be read. Both tell of the runs of the completer, in any order, so the two are matched by ID.

    A run that had ended before was counted with its former end, so its hour is `marked` to be counted again.
    """

    def __init__(self) -> None:
        self.pending = Pending()
        self.marked: set[OwnerHour] = set()
        self.has_lost_changes = False
        self._early: set[str] = set()
        self._noted: dict[str, bool] = {}
        self._noted_before: dict[str, bool] = {}
        self._taken: set[str] = set()
        self._taken_before: set[str] = set()
        self._recounted: dict[OwnerHour, list[RunEnd]] = {}

    def count_ends(self, runs: Iterable[RunDocument]) -> None:
        """Count the settled ones among these runs, which the completer has just stored."""
        for run in runs:
            if (end := find_end(run)) is not None:
                is_unheard_of = self._match(end.run_id)
                self._count(end, is_first=is_unheard_of and run["round"] == 0)

    def count_found(self, run: RunDocument, *, is_created: bool) -> None:
        """Count a run of `take_noted`. One that was created as settled has not been counted."""
        if (end := find_end(run)) is not None:
            self._count(end, is_first=is_created and run["round"] == 0)

    def _count(self, end: RunEnd, *, is_first: bool) -> None:
        hour = OwnerHour(end.owner, end.hour)
        if not is_first:
            self.marked.add(hour)
            self.pending.add_outcome(end)
            return
        self.pending.add(end)
        if hour in self._recounted:
            self._recounted[hour].append(end)

    def _match(self, run_id: str) -> bool:
        """Return whether the change of this run is or will be ignored, because the completer counts it."""
        if self._noted.pop(run_id, None) is None and self._noted_before.pop(run_id, None) is None:
            if run_id in self._taken or run_id in self._taken_before:
                return False
            if len(self._early) >= _MAX_EARLY:  # nobody tells of changes
                self._early.clear()
            self._early.add(run_id)
        return True

    # --- ends that others stored ------------------------------------------------------------------------------------

    def note_changes(self, changes: list[RecordedChange]) -> None:
        """Note runs that have ended."""
        for change in changes:
            if not isinstance(change, Change):
                continue
            if change.run_id is not None and change.run_status in SETTLED_STATUSES:
                if change.run_id in self._early:
                    self._early.remove(change.run_id)
                else:
                    self._noted[change.run_id] = change.kind is ChangeKind.RUN_CREATED
            elif change.kind is ChangeKind.RESYNC:
                self.has_lost_changes = True

    def take_noted(self) -> dict[str, bool]:
        """Return the IDs of runs that ended before the last call and that nobody counted; true if created so."""
        taken = self._noted_before
        self._noted_before, self._noted = self._noted, {}
        self._taken_before, self._taken = self._taken, set(taken)
        return taken

    # --- hours that are counted again -------------------------------------------------------------------------------

    def begin_recount(self, hour: OwnerHour) -> None:
        """Forget what was counted of an hour, and remember what is counted from now on."""
        self.pending.drop(hour)
        self._recounted[hour] = []

    def end_recount(self, hour: OwnerHour) -> list[RunEnd]:
        """Return the ends in this hour that were counted since its recount began."""
        return self._recounted.pop(hour, [])

    def take_pending(self, *, with_groups: bool) -> Pending:
        """Take out what is to be stored: of owners and queues, and of tasks and workflows if `with_groups`.

        What was counted of an hour during its recount stays: the recount would overwrite it.
        """
        taken, left = self.pending, Pending()
        if not with_groups:
            left.hours, left.outcomes = taken.hours, taken.outcomes
            taken.hours, taken.outcomes = {}, {}
        if self._recounted:
            stays = [key for key in taken.minutes if key.owner_hour in self._recounted]
            left.minutes.update((key, taken.minutes.pop(key)) for key in stays)
            later = [key for key in taken.hours if key.owner_hour in self._recounted]
            left.hours.update((key, taken.hours.pop(key)) for key in later)
        self.pending = left
        return taken
