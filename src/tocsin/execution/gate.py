"""What may be claimed now: the limits of queues and hosts, for this process's part of them. Asked from any thread.

A limit that holds for all processes is shared out among the workers that are alive: each takes its part of the number,
so that no process asks another before it begins a run (docs/adr/0024).
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tocsin.clock import epoch_milliseconds
from tocsin.documents import Doc, WaitingFor
from tocsin.outbound.rates import HostRates
from tocsin.tasks.lanes import DEFAULT_QUEUE

IN_HAND = 16
"""So many times the runs that may call one host at once may be claimed, where no other number is given."""
_LEAST_PAUSE = 100.0
"""Milliseconds between looks at what only its owner's rate holds up: many such owners must not keep it looking."""
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """How a queue goes. None: no limit. `rate` is in attempts begun a minute."""

    concurrency: int | None = None
    rate: int | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """This worker is number `index` of `count` that are alive."""

    index: int = 0
    count: int = 1

    def of(self, limit: int) -> int:
        """This worker's part of a limit: the parts of all add up to it."""
        return limit // self.count + (self.index < limit % self.count)


@dataclass(slots=True)
class Pace:
    """Attempts at an even rate, as the generic cell rate algorithm has it: at once at most a second's worth."""

    due: float = 0.0

    def wait(self, now: float, rate: float) -> float:
        """Milliseconds until another one may begin; 0: now."""
        return max(0.0, self._trusted(now, rate) - now - (max(1.0, rate / 60) - 1) * 60_000 / rate)

    def take(self, now: float, rate: float) -> None:
        """One begins."""
        self.due = max(self._trusted(now, rate), now) + 60_000 / rate

    def _trusted(self, now: float, rate: float) -> float:
        """No pace is so far ahead of its rate, unless the clock was set back."""
        return now if self.due - now > max(60_000 / rate, 1_000) + 1_000 else self.due


