"""The limits of owners, queues and hosts, as far as they apply to this process. Thread-safe.

A limit for all processes is divided among the live workers, so that no process has to ask another before it starts a
run (docs/adr/0024). Runs that cannot start at once are claimed only within the prefetch window.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from tocsin.clock import epoch_milliseconds
from tocsin.dispatch.limits import ProcessLimits, QueueLimits, WorkerShare, attempt_bucket
from tocsin.dispatch.owner_share import get_owner_share
from tocsin.dispatch.prefetch import PrefetchWindow
from tocsin.documents import RunDocument, WaitingFor
from tocsin.outbound.host_rates import HostRates
from tocsin.security.gcra import Milliseconds
from tocsin.tasks.ranking import DEFAULT_QUEUE

_MIN_OWNER_WAIT = 100.0
"""Minimum wait in milliseconds for an owner's rate limit, so that many such owners do not keep the dispatcher busy."""
CountKey = tuple[str, str]
_PLACES = "places", ""


class ClaimStage(Enum):
    """The progress of a claimed run: it has a place among the attempts, waits for one, is running, or has ended."""

    READY = "READY"
    WAITING = "IN_LINE"
    STARTED = "UNDER_WAY"
    ENDED = "ENDED"


_SHARED = frozenset({WaitingFor.QUEUE_LIMIT, WaitingFor.HOST_LIMIT})
_WITH_PLACE = frozenset({ClaimStage.READY, ClaimStage.STARTED})


@dataclass(slots=True)
class _Entry:
    keys: list[CountKey]
    owner: str
    lane: CountKey
    stage: ClaimStage


