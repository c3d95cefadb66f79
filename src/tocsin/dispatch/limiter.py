"""The limits of owners, queues and hosts, as far as they apply to this process. Thread-safe.

A process that is alone counts the runs of queues and hosts itself. With others, each run needs a permit for each of
these limits (docs/adr/0040). Runs that cannot start at once are claimed only within the prefetch window.
"""

import math
import threading
import time
from collections.abc import Mapping
from datetime import datetime

from tocsin.clock import epoch_milliseconds
from tocsin.dispatch.claim_stages import AdmittedRuns, ClaimStage
from tocsin.dispatch.limits import ProcessLimits, QueueLimits
from tocsin.dispatch.owner_share import get_owner_share
from tocsin.dispatch.permit_book import PermitBook, PermitKey
from tocsin.dispatch.permits import Needs, Permits
from tocsin.dispatch.refusal import PLACE_FREED, SETTINGS_CHANGED, Release, Saturation
from tocsin.dispatch.run_rates import RunRates
from tocsin.documents import RunDocument, WaitingFor
from tocsin.outbound.host_rates import HostRates
from tocsin.security.gcra import Milliseconds
from tocsin.tasks.ranking import DEFAULT_QUEUE

_UNLIMITED = QueueLimits()
_SHARED = frozenset({WaitingFor.QUEUE_LIMIT, WaitingFor.HOST_LIMIT})
_REFUSALS = {"queue": WaitingFor.QUEUE_LIMIT, "host": WaitingFor.HOST_LIMIT}


