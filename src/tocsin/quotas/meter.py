"""In-memory counts of usage: a run costs no write, and a flush every few seconds costs one write per owner.

Each process admits work by its own counts and those that other processes had written at its last flush. So P processes
together may exceed a limit by what P - 1 of them admit between two flushes; a single one by one batch.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import bson

from tocsin import clock, telemetry
from tocsin.documents import OwnerUsageDocument, QuotaCountDocument, RunDocument, Trigger
from tocsin.quotas.limits import MEGABYTE, WINDOW_SECONDS, Quota, QuotaLimits

RUN_QUOTAS = (Quota.RUNS_PER_MINUTE, Quota.RUNS_PER_DAY)
MAX_WAIT = timedelta(minutes=15)
"""The longest wait for a quota before it is checked again: an administrator may have raised it."""
RUN_STORAGE_FACTOR = 1.1
"""The part of the storage quota from which no runs begin: pruning can't keep up with the growth."""
RUN_BASE_BYTES = 1_000
"""Bytes of a run without its job and attempts."""
_MAX_SIZES = 20_000


class _JobSizes:
    """A cache of job sizes: all runs of a task version have the same job."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int], int] = OrderedDict()

    def of(self, run: RunDocument) -> int:
        """Return the size in bytes of the run's job."""
        key = run["task"] if run["trigger"] != Trigger.WORKFLOW else run["_id"], run["task_version"]
        size = self._known.get(key)
        if size is None:
            size = self._known[key] = len(bson.encode(run["job"]))
            if len(self._known) > _MAX_SIZES:
                self._known.popitem(last=False)
        return size


@dataclass(slots=True)
class _Window:
    """Usage in window number `at`: `stored` by all processes, `pending` by this one since its last flush."""

    at: int
    stored: int = 0
    pending: int = 0


@dataclass(slots=True)
class _OwnerUsage:
    windows: dict[Quota, _Window] = field(default_factory=dict)
    stored: int = 0
    pending: int = 0
    measured_at: datetime | None = None
    known: bool = False

    def is_idle(self, now: datetime) -> bool:
        """Return whether nothing is pending and all windows are past."""
        return not self.pending and all(
            window.at != _window_number(quota, now) for quota, window in self.windows.items()
        )


@dataclass(frozen=True, slots=True)
class PendingUsage:
    """Usage of one owner since the last flush: (window number, count) by quota, and bytes of storage."""

    owner: str
    counts: Mapping[Quota, tuple[int, int]]
    storage: int


