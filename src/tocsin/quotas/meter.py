"""Counts what comes and goes, in memory: a run costs no write, and every few seconds one write an owner adds it up.

Each process admits by what it has counted itself and by what the others had written at its last flush. So P processes
together may go over a limit by what P - 1 of them admit between two flushes; one process goes over by one batch.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import bson

from tocsin import clock, telemetry
from tocsin.quotas.limits import MEGABYTE, WINDOWS, Limits, Quota

Doc = dict[str, Any]
RUN_QUOTAS = (Quota.RUNS_PER_MINUTE, Quota.RUNS_PER_DAY)
LONGEST_WAIT = timedelta(minutes=15)
"""Whoever must wait for a quota is looked at again after this time: an administrator may have lifted it."""
BEYOND = 1.1
"""Runs are not begun from this part of the storage on: the oldest history cannot be deleted as fast as it grows."""


RUN_BYTES = 1_000
"""Of a run without its job and attempts."""
_SIZES = 20_000


class _Sizes:
    """The sizes of jobs, remembered: all runs of a task have the same one."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int], int] = OrderedDict()

    def of(self, run: Doc) -> int:
        """The bytes of the run's job."""
        key = run["task"] if run["trigger"] != "WORKFLOW" else run["_id"], run["task_version"]
        size = self._known.get(key)
        if size is None:
            size = self._known[key] = len(bson.encode(run["job"]))
            if len(self._known) > _SIZES:
                self._known.popitem(last=False)
        return size


@dataclass(slots=True)
class _Window:
    """What was used in the window of this number: `stored` by all processes, `pending` by this one since its flush."""

    at: int
    stored: int = 0
    pending: int = 0


@dataclass(slots=True)
class _Owner:
    windows: dict[Quota, _Window] = field(default_factory=dict)
    stored: int = 0
    pending: int = 0
    measured_at: datetime | None = None
    known: bool = False

    def is_idle(self, now: datetime) -> bool:
        """Nothing of it is worth remembering."""
        return not self.pending and all(window.at != _number(quota, now) for quota, window in self.windows.items())


@dataclass(frozen=True, slots=True)
class Pending:
    """What one owner has used since the last flush: of each quota (number of the window, how much), and bytes."""

    owner: str
    counts: Mapping[Quota, tuple[int, int]]
    storage: int