class RunLimiter:
    """A limiter that counts the claimed runs of this process by owner, queue and host.

    To leave room for others, the waiting runs of one owner get at most half of the prefetch room, those of one priority
    less where it is large, and those to one host at most seven eighths.
    """

    def __init__(self, limits: ProcessLimits | None = None, owner_rates: HostRates | None = None) -> None:
        self.limits = limits or ProcessLimits()
        self._share = get_owner_share(self.limits.concurrency, self.limits.owner_share)
        self._host_share = get_owner_share(self.limits.host_concurrency, self.limits.owner_share)
        self._lock = threading.Lock()
        self._queue_limits: Mapping[str, QueueLimits] = {}
        self._alone_until = math.inf
        self._book: PermitBook | None = None
        self._blocked: dict[tuple[str, str], str | None] = {}
        self._events: set[Release] = set()
        self.contended_lanes: set[str] = set()
        """The names of the lanes whose first run was refused, so that no new run in them is admitted first."""
        self._admitted = AdmittedRuns()
        self._prefetch = self._admitted.prefetch
        rates = owner_rates or HostRates()
        self._rates = RunRates(rates, self.limits.host_rate, lambda queue: self._limits_of(queue).rate)

    # --- configuration ----------------------------------------------------------------------------------------------

    def set_queue_limits(self, queue_limits: Mapping[str, QueueLimits]) -> bool:
        """Apply these limits of queues. Return whether anything changed."""
        with self._lock:
            changed, self._queue_limits = queue_limits != self._queue_limits, queue_limits
            if changed:
                self._events.add(SETTINGS_CHANGED)
            return changed

    def set_process_count(self, count: int) -> None:
        """Divide the rates among this many processes."""
        with self._lock:
            if self._rates.set_process_count(count):
                self._events.add(SETTINGS_CHANGED)

    def block_circuit(self, owner: str, host: str, probe: str | None) -> None:
        """Block a circuit that is not closed, except for the run that is its probe, if any."""
        with self._lock:
            self._blocked[owner, host] = probe
            self._events.add(("circuit", owner, host))

    def unblock_circuit(self, owner: str, host: str) -> None:
        """Unblock a circuit that is closed."""
        with self._lock:
            if (owner, host) in self._blocked:
                del self._blocked[owner, host]
                self._events.add(("circuit", owner, host))

    @property
    def is_contended(self) -> bool:
        """True while runs wait for a limit."""
        return bool(self.contended_lanes)

    def free_places(self) -> int:
        """Return the number of attempts that could start now."""
        return self.limits.concurrency - self._admitted.all.with_place

    # --- permits, while there are other processes -------------------------------------------------------------------

    def begin_sharing(self) -> dict[PermitKey, dict[str, int]]:
        """Require permits from now on. Return those that the admitted runs hold already, by limit and owner."""
        with self._lock:
            known = () if self._book is None else self._book.list_granted()
            self._book = PermitBook(self._admitted.tallies, self._find_limit, self.limits.owner_share, known)
            self._events.add(SETTINGS_CHANGED)
            return self._book.list_granted()

    def end_sharing(self, alone_until: float) -> None:
        """Require no permits until this monotonic time, by which the process must know that it is still alone."""
        with self._lock:
            has_ended = self._book is not None or time.monotonic() > self._alone_until
            self._book, self._alone_until = None, alone_until
            if has_ended:
                self._events.add(SETTINGS_CHANGED)

    def take_permit_needs(self, now: float) -> dict[PermitKey, Needs]:
        """Return the permits to return and to take. `now` is in monotonic seconds."""
        with self._lock:
            return {} if self._book is None else self._book.take_needs(self.free_places(), now)

    def record_permits(self, key: PermitKey, me: str, permits: Permits, now: float) -> bool:
        """Record the permits after an exchange. Return whether there are new ones for refused runs."""
        with self._lock:
            has_new = self._book is not None and self._book.record(key, me, permits, now)
            self._events.update((key,) if has_new else ())
            return has_new

    @property
    def needs_permits(self) -> bool:
        """True if a run was refused for lack of a permit since the last exchange."""
        return self._book is not None and self._book.has_news

    def permit_wait(self) -> tuple[bool, bool]:
        """Return whether this process waits for permits, and whether it holds unused ones."""
        with self._lock:
            return (False, False) if self._book is None else (self._book.is_waiting, self._book.has_unused)

    def _find_limit(self, key: PermitKey) -> int | None:
        kind, name = key
        return self.limits.host_concurrency if kind == "host" else self._limits_of(name).concurrency

    def _limits_of(self, queue: str) -> QueueLimits:
        return self._queue_limits.get(queue, _UNLIMITED)

    # --- admission --------------------------------------------------------------------------------------------------

    def try_acquire(self, run: RunDocument, now: datetime, *, is_new: bool = False) -> WaitingFor | None:
        """Admit a run, or return what it must wait for. A new run does not overtake waiting ones."""
        moment = epoch_milliseconds(now)
        with self._lock:
            decision = self._decide(run, moment, is_new=is_new)
            if isinstance(decision, WaitingFor):
                return decision
            if lacking := self._lacking_permits(run):
                self._demand_permits(run, lacking)
                return _REFUSALS[lacking[0][0]]
            self._admit(run, decision, moment)
            return None

    def _demand_permits(self, run: RunDocument, keys: list[PermitKey]) -> None:
        if self._book is not None:
            short, now = self.limits.is_short(run), time.monotonic()
            for key in keys:
                self._book.demand(key, run["owner"], now, short=short)

    def _lacking_permits(self, run: RunDocument) -> list[PermitKey]:
        """Return the limits for which a run needs a permit and has none, the queue's first."""
        if self._book is None:
            return self._permit_keys(run) if time.monotonic() > self._alone_until else []
        owner, short = run["owner"], self.limits.is_short(run)
        return [key for key in self._permit_keys(run) if not self._book.has_spare(key, owner, short=short)]

    def _permit_keys(self, run: RunDocument) -> list[PermitKey]:
        queue, host = run.get("queue") or DEFAULT_QUEUE, run.get("host")
        limited: list[PermitKey] = [] if self._limits_of(queue).concurrency is None else [("queue", queue)]
        return limited if host is None else [*limited, ("host", host)]

    def _decide(self, run: RunDocument, now: Milliseconds, *, is_new: bool) -> ClaimStage | WaitingFor:
        """Return the stage in which a run can be admitted, apart from permits, or what it must wait for."""
        queue, owner, host = run.get("queue") or DEFAULT_QUEUE, run["owner"], run.get("host")
        limits = self._limits_of(queue)
        if limits.paused:
            return WaitingFor.QUEUE_PAUSED
        if host is not None and self._blocked.get((owner, host), run["_id"]) != run["_id"]:
            return WaitingFor.CIRCUIT_OPEN
        if is_new and run.get("lane") in self.contended_lanes:
            return WaitingFor.CONCURRENCY
        short = self.limits.is_short(run)
        if limits.concurrency is not None and self._book is None:
            share = get_owner_share(limits.concurrency, self.limits.owner_share)
            own, taken = self._admitted.find("owner in queue", owner, queue), self._admitted.find("queue", queue)
            if not share.can_take(own.admitted, taken.admitted, short=short):
                return WaitingFor.QUEUE_LIMIT
        missing = self._find_missing_place(owner, host, short=short)
        if missing is not None and (limits.concurrency is not None or not self._admitted.may_wait(run, self.limits)):
            return missing
        stage = ClaimStage.READY if missing is None else ClaimStage.WAITING
        return self._rates.find_refusal(queue, owner, host, now) or stage

    def _find_missing_place(self, owner: str, host: str | None, *, short: bool) -> WaitingFor | None:
        """Return what keeps a run from getting a place among the attempts now."""
        find, taken = self._admitted.find, self._admitted.all.with_place
        if host is not None and self._book is None:
            own, to_host = find("owner to host", owner, host), find("host", host)
            if not self._host_share.can_take(own.admitted, to_host.admitted, short=short):
                return WaitingFor.HOST_LIMIT
        of_owner = find("owner", owner)
        if not self._share.can_take(of_owner.with_place, taken, short=short):
            return WaitingFor.OWNER_SHARE if taken < self.limits.concurrency else WaitingFor.CONCURRENCY
        return WaitingFor.CONCURRENCY if of_owner.waiting else None

    def _admit(self, run: RunDocument, stage: ClaimStage, now: Milliseconds) -> None:
        """Count a run in this stage, and in the rates of its queue, owner and host."""
        queue, owner, host = run.get("queue") or DEFAULT_QUEUE, run["owner"], run.get("host")
        self._rates.count_run(queue, owner, host, now)
        if self._book is not None:
            self._book.note_use(self._permit_keys(run), owner, time.monotonic())
        self._admitted.add(run, queue, stage)

    # --- an admitted run, until its end -----------------------------------------------------------------------------

    def is_ready(self, run: RunDocument) -> bool:
        """Return whether an admitted run, given as it was before its claim, may start at once."""
        with self._lock:
            return self._admitted.find_stage(run) is not ClaimStage.WAITING

    def mark_started(self, run: RunDocument) -> None:
        """Mark the attempt of a claimed run as started."""
        with self._lock:
            self._advance(run, ClaimStage.STARTED)

    def mark_ended(self, run: RunDocument) -> None:
        """Mark the attempt of a claimed run as ended, before its outcome is acknowledged."""
        with self._lock:
            self._advance(run, ClaimStage.ENDED)

    def _advance(self, run: RunDocument, stage: ClaimStage) -> None:
        if self._admitted.advance(run, stage):
            self._events.update((("owner", run["owner"]), PLACE_FREED))

    def release(self, *runs: RunDocument, claimed: bool = True) -> None:
        """Remove admitted runs that have ended, or (`claimed` false) that were not claimed after all."""
        with self._lock:
            for run in runs:
                if self._admitted.remove(run, claimed=claimed):
                    queue, host = ("queue", run.get("queue") or DEFAULT_QUEUE), ("host", run.get("host") or "")
                    self._events.update((("owner", run["owner"]), queue, host, PLACE_FREED))

    # --- waiting runs -----------------------------------------------------------------------------------------------

    def find_refusal(self, run: RunDocument, now: datetime) -> WaitingFor | None:
        """Return what a queued run waits for, as far as this process knows."""
        with self._lock:
            decision = self._decide(run, epoch_milliseconds(now), is_new=False)
            if isinstance(decision, ClaimStage):
                lacking = self._lacking_permits(run)
                return _REFUSALS[lacking[0][0]] if lacking else None
            is_full = self._is_queue_full(run.get("queue") or DEFAULT_QUEUE) or self._is_host_full(run.get("host"))
            return WaitingFor.OWNER_SHARE if decision in _SHARED and not is_full else decision

    def _is_queue_full(self, queue: str) -> bool:
        concurrency = self._limits_of(queue).concurrency
        return concurrency is not None and self._admitted.find("queue", queue).admitted >= concurrency

    def _is_host_full(self, host: str | None) -> bool:
        return host is not None and self._admitted.find("host", host).admitted >= self.limits.host_concurrency

    def find_saturation(self, run: RunDocument) -> Saturation:
        """Return what of the limits that a refused run must respect is used up, for whom."""
        queue, owner, host = run.get("queue") or DEFAULT_QUEUE, run["owner"], run.get("host")
        with self._lock:
            room, waiting = self.limits.prefetch, self._admitted.find("owner", owner).waiting
            crowd = self.limits.host_concurrency + room * 7 // 8
            return Saturation(
                queue_limited=self._limits_of(queue).concurrency is not None,
                queue_full=self._is_queue_full(queue),
                host_full=self._is_host_full(host),
                places_full=self._admitted.all.with_place >= self.limits.concurrency,
                room_full=self._admitted.all.waiting >= room,
                host_crowded=host is not None and self._admitted.find("host", host).admitted >= crowd,
                owner_full=waiting >= (room + 1) // 2 or waiting >= self._prefetch.max_waiting(("owner", owner)),
            )

    def pop_events(self) -> set[Release]:
        """Return what has happened since the last call that can end refusals."""
        with self._lock:
            events, self._events = self._events, set()
            return events

    def pop_wait_ms(self) -> Milliseconds:
        """Return the time until a rate admits one of the runs refused since the last call; 0 if none was."""
        with self._lock:
            return self._rates.pop_wait_ms()

    def max_waiting(self, owner: str, host: str | None) -> tuple[float, float]:
        """Return the number of runs of an owner that may wait, and of those to this host."""
        with self._lock:
            of_owner = self._prefetch.max_waiting(("owner", owner))
            return of_owner, self._prefetch.max_waiting(("owner to host", owner, host))

    def advance_tick(self) -> None:
        """Start the next tick of the prefetch window. Call it every half second."""
        with self._lock:
            self._prefetch.advance_tick()
