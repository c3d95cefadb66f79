"""What this process has claimed and not yet settled: bounded, filled from the event loop and the scheduler's thread."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tocsin import telemetry
from tocsin.documents import Doc, RunStatus
from tocsin.execution.gate import Gate
from tocsin.execution.line import Lane, Line

LATE_SECONDS = 1.0
"""Runs that have stood in line for longer, and are more than begin in such a time, are left to the queue again."""


@dataclass(slots=True, eq=False)
class Held:
    """A claimed run, in hand `since` a time of the monotonic clock.

    `doer` is the asyncio task that makes its attempt, which began at `began_at`; `aborted` says that it is to stop.
    """

    run: Doc
    since: float = field(default_factory=time.monotonic)
    began_at: datetime | None = None
    doer: "asyncio.Task[None] | None" = None
    aborted: bool = False
    unseen: int = 0

    def abort(self) -> None:
        """Stop the attempt, or let it not begin."""
        if not self.aborted:
            self.aborted = True
            if self.doer is not None:
                self.doer.cancel()


class WorkerHand:
    """The claimed runs, from the claim until the database has acknowledged their outcome.

    `limit` bounds how many, `gate` how many of a queue and to a host. The first part may be called from any thread, the
    rest from the event loop.
    """

    def __init__(self, worker: str, limit: int, loop: asyncio.AbstractEventLoop, gate: Gate) -> None:
        self.worker = worker
        self.gate = gate
        self.held: dict[str, Held] = {}
        self.backlog = False
        self.draining = False
        self.woken = asyncio.Event()
        self._limit = limit
        self._loop = loop
        self._lock = threading.Lock()
        self._taken = 0
        self._line: Line[Held] = Line(gate.limits, gate.host_limit())
        self._workers: deque[asyncio.Future[None]] = deque()

    # --- from any thread --------------------------------------------------------------------------------------------

    def reserve(self, wanted: int) -> int:
        """Room for at most `wanted` runs: none while older ones wait in the database, or while the process drains."""
        return 0 if self.backlog else self.reserve_for_queued(wanted)

    def reserve_for_queued(self, wanted: int) -> int:
        """Room for at most `wanted` runs that have waited their turn."""
        with self._lock:
            room = 0 if self.draining else max(0, min(wanted, self._limit - self._taken))
            self._taken += room
            return room

    def release(self, unused: int) -> None:
        """Give back reserved room."""
        with self._lock:
            self._taken -= unused

    def admit(self, runs: list[Doc], now: datetime) -> list[Doc]:
        """Those of these newborn runs that may begin now. Each is claimed, then taken or dismissed."""
        room = self.reserve(len(runs))
        admitted: list[Doc] = []
        for run in runs:
            if len(admitted) < room and self.gate.admit(run, now, newborn=True) is None:
                admitted.append(run)
        self.release(room - len(admitted))
        return admitted

    def dismiss(self, runs: Iterable[Doc]) -> None:
        """Give back the room of claimed runs that are not taken."""
        runs = list(runs)
        for run in runs:
            self.gate.leave(run)
        self.release(len(runs))

    def claimed(self, run: Doc, now: datetime) -> Doc:
        """What a run is when it is born claimed: RUNNING, its first attempt written, begun if nothing is before it."""
        begun = self.gate.is_ready(run)
        return {
            "status": RunStatus.RUNNING.value,
            "rank": None,
            "ready_at": None,
            "worker": self.worker,
            "fence": run["fence"] + 1,
            "begun": begun,
            "started_at": now if begun else None,
            "attempts": [self.attempt(run, now)],
        }

    def attempt(self, run: Doc, now: datetime) -> Doc:
        """The record of the next attempt of a run, as the claim writes it."""
        return {"number": len(run["attempts"]) + 1, "started_at": now, "worker": self.worker}

    def take(self, runs: list[Doc]) -> None:
        """These runs are claimed for this worker, in reserved room."""
        if runs:
            self._loop.call_soon_threadsafe(self.add, runs)

    def wake(self) -> None:
        """There are queued runs."""
        self._loop.call_soon_threadsafe(self.woken.set)

    # --- in the event loop ------------------------------------------------------------------------------------------

    def add(self, runs: list[Doc]) -> None:
        """Hold these runs and let workers have them."""
        for run in runs:
            held = self.held[run["_id"]] = Held(run)
            self._line.add(held)
        for _ in range(min(len(runs), len(self._workers))):
            self._rouse()
        self._measure()

    async def next(self) -> Held:
        """The next run whose attempt is to be made: owners take turns, and no host gets too many at once."""
        while (held := self._line.pop()) is None:
            idle = self._loop.create_future()
            self._workers.append(idle)
            await idle
        self.gate.begin(held.run)
        return held

    def ended(self, held: Held) -> None:
        """The attempt of a run that `next` gave is over: its host may be called again."""
        self.gate.end(held.run)
        self._line.ended(held.run)
        self._rouse()

    def limit_hosts(self) -> None:
        """Heed the gate's limit as it is now."""
        self._line.host_limit = self.gate.host_limit()
        self._line.reopen()
        for _ in range(len(self._workers)):
            self._rouse()

    def _rouse(self) -> None:
        while self._workers:
            idle = self._workers.popleft()
            if not idle.done():
                idle.set_result(None)
                return

    def done(self, runs: list[Doc]) -> None:
        """These claims are over: their outcome is acknowledged, or the run is no longer ours.

        The same run may have been claimed anew meanwhile (a retry at once): that claim stays.
        """
        for run in runs:
            self.gate.leave(run)
            held = self.held.get(run["_id"])
            if held is not None and held.run["fence"] == run["fence"]:
                del self.held[run["_id"]]
        self.release(len(runs))
        if (self.backlog or self.gate.contended) and 2 * len(self._line) <= len(self.held):
            self.woken.set()  # before the workers run out of runs, but not for each that ends
        self._measure()

    def unbegun(self, lane: Lane | None = None) -> list[Held]:
        """Take back what no worker has begun: all, or what one owner sends to one host."""
        return self._line.withdraw(lane)

    def withdraw(self, held: Held) -> bool:
        """Take a run back if no worker has begun it. Returns whether it was so."""
        return self._line.remove(held)

    def late(self) -> list[Held]:
        """Take back what has waited too long, and would go on waiting. To be called each half second."""
        self.gate.tick()
        before = time.monotonic() - LATE_SECONDS
        return self._line.withdraw_late(before, lambda lane: self.gate.may_wait_in_hand(*lane))

    def _measure(self) -> None:
        telemetry.RUNS_HELD.set(len(self.held))
        telemetry.RUNS_RUNNING.set(len(self.held) - len(self._line))
