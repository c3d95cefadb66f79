"""The in-flight runs of this process: claimed and not yet settled. Bounded; fed by the event loop and the scheduler."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tocsin import telemetry
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.ready_queue import OwnerHost, ReadyQueue
from tocsin.documents import Doc, RunStatus

MAX_WAIT_SECONDS = 1.0
"""Waiting runs that are older, and exceed the prefetch window, are returned to the queue."""


@dataclass(slots=True, eq=False)
class ClaimedRun:
    """A claimed run, with the monotonic time of its claim.

    `doer` is the asyncio task that makes its attempt, started at `began_at`. `unseen` counts the lookups in a row that
    did not find the claim in the database.
    """

    run: Doc
    claimed_at: float = field(default_factory=time.monotonic)
    started_at: datetime | None = None
    attempt_task: "asyncio.Task[None] | None" = None
    aborted: bool = False
    missed_lookups: int = 0

    def abort(self) -> None:
        """Abort the attempt, or prevent it from starting."""
        if not self.aborted:
            self.aborted = True
            if self.attempt_task is not None:
                self.attempt_task.cancel()


class InFlightRuns:
    """The runs of a worker from their claim until the database has acknowledged their outcome.

    `limit` is their maximum number; the run limiter bounds those of a queue and to a host.
    """

    def __init__(self, worker: str, limit: int, loop: asyncio.AbstractEventLoop, limiter: RunLimiter) -> None:
        self.worker_id = worker
        self.limiter = limiter
        self.runs: dict[str, ClaimedRun] = {}
        self.has_backlog = False
        self.is_draining = False
        self.wake_event = asyncio.Event()
        self._limit = limit
        self._loop = loop
        self._lock = threading.Lock()
        self._reserved = 0
        self._ready_queue: ReadyQueue[ClaimedRun] = ReadyQueue(limiter.limits, limiter.host_limit())
        self._idle_workers: deque[asyncio.Future[None]] = deque()

    # --- from any thread --------------------------------------------------------------------------------------------

    def reserve(self, wanted: int) -> int:
        """Reserve room for at most `wanted` new runs: none while older ones wait, or while the process drains."""
        return 0 if self.has_backlog else self.reserve_for_queued(wanted)

    def reserve_for_queued(self, wanted: int) -> int:
        """Reserve room for at most `wanted` queued runs."""
        with self._lock:
            room = 0 if self.is_draining else max(0, min(wanted, self._limit - self._reserved))
            self._reserved += room
            return room

    def release(self, unused: int) -> None:
        """Release reserved room."""
        with self._lock:
            self._reserved -= unused

    def admit_new(self, runs: list[Doc], now: datetime) -> list[Doc]:
        """Return the new runs that may start now. The caller claims each, then passes it to `take` or `dismiss`."""
        room = self.reserve(len(runs))
        admitted: list[Doc] = []
        for run in runs:
            if len(admitted) < room and self.limiter.try_acquire(run, now, is_new=True) is None:
                admitted.append(run)
        self.release(room - len(admitted))
        return admitted

    def cancel_admission(self, runs: Iterable[Doc]) -> None:
        """Release the room of admitted runs that will not be executed here."""
        runs = list(runs)
        for run in runs:
            self.limiter.release(run)
        self.release(len(runs))

    def claim_fields(self, run: Doc, now: datetime) -> Doc:
        """Return the fields of a run that is inserted as RUNNING, with its first attempt."""
        begun = self.limiter.is_ready(run)
        return {
            "status": RunStatus.RUNNING.value,
            "rank": None,
            "ready_at": None,
            "worker": self.worker_id,
            "fence": run["fence"] + 1,
            "begun": begun,
            "started_at": now if begun else None,
            "attempts": [self.new_attempt(run, now)],
        }

    def new_attempt(self, run: Doc, now: datetime) -> Doc:
        """Return the record of a run's next attempt, as the claim stores it."""
        return {"number": len(run["attempts"]) + 1, "started_at": now, "worker": self.worker_id}

    def submit(self, runs: list[Doc]) -> None:
        """Submit runs that are claimed for this worker, in reserved room."""
        if runs:
            self._loop.call_soon_threadsafe(self.add, runs)

    def wake_dispatcher(self) -> None:
        """Wake the dispatcher: there are queued runs."""
        self._loop.call_soon_threadsafe(self.wake_event.set)

    # --- in the event loop ------------------------------------------------------------------------------------------

    def add(self, runs: list[Doc]) -> None:
        """Add claimed runs, and wake workers to execute them."""
        for run in runs:
            claimed = self.runs[run["_id"]] = ClaimedRun(run)
            self._ready_queue.push(claimed)
        for _ in range(min(len(runs), len(self._idle_workers))):
            self._wake_worker()
        self._update_metrics()

    async def next_run(self) -> ClaimedRun:
        """Wait for the next run to execute: owners take turns, within the limits of hosts."""
        while (claimed := self._ready_queue.pop()) is None:
            idle = self._loop.create_future()
            self._idle_workers.append(idle)
            await idle
        self.limiter.mark_started(claimed.run)
        return claimed

    def finish_attempt(self, claimed: ClaimedRun) -> None:
        """Mark the attempt of a run from `next` as ended, which frees its place and its host."""
        self.limiter.mark_ended(claimed.run)
        self._ready_queue.finish_attempt(claimed.run)
        self._wake_worker()

    def apply_host_limit(self) -> None:
        """Apply the current host limit."""
        self._ready_queue.host_limit = self.limiter.host_limit()
        self._ready_queue.unpark_host()
        for _ in range(len(self._idle_workers)):
            self._wake_worker()

    def _wake_worker(self) -> None:
        while self._idle_workers:
            idle = self._idle_workers.popleft()
            if not idle.done():
                idle.set_result(None)
                return

    def remove(self, runs: list[Doc]) -> None:
        """Remove runs whose outcome is acknowledged, or that another worker has claimed.

        A newer claim of the same run (after an immediate retry) stays.
        """
        for run in runs:
            self.limiter.release(run)
            claimed = self.runs.get(run["_id"])
            if claimed is not None and claimed.run["fence"] == run["fence"]:
                del self.runs[run["_id"]]
        self.release(len(runs))
        if (self.has_backlog or self.limiter.is_contended) and 2 * len(self._ready_queue) <= len(self.runs):
            self.wake_event.set()  # before the workers run out of runs, but not after every single one
        self._update_metrics()

    def withdraw_waiting(self, lane: OwnerHost | None = None) -> list[ClaimedRun]:
        """Withdraw the runs that no worker has started: all, or those of one owner to one host."""
        return self._ready_queue.withdraw(lane)

    def withdraw(self, claimed: ClaimedRun) -> bool:
        """Withdraw a run if no worker has started it. Return whether it was withdrawn."""
        return self._ready_queue.remove(claimed)

    def withdraw_late(self) -> list[ClaimedRun]:
        """Withdraw the runs that have waited too long and exceed the prefetch window. Call it every half second."""
        self.limiter.advance_tick()
        before = time.monotonic() - MAX_WAIT_SECONDS
        return self._ready_queue.withdraw_late(before, lambda lane: self.limiter.max_waiting(*lane))

    def _update_metrics(self) -> None:
        telemetry.RUNS_CLAIMED.set(len(self.runs))
        telemetry.RUNS_RUNNING.set(len(self.runs) - len(self._ready_queue))
