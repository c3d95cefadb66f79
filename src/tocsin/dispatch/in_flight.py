"""The in-flight runs of this process: claimed and not yet settled. Bounded; fed by the event loop and the scheduler."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tocsin import telemetry
from tocsin.dispatch.limiter import Gate
from tocsin.dispatch.ready_queue import Lane, Line
from tocsin.documents import Doc, RunStatus

LATE_SECONDS = 1.0
"""Waiting runs that are older, and exceed the prefetch window, are returned to the queue."""


@dataclass(slots=True, eq=False)
class Held:
    """A claimed run, with the monotonic time of its claim.

    `doer` is the asyncio task that makes its attempt, started at `began_at`. `unseen` counts the lookups in a row that
    did not find the claim in the database.
    """

    run: Doc
    since: float = field(default_factory=time.monotonic)
    began_at: datetime | None = None
    doer: "asyncio.Task[None] | None" = None
    aborted: bool = False
    unseen: int = 0

    def abort(self) -> None:
        """Abort the attempt, or prevent it from starting."""
        if not self.aborted:
            self.aborted = True
            if self.doer is not None:
                self.doer.cancel()


class WorkerHand:
    """The runs of a worker from their claim until the database has acknowledged their outcome.

    `limit` is their maximum number; the run limiter bounds those of a queue and to a host.
    """

    def __init__(self, worker: str, limit: int, loop: asyncio.AbstractEventLoop, limiter: Gate) -> None:
        self.worker = worker
        self.gate = limiter
        self.held: dict[str, Held] = {}
        self.backlog = False
        self.draining = False
        self.woken = asyncio.Event()
        self._limit = limit
        self._loop = loop
        self._lock = threading.Lock()
        self._reserved = 0
        self._ready_queue: Line[Held] = Line(limiter.limits, limiter.host_limit())
        self._idle_workers: deque[asyncio.Future[None]] = deque()

    # --- from any thread --------------------------------------------------------------------------------------------

    def reserve(self, wanted: int) -> int:
        """Reserve room for at most `wanted` new runs: none while older ones wait, or while the process drains."""
        return 0 if self.backlog else self.reserve_for_queued(wanted)

    def reserve_for_queued(self, wanted: int) -> int:
        """Reserve room for at most `wanted` queued runs."""
        with self._lock:
            room = 0 if self.draining else max(0, min(wanted, self._limit - self._reserved))
            self._reserved += room
            return room

    def release(self, unused: int) -> None:
        """Release reserved room."""
        with self._lock:
            self._reserved -= unused

    def admit(self, runs: list[Doc], now: datetime) -> list[Doc]:
        """Return the new runs that may start now. The caller claims each, then passes it to `take` or `dismiss`."""
        room = self.reserve(len(runs))
        admitted: list[Doc] = []
        for run in runs:
            if len(admitted) < room and self.gate.admit(run, now, is_new=True) is None:
                admitted.append(run)
        self.release(room - len(admitted))
        return admitted

    def dismiss(self, runs: Iterable[Doc]) -> None:
        """Release the room of admitted runs that will not be executed here."""
        runs = list(runs)
        for run in runs:
            self.gate.leave(run)
        self.release(len(runs))

    def claimed(self, run: Doc, now: datetime) -> Doc:
        """Return the fields of a run that is inserted as RUNNING, with its first attempt."""
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
        """Return the record of a run's next attempt, as the claim stores it."""
        return {"number": len(run["attempts"]) + 1, "started_at": now, "worker": self.worker}

    def take(self, runs: list[Doc]) -> None:
        """Submit runs that are claimed for this worker, in reserved room."""
        if runs:
            self._loop.call_soon_threadsafe(self.add, runs)

    def wake(self) -> None:
        """Wake the dispatcher: there are queued runs."""
        self._loop.call_soon_threadsafe(self.woken.set)

    # --- in the event loop ------------------------------------------------------------------------------------------

    def add(self, runs: list[Doc]) -> None:
        """Add claimed runs, and wake workers to execute them."""
        for run in runs:
            claimed = self.held[run["_id"]] = Held(run)
            self._ready_queue.add(claimed)
        for _ in range(min(len(runs), len(self._idle_workers))):
            self._wake_worker()
        self._update_metrics()

    async def next(self) -> Held:
        """Wait for the next run to execute: owners take turns, within the limits of hosts."""
        while (claimed := self._ready_queue.pop()) is None:
            idle = self._loop.create_future()
            self._idle_workers.append(idle)
            await idle
        self.gate.begin(claimed.run)
        return claimed

    def ended(self, claimed: Held) -> None:
        """Mark the attempt of a run from `next` as ended, which frees its place and its host."""
        self.gate.end(claimed.run)
        self._ready_queue.ended(claimed.run)
        self._wake_worker()

    def limit_hosts(self) -> None:
        """Apply the current host limit."""
        self._ready_queue.host_limit = self.gate.host_limit()
        self._ready_queue.reopen()
        for _ in range(len(self._idle_workers)):
            self._wake_worker()

    def _wake_worker(self) -> None:
        while self._idle_workers:
            idle = self._idle_workers.popleft()
            if not idle.done():
                idle.set_result(None)
                return

    def done(self, runs: list[Doc]) -> None:
        """Remove runs whose outcome is acknowledged, or that another worker has claimed.

        A newer claim of the same run (after an immediate retry) stays.
        """
        for run in runs:
            self.gate.leave(run)
            claimed = self.held.get(run["_id"])
            if claimed is not None and claimed.run["fence"] == run["fence"]:
                del self.held[run["_id"]]
        self.release(len(runs))
        if (self.backlog or self.gate.contended) and 2 * len(self._ready_queue) <= len(self.held):
            self.woken.set()  # before the workers run out of runs, but not after every single one
        self._update_metrics()

    def unbegun(self, lane: Lane | None = None) -> list[Held]:
        """Withdraw the runs that no worker has started: all, or those of one owner to one host."""
        return self._ready_queue.withdraw(lane)

    def withdraw(self, claimed: Held) -> bool:
        """Withdraw a run if no worker has started it. Return whether it was withdrawn."""
        return self._ready_queue.remove(claimed)

    def late(self) -> list[Held]:
        """Withdraw the runs that have waited too long and exceed the prefetch window. Call it every half second."""
        self.gate.tick()
        before = time.monotonic() - LATE_SECONDS
        return self._ready_queue.withdraw_late(before, lambda lane: self.gate.may_wait_in_hand(*lane))

    def _update_metrics(self) -> None:
        telemetry.RUNS_HELD.set(len(self.held))
        telemetry.RUNS_RUNNING.set(len(self.held) - len(self._ready_queue))