class UsageMeter:
    """The counts of one process. May be used from any thread. Without limits it refuses nothing."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits
        self._owners: dict[str, _Owner] = {}
        self._refused: dict[str, set[Quota]] = {}
        self._sizes = _Sizes()
        self._lock = threading.Lock()

    # --- runs and mails ---------------------------------------------------------------------------------------------

    def take_runs(self, owner: str, count: int, now: datetime) -> datetime | None:
        """Count runs, retries or steps that are to begin. Returns None; or, if they may not, when to ask again."""
        with self._lock:
            met = self._met_by_run(owner, now)
            if met is None:
                for quota in RUN_QUOTAS:
                    self._window(owner, quota, now).pending += count
                return None
            self._refuse(owner, met)
            return min(resets_at(met, now) or now + timedelta(minutes=1), now + LONGEST_WAIT)

    def met_by_run(self, owner: str, now: datetime) -> Quota | None:
        """The quota that keeps a run from beginning; None if one may begin."""
        with self._lock:
            return self._met_by_run(owner, now)

    def take(self, owner: str, quota: Quota, now: datetime, count: int = 1) -> bool:
        """Count something of a quota that begins anew after a time. Returns whether there was any left."""
        with self._lock:
            window, limit = self._window(owner, quota, now), self._limit(owner, quota)
            if limit and window.stored + window.pending >= limit:
                self._refuse(owner, quota)
                return False
            window.pending += count
            return True

    def used(self, owner: str, quota: Quota, now: datetime) -> int:
        """How much of a quota that begins anew after a time, or of the storage (in MB), is used."""
        with self._lock:
            if quota is Quota.STORAGE:
                found = self._owners.get(owner)
                return 0 if found is None else -(-max(found.stored + found.pending, 0) // MEGABYTE)
            window = self._window(owner, quota, now)
            return window.stored + window.pending

    def _met_by_run(self, owner: str, now: datetime) -> Quota | None:
        for quota in RUN_QUOTAS:
            window, limit = self._window(owner, quota, now), self._limit(owner, quota)
            if limit and window.stored + window.pending >= limit:
                return quota
        return Quota.STORAGE if self._excess(owner, BEYOND) > 0 else None

    # --- storage ----------------------------------------------------------------------------------------------------

    def add_bytes(self, owner: str, count: int) -> None:
        """Something of so many bytes was stored; or, of a negative number, deleted."""
        with self._lock:
            self._of(owner).pending += count

    def add_runs(self, runs: Iterable[Doc]) -> None:
        """These runs were stored, each with a copy of its job. What attempts add is counted as they end."""
        with self._lock:
            for run in runs:
                self._of(run["owner"]).pending += RUN_BYTES + self._sizes.of(run)

    def excess(self, owner: str, part: float = 1.0) -> int:
        """The bytes beyond this part of the owner's storage; 0 if it has room."""
        with self._lock:
            return self._excess(owner, part)

    def _excess(self, owner: str, part: float) -> int:
        found, limit = self._owners.get(owner), self._limit(owner, Quota.STORAGE)
        if found is None or not limit:
            return 0
        return max(0, found.stored + found.pending - int(limit * MEGABYTE * part))

    # --- for whoever writes it down ---------------------------------------------------------------------------------

    def drain(self) -> list[Pending]:
        """Take what was counted since the last time. What cannot be written is given back by `restore`."""
        with self._lock:
            return [self._taken(owner, found) for owner, found in self._owners.items() if _has_pending(found)]

    def restore(self, taken: Iterable[Pending]) -> None:
        """Give back what could not be written."""
        with self._lock:
            for one in taken:
                found = self._of(one.owner)
                found.pending += one.storage
                for quota, (at, count) in one.counts.items():
                    window = found.windows.get(quota)
                    if window is not None and window.at == at:
                        window.pending += count
                        window.stored -= count

    def learn(self, documents: Iterable[Doc]) -> None:
        """Note what all processes together have written."""
        with self._lock:
            for document in documents:
                found = self._of(document["_id"])
                found.known, found.measured_at = True, document.get("measured_at")
                found.stored = document.get("storage") or 0
                for name, count in (document.get("counts") or {}).items():
                    if name in Quota.__members__:
                        self._learn_count(found, Quota(name), count)

    def forget_idle(self, now: datetime) -> None:
        """Forget owners that use nothing at present."""
        with self._lock:
            for owner in [owner for owner, found in self._owners.items() if found.is_idle(now)]:
                del self._owners[owner]

    def owners(self) -> list[str]:
        """The owners that use something at present."""
        with self._lock:
            return list(self._owners)

    def unmeasured(self, before: datetime) -> list[str]:
        """Those of them whose storage was not measured since then."""
        with self._lock:
            return [
                owner
                for owner, found in self._owners.items()
                if found.known and (found.measured_at is None or found.measured_at < before)
            ]

    def refused(self) -> dict[str, set[Quota]]:
        """Who was refused what since the last time."""
        with self._lock:
            refused, self._refused = self._refused, {}
            return refused

    def note_refused(self, owner: str, quota: Quota) -> None:
        """A quota was met, and its owner is to be told."""
        with self._lock:
            self._refuse(owner, quota)

    # --- with the lock held -----------------------------------------------------------------------------------------

    def _refuse(self, owner: str, quota: Quota) -> None:
        telemetry.QUOTA_REFUSALS.labels(quota.value).inc()
        self._refused.setdefault(owner, set()).add(quota)

    def _limit(self, owner: str, quota: Quota) -> int:
        return 0 if self._limits is None else self._limits.of(owner, quota)

    def _of(self, owner: str) -> _Owner:
        found = self._owners.get(owner)
        if found is None:
            found = self._owners[owner] = _Owner()
        return found

    def _window(self, owner: str, quota: Quota, now: datetime) -> _Window:
        windows, number = self._of(owner).windows, _number(quota, now)
        window = windows.get(quota)
        if window is None or window.at != number:
            window = windows[quota] = _Window(number)
        return window

    def _taken(self, owner: str, found: _Owner) -> Pending:
        counts: dict[Quota, tuple[int, int]] = {}
        for quota, window in found.windows.items():
            if window.pending:
                counts[quota] = window.at, window.pending
                window.stored, window.pending = window.stored + window.pending, 0
        taken = Pending(owner, counts, found.pending)
        found.stored, found.pending = found.stored + found.pending, 0
        return taken

    def _learn_count(self, found: _Owner, quota: Quota, count: Doc) -> None:
        window = found.windows.get(quota)
        if window is None or window.at < count["at"]:
            found.windows[quota] = _Window(count["at"], count["used"])
        elif window.at == count["at"]:
            window.stored = count["used"]


def resets_at(quota: Quota, now: datetime) -> datetime | None:
    """When this quota begins anew; None if it does not."""
    seconds = WINDOWS.get(quota)
    return None if seconds is None else clock.EPOCH + timedelta(seconds=(_number(quota, now) + 1) * seconds)


def _number(quota: Quota, now: datetime) -> int:
    """The number of the present window since 1970."""
    return int(now.timestamp()) // WINDOWS[quota]


def _has_pending(found: _Owner) -> bool:
    return bool(found.pending) or any(window.pending for window in found.windows.values())