class RunLimiter:
    """A limiter that counts the claimed runs of this process by owner, queue and host.

    To leave room for others, the waiting runs of one owner get at most half of the prefetch room, and the runs to one
    host at most seven eighths.
    """

    def __init__(self, limits: ProcessLimits | None = None, owner_rates: HostRates | None = None) -> None:
        self.limits = limits or ProcessLimits()
        self._owner_rates = owner_rates or HostRates()
        self._lock = threading.Lock()
        self._queue_limits: Mapping[str, QueueLimits] = {}
        self._worker_share = WorkerShare()
        self._blocked: Mapping[tuple[str, str], str | None] = {}
        self._admitted: dict[tuple[str, int], _Entry] = {}
        self._counts: Counter[CountKey] = Counter()
        self._prefetch = PrefetchWindow()
        self._full_at: dict[CountKey, Milliseconds] = {}
        self._contended: frozenset[str] = frozenset()
        self._wait = 0.0

    # --- configuration ----------------------------------------------------------------------------------------------

    def set_queue_limits(self, queue_limits: Mapping[str, QueueLimits], worker_share: WorkerShare) -> bool:
        """Apply these limits of queues, and this share of them. Return whether anything changed."""
        with self._lock:
            changed = (queue_limits, worker_share) != (self._queue_limits, self._worker_share)
            self._queue_limits, self._worker_share = queue_limits, worker_share
            self._owner_rates.set_process_count(worker_share.count)
            return changed

    def block_circuits(self, circuits: Mapping[tuple[str, str], str | None]) -> None:
        """Block the circuits that are not closed, by owner and host, except for the run that is the probe, if any."""
        with self._lock:
            self._blocked = circuits

    def host_limit(self) -> int:
        """Return the maximum number of concurrent attempts of this process to one host."""
        return self._worker_share.portion_of(self.limits.host_concurrency)

    # --- claimed runs -----------------------------------------------------------------------------------------------

    def try_acquire(self, run: RunDocument, now: datetime, *, is_new: bool = False) -> WaitingFor | None:
        """Admit a run, or return what it must wait for. A new run does not overtake waiting ones."""
        moment = epoch_milliseconds(now)
        with self._lock:
            refusal = self._refusal(run, moment, is_new=is_new)
            if refusal is None:
                self._add_run(run, moment)
            return refusal

    def release(self, run: RunDocument, *, claimed: bool = True) -> None:
        """Remove an admitted run that has ended, or (`claimed` false) that was not claimed after all."""
        with self._lock:
            entry = self._admitted.pop((run["_id"], run["fence"] + (not claimed)), None)
            if entry is not None:
                self._count(entry, -1)
                for key in entry.keys:
                    self._add(key, -1)

    def is_ready(self, run: RunDocument) -> bool:
        """Return whether an admitted run, given as it was before its claim, may start at once."""
        with self._lock:
            entry = self._admitted.get((run["_id"], run["fence"] + 1))
            return entry is None or entry.stage is not ClaimStage.WAITING

    def mark_started(self, run: RunDocument) -> None:
        """Mark the attempt of a claimed run as started."""
        self._advance(run, ClaimStage.STARTED)

    def mark_ended(self, run: RunDocument) -> None:
        """Mark the attempt of a claimed run as ended, before its outcome is acknowledged."""
        self._advance(run, ClaimStage.ENDED)

    def _advance(self, run: RunDocument, stage: ClaimStage) -> None:
        with self._lock:
            entry = self._admitted.get((run["_id"], run["fence"]))
            if entry is None:
                return
            self._count(entry, -1)
            entry.stage = stage
            self._count(entry, 1)
            if stage is ClaimStage.STARTED:
                self._prefetch.count_start(("held", entry.owner))
                self._prefetch.count_start(entry.lane)

    def _count(self, entry: _Entry, by: int) -> None:
        if entry.stage in _WITH_PLACE:
            self._add(_PLACES, by)
            self._add(("places of", entry.owner), by)
        elif entry.stage is ClaimStage.WAITING:
            self._add(("in line", entry.owner), by)
            self._add(("in line to", entry.lane[1]), by)

    def _add(self, key: CountKey, by: int) -> None:
        self._counts[key] += by
        if not self._counts[key]:
            del self._counts[key]
            self._prefetch.mark_idle(key)

    def advance_tick(self) -> None:
        """Start the next tick of the prefetch window. Call it every half second."""
        with self._lock:
            self._prefetch.advance_tick()

    def max_waiting(self, owner: str, host: str | None) -> tuple[float, float]:
        """Return the number of runs of an owner that may wait, and of those to this host."""
        with self._lock:
            return self._prefetch.max_waiting(("held", owner)), self._prefetch.max_waiting(("lane", f"{owner} {host}"))

    def find_refusal(self, run: RunDocument, now: datetime) -> WaitingFor | None:
        """Return what a queued run waits for, as far as this process knows."""
        with self._lock:
            refusal = self._refusal(run, epoch_milliseconds(now), is_new=False)
            return WaitingFor.OWNER_SHARE if refusal in _SHARED and self._has_free_places(run) else refusal

    # --- for the dispatcher ----------------------------------------------------------------------------------------

    def mark_contended(self, runs: list[RunDocument]) -> None:
        """Mark the lanes of refused runs as contended, so that no new run in them is admitted first."""
        with self._lock:
            self._contended = frozenset(run["lane"] for run in runs if run.get("lane"))

    @property
    def is_contended(self) -> bool:
        """True while runs wait for a limit."""
        return bool(self._contended)

    def pop_wait_ms(self) -> float:
        """Return the milliseconds until a rate admits one of the runs refused since the last call; 0 if none was."""
        with self._lock:
            wait, self._wait = self._wait, 0.0
            return wait

    # --- under the lock ---------------------------------------------------------------------------------------------

    def _refusal(self, run: RunDocument, now: float, *, is_new: bool) -> WaitingFor | None:
        queue = run.get("queue") or DEFAULT_QUEUE
        rule = self._queue_limits.get(queue, QueueLimits())
        if rule.paused:
            return WaitingFor.QUEUE_PAUSED
        host = run.get("host")
        if host is not None and self._blocked.get((run["owner"], host), run["_id"]) != run["_id"]:
            return WaitingFor.CIRCUIT_OPEN
        if is_new and run.get("lane") in self._contended:
            return WaitingFor.CONCURRENCY
        if (reason := self._queue_refusal(run, queue, rule)) is not None:
            return reason
        blocked = self._place_refusal(run, host)
        if blocked is not None and (rule.concurrency is not None or not self._may_wait(run, host)):
            return blocked
        return self._rate_refusal(("queue", queue), rule.rate, now, WaitingFor.QUEUE_RATE) or (
            self._host_rate_refusal(run["owner"], host, now) if host is not None else None
        )

    def _host_rate_refusal(self, owner: str, host: str, now: float) -> WaitingFor | None:
        if wait := self._owner_rates.seconds_until_allowed(owner, host, now) * 1000:
            wait = max(wait, _MIN_OWNER_WAIT)
            self._wait = min(self._wait or wait, wait)
            return WaitingFor.OWNER_HOST_RATE
        return self._rate_refusal(("host", host), self.limits.host_rate, now, WaitingFor.HOST_RATE)

    def _has_free_places(self, run: RunDocument) -> bool:
        """Return whether the run's queue and host have free places, even if only for other owners."""
        queue, host = run.get("queue") or DEFAULT_QUEUE, run.get("host")
        concurrency = self._queue_limits.get(queue, QueueLimits()).concurrency
        if concurrency is not None and self._counts["queue", queue] >= self._worker_share.portion_of(concurrency):
            return False
        return host is None or self._counts["host", host] < self.host_limit()

    def _queue_refusal(self, run: RunDocument, queue: str, rule: QueueLimits) -> WaitingFor | None:
        if rule.concurrency is None:
            return None
        share = get_owner_share(self._worker_share.portion_of(rule.concurrency), self.limits.owner_share)
        own, taken = self._counts["queue of", f"{queue} {run['owner']}"], self._counts["queue", queue]
        if share.can_take(own, taken, short=self.limits.is_short(run)):
            return None
        return WaitingFor.QUEUE_LIMIT

    def _place_refusal(self, run: RunDocument, host: str | None) -> WaitingFor | None:
        """Return what keeps this run from getting a place now."""
        owner, short, part = run["owner"], self.limits.is_short(run), self.limits.owner_share
        if host is not None:
            own, taken = self._counts[_lane_key(run)], self._counts["host", host]
            if not get_owner_share(self.host_limit(), part).can_take(own, taken, short=short):
                return WaitingFor.HOST_LIMIT
        own, taken = self._counts["places of", owner], self._counts[_PLACES]
        if not get_owner_share(self.limits.concurrency, part).can_take(own, taken, short=short):
            return WaitingFor.OWNER_SHARE if taken < self.limits.concurrency else WaitingFor.CONCURRENCY
        return WaitingFor.CONCURRENCY if self._counts["in line", owner] else None

    def _may_wait(self, run: RunDocument, host: str | None) -> bool:
        owner, lane = run["owner"], _lane_key(run)
        room = self.limits.max_in_flight - self.limits.concurrency
        if len(self._admitted) >= room or not self.host_limit():
            return False
        if host is not None and self._counts["host", host] >= room * 7 // 8:
            return False
        own, to_host = self._counts["in line", owner], self._counts["in line to", lane[1]]
        if own >= room // 2 or self._counts[_priority_key(run)] >= room // 2:
            return False
        return own < self._prefetch.max_waiting(("held", owner)) and to_host < self._prefetch.max_waiting(lane)

    def _rate_refusal(self, key: CountKey, rate: int | None, now: float, reason: WaitingFor) -> WaitingFor | None:
        if not rate:
            return None
        bucket = attempt_bucket(rate / self._worker_share.count)
        wait = bucket.seconds_until(self._full_at.get(key, 0.0), 1, now) * 1000
        if wait > 0:
            self._wait = min(self._wait or wait, wait)
        return reason if wait > 0 else None

    def _add_run(self, run: RunDocument, now: float) -> None:
        queue, host, owner = run.get("queue") or DEFAULT_QUEUE, run.get("host"), run["owner"]
        rates = {
            ("queue", queue): self._queue_limits.get(queue, QueueLimits()).rate,
            ("host", host or ""): self.limits.host_rate,
        }
        keys: list[CountKey] = [("queue", queue), ("queue of", f"{queue} {owner}"), ("held", owner), _lane_key(run)]
        if host is not None:
            keys += [("host", host), _priority_key(run)]
        stage = ClaimStage.READY if self._place_refusal(run, host) is None else ClaimStage.WAITING
        entry = _Entry(keys, owner, _lane_key(run), stage)
        self._prefetch.mark_busy(("held", owner))
        self._prefetch.mark_busy(entry.lane)
        for key in keys:
            self._add(key, 1)
            if rate := rates.get(key):
                bucket = attempt_bucket(rate / self._worker_share.count)
                self._full_at[key] = bucket.after_taking(self._full_at.get(key, 0.0), 1, now)
        if host is not None:
            self._owner_rates.record_call(owner, host, now)
        self._count(entry, 1)
        self._admitted[run["_id"], run["fence"] + 1] = entry


def _lane_key(run: RunDocument) -> CountKey:
    return "lane", f"{run['owner']} {run.get('host')}"


def _priority_key(run: RunDocument) -> CountKey:
    """Return the key of the runs of one owner to one host with one priority."""
    return "alike", f"{run['owner']} {run.get('host')} {run.get('priority') or 0}"