class UsageMeter:
    """The usage counts of one process. Thread-safe. Without limits, nothing is refused."""

    def __init__(self, limits: QuotaLimits | None = None) -> None:
        self._limits = limits
        self._owners: dict[str, _OwnerUsage] = {}
        self._refused: dict[str, set[Quota]] = {}
        self._sizes = _JobSizes()
        self._lock = threading.Lock()

    # --- runs and mails ---------------------------------------------------------------------------------------------

    def consume_runs(self, owner: str, count: int, now: datetime) -> datetime | None:
        """Count runs, retries or steps that begin. Returns None, or the time to try again if a quota is exceeded."""
        with self._lock:
            met = self._find_met_quota(owner, now)
            if met is None:
                self._add_runs(owner, count, now)
                return None
            self._record_refusal(owner, met)
            return min(find_reset_time(met, now) or now + timedelta(minutes=1), now + MAX_WAIT)

    def add_runs(self, owner: str, count: int, now: datetime) -> None:
        """Count runs that have begun, even beyond a quota: `find_exceeded_run_quota` was asked before."""
        with self._lock:
            self._add_runs(owner, count, now)

    def find_exceeded_run_quota(self, owner: str, now: datetime) -> Quota | None:
        """Return the quota that prevents a run from beginning; None if it may begin."""
        with self._lock:
            return self._find_met_quota(owner, now)

    def consume(self, owner: str, quota: Quota, now: datetime, count: int = 1) -> bool:
        """Count usage of a quota that resets. Returns False if the limit was reached."""
        with self._lock:
            window, limit = self._get_window(owner, quota, now), self._get_limit(owner, quota)
            if limit and window.stored + window.pending >= limit:
                self._record_refusal(owner, quota)
                return False
            window.pending += count
            return True

    def get_usage(self, owner: str, quota: Quota, now: datetime) -> int:
        """Return the usage of a quota that resets, or of the storage in MB."""
        with self._lock:
            if quota is Quota.STORAGE:
                found = self._owners.get(owner)
                return 0 if found is None else -(-max(found.stored + found.pending, 0) // MEGABYTE)
            window = self._get_window(owner, quota, now)
            return window.stored + window.pending

    def _find_met_quota(self, owner: str, now: datetime) -> Quota | None:
        for quota in RUN_QUOTAS:
            window, limit = self._get_window(owner, quota, now), self._get_limit(owner, quota)
            if limit and window.stored + window.pending >= limit:
                return quota
        return Quota.STORAGE if self._excess_bytes(owner, RUN_STORAGE_FACTOR) > 0 else None

    # --- storage ----------------------------------------------------------------------------------------------------

    def add_bytes(self, owner: str, count: int) -> None:
        """Add stored bytes, or subtract deleted ones with a negative count."""
        with self._lock:
            self._get_owner(owner).pending += count

    def add_run_bytes(self, runs: Iterable[RunDocument]) -> None:
        """Add the size of new runs, each with a copy of its job. Attempts are counted when they end."""
        with self._lock:
            for run in runs:
                self._get_owner(run["owner"]).pending += RUN_BASE_BYTES + self._sizes.of(run)

    def get_excess_bytes(self, owner: str, part: float = 1.0) -> int:
        """Return the bytes beyond this part of the owner's storage quota; 0 if there are none."""
        with self._lock:
            return self._excess_bytes(owner, part)

    def _excess_bytes(self, owner: str, part: float) -> int:
        found, limit = self._owners.get(owner), self._get_limit(owner, Quota.STORAGE)
        if found is None or not limit:
            return 0
        return max(0, found.stored + found.pending - int(limit * MEGABYTE * part))

    # --- flushing ---------------------------------------------------------------------------------------------------

    def drain_pending(self) -> list[PendingUsage]:
        """Return the counts since the last call. Put them back with `restore_pending` if they cannot be written."""
        with self._lock:
            return [self._drain_owner(owner, found) for owner, found in self._owners.items() if _has_pending(found)]

    def restore_pending(self, taken: Iterable[PendingUsage]) -> None:
        """Put back counts that could not be written."""
        with self._lock:
            for one in taken:
                found = self._get_owner(one.owner)
                found.pending += one.storage
                for quota, (at, count) in one.counts.items():
                    window = found.windows.get(quota)
                    if window is not None and window.at == at:
                        window.pending += count
                        window.stored -= count

    def load_stored(self, documents: Iterable[OwnerUsageDocument]) -> None:
        """Set the counts that all processes have written."""
        with self._lock:
            for document in documents:
                found = self._get_owner(document["_id"])
                found.known, found.measured_at = True, document.get("measured_at")
                found.stored = document.get("storage") or 0
                for name, count in (document.get("counts") or {}).items():
                    if name in Quota.__members__:
                        self._load_count(found, Quota(name), count)

    def evict_idle(self, now: datetime) -> None:
        """Remove owners without current usage."""
        with self._lock:
            for owner in [owner for owner, found in self._owners.items() if found.is_idle(now)]:
                del self._owners[owner]

    def list_owners(self) -> list[str]:
        """Return the owners with current usage."""
        with self._lock:
            return list(self._owners)

    def find_unmeasured(self, before: datetime) -> list[str]:
        """Return the owners whose storage was not measured since `before`."""
        with self._lock:
            return [
                owner
                for owner, found in self._owners.items()
                if found.known and (found.measured_at is None or found.measured_at < before)
            ]

    def drain_refusals(self) -> dict[str, set[Quota]]:
        """Return the quotas that were exceeded since the last call, by owner."""
        with self._lock:
            refused, self._refused = self._refused, {}
            return refused

    def record_refusal(self, owner: str, quota: Quota) -> None:
        """Record that a quota was exceeded, so that its owner is notified."""
        with self._lock:
            self._record_refusal(owner, quota)

    # --- with the lock held -----------------------------------------------------------------------------------------

    def _add_runs(self, owner: str, count: int, now: datetime) -> None:
        for quota in RUN_QUOTAS:
            self._get_window(owner, quota, now).pending += count

    def _record_refusal(self, owner: str, quota: Quota) -> None:
        telemetry.QUOTA_REFUSALS.labels(quota.value).inc()
        self._refused.setdefault(owner, set()).add(quota)

    def _get_limit(self, owner: str, quota: Quota) -> int:
        return 0 if self._limits is None else self._limits.get_limit(owner, quota)

    def _get_owner(self, owner: str) -> _OwnerUsage:
        found = self._owners.get(owner)
        if found is None:
            found = self._owners[owner] = _OwnerUsage()
        return found

    def _get_window(self, owner: str, quota: Quota, now: datetime) -> _Window:
        windows, number = self._get_owner(owner).windows, _window_number(quota, now)
        window = windows.get(quota)
        if window is None or window.at != number:
            window = windows[quota] = _Window(number)
        return window

    def _drain_owner(self, owner: str, found: _OwnerUsage) -> PendingUsage:
        counts: dict[Quota, tuple[int, int]] = {}
        for quota, window in found.windows.items():
            if window.pending:
                counts[quota] = window.at, window.pending
                window.stored, window.pending = window.stored + window.pending, 0
        taken = PendingUsage(owner, counts, found.pending)
        found.stored, found.pending = found.stored + found.pending, 0
        return taken

    def _load_count(self, found: _OwnerUsage, quota: Quota, count: QuotaCountDocument) -> None:
        window = found.windows.get(quota)
        if window is None or window.at < count["at"]:
            found.windows[quota] = _Window(count["at"], count["used"])
        elif window.at == count["at"]:
            window.stored = count["used"]


def find_reset_time(quota: Quota, now: datetime) -> datetime | None:
    """Return the time at which the quota resets; None if it doesn't."""
    seconds = WINDOW_SECONDS.get(quota)
    return None if seconds is None else clock.EPOCH + timedelta(seconds=(_window_number(quota, now) + 1) * seconds)


def _window_number(quota: Quota, now: datetime) -> int:
    """Return the number of the current window, counted from 1970."""
    return int(now.timestamp()) // WINDOW_SECONDS[quota]


def _has_pending(found: _OwnerUsage) -> bool:
    return bool(found.pending) or any(window.pending for window in found.windows.values())