class Gate:
    """Counts the runs that this process has claimed, by queue and by host.

    `hand` is how many runs this process can hold. Those of one owner to one host with one priority get half of it at
    most, and those to one host seven eighths: they follow each other closely, and others find room.
    """

    def __init__(
        self, host_concurrency: int, host_rate: int = 0, hand: int = 0, owner_rates: HostRates | None = None
    ) -> None:
        self._host_limit, self._host_rate, self._hand = host_concurrency, host_rate, hand
        self._owner_rates = owner_rates or HostRates()
        self._lock = threading.Lock()
        self._rules: Mapping[str, Rule] = {}
        self._part = Part()
        self._shut: Mapping[tuple[str, str], str | None] = {}
        self._entered: dict[tuple[str, int], list[Key]] = {}
        self._inside: Counter[Key] = Counter()
        self._paces: dict[Key, Pace] = {}
        self._contended: frozenset[str] = frozenset()
        self._wait = 0.0

    # --- what the rules are -----------------------------------------------------------------------------------------

    def rule(self, rules: Mapping[str, Rule], part: Part) -> bool:
        """From now on these rules hold. Returns whether anything changed."""
        with self._lock:
            changed = (rules, part) != (self._rules, self._part)
            self._rules, self._part = rules, part
            self._owner_rates.share(part.count)
            return changed

    def shut(self, circuits: Mapping[tuple[str, str], str | None]) -> None:
        """Circuits that are not closed, by owner and host, and the run that may go all the same."""
        with self._lock:
            self._shut = circuits

    def host_limit(self) -> int:
        """How many attempts of this process may call one host at once."""
        return self._part.of(self._host_limit)

    def _is_full(self, run: Doc, host: str) -> bool:
        limit = self.host_limit()
        hand = self._hand or IN_HAND * limit
        most = max(hand * 7 // 8, 1)
        return not limit or self._inside["host", host] >= most or self._inside[_alike(run)] >= max(hand // 2, 1)

    # --- runs come and go -------------------------------------------------------------------------------------------

    def admit(self, run: Doc, now: datetime, *, newborn: bool = False) -> WaitingFor | None:
        """Let a run in, or say what it must wait for. A newborn one does not overtake those that wait already."""
        moment = epoch_milliseconds(now)
        with self._lock:
            refusal = self._refusal(run, moment, newborn=newborn)
            if refusal is None:
                self._enter(run, moment)
            return refusal

    def leave(self, run: Doc, *, claimed: bool = True) -> None:
        """A run that was let in is over, or (`claimed` false) was not claimed after all."""
        with self._lock:
            for key in self._entered.pop((run["_id"], run["fence"] + (not claimed)), ()):
                self._inside[key] -= 1
                if not self._inside[key]:
                    del self._inside[key]

    def explain(self, run: Doc, now: datetime) -> WaitingFor | None:
        """What a queued run waits for, as far as this process knows."""
        with self._lock:
            return self._refusal(run, epoch_milliseconds(now), newborn=False)

    # --- the dispatcher's ------------------------------------------------------------------------------------------

    def contend(self, runs: list[Doc]) -> None:
        """These runs were refused: no newborn one of the same lane is let in before them."""
        with self._lock:
            self._contended = frozenset(run["lane"] for run in runs if run.get("lane"))

    @property
    def contended(self) -> bool:
        """Whether runs wait for a limit."""
        return bool(self._contended)

    def pause(self) -> float:
        """Milliseconds until a rate lets another run in, of those refused since this was asked last; 0: none was."""
        with self._lock:
            wait, self._wait = self._wait, 0.0
            return wait

    # --- with the lock ----------------------------------------------------------------------------------------------

    def _refusal(self, run: Doc, now: float, *, newborn: bool) -> WaitingFor | None:
        queue = run.get("queue") or DEFAULT_QUEUE
        rule = self._rules.get(queue, Rule())
        if rule.paused:
            return WaitingFor.QUEUE_PAUSED
        host = run.get("host")
        if host is not None and self._shut.get((run["owner"], host), run["_id"]) != run["_id"]:
            return WaitingFor.CIRCUIT_OPEN
        if newborn and run.get("lane") in self._contended:
            return WaitingFor.CONCURRENCY
        if rule.concurrency is not None and self._inside["queue", queue] >= self._part.of(rule.concurrency):
            return WaitingFor.QUEUE_LIMIT
        if host is not None and self._is_full(run, host):
            return WaitingFor.HOST_LIMIT
        return self._too_early(("queue", queue), rule.rate, now, WaitingFor.QUEUE_RATE) or (
            self._host_too_early(run["owner"], host, now) if host is not None else None
        )

    def _host_too_early(self, owner: str, host: str, now: float) -> WaitingFor | None:
        if wait := self._owner_rates.wait(owner, host, now) * 1000:
            wait = max(wait, _LEAST_PAUSE)
            self._wait = min(self._wait or wait, wait)
            return WaitingFor.OWNER_HOST_RATE
        return self._too_early(("host", host), self._host_rate, now, WaitingFor.HOST_RATE)

    def _too_early(self, key: Key, rate: int | None, now: float, reason: WaitingFor) -> WaitingFor | None:
        if not rate:
            return None
        wait = self._paces.get(key, Pace()).wait(now, rate / self._part.count)
        if wait > 0:
            self._wait = min(self._wait or wait, wait)
        return reason if wait > 0 else None

    def _enter(self, run: Doc, now: float) -> None:
        queue, host = run.get("queue") or DEFAULT_QUEUE, run.get("host")
        rates = {("queue", queue): self._rules.get(queue, Rule()).rate, ("host", host or ""): self._host_rate}
        keys = [("queue", queue)] if host is None else [("queue", queue), ("host", host), _alike(run)]
        for key in keys:
            self._inside[key] += 1
            if rate := rates.get(key):
                self._paces.setdefault(key, Pace()).take(now, rate / self._part.count)
        if host is not None:
            self._owner_rates.take(run["owner"], host, now)
        self._entered[run["_id"], run["fence"] + 1] = keys


def _alike(run: Doc) -> Key:
    """What runs of one owner to one host with one priority share."""
    return "alike", f"{run['owner']} {run['host']} {run.get('priority') or 0}"
