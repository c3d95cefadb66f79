"""The in-flight runs of this process: claimed, with an outcome that is not yet stored. Their number is bounded."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from tocsin import telemetry
from tocsin.dispatch.host_lines import OwnerHost
from tocsin.dispatch.lane_turns import LaneTurns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.ready_queue import ClaimedRun, ReadyQueue
from tocsin.documents import RunDocument
from tocsin.wakeups import Signal

MAX_WAIT_SECONDS = 1.0
"""Waiting runs that are older, and exceed the prefetch window, are returned to the queue."""


@dataclass(frozen=True, slots=True)
class WorkerLoad:
    """The load of the workers of a process.

    Of the claimed runs, some are `waiting` for a worker, at most about `prefetch`; some are `running`; and some have
    `ended`, but their outcome is not stored. `queued` runs wait for room. `begun` counts the attempts so far.
    """

    waiting: int
    running: int
    ended: int
    queued: int
    begun: int
    prefetch: int


class InFlightRuns:
    """The runs of a worker from their claim until the database has acknowledged their outcome.

    `turns` are those of the owners of queued runs, of which `queued` are known. `limit` is the maximum number of runs;
    the run limiter bounds those of a queue and to a host. `room_freed` is sent when there is room for queued runs that
    had to wait for it.
    """

    def __init__(self, worker_id: str, limit: int, limiter: RunLimiter) -> None:
        self.worker_id = worker_id
        self.limiter = limiter
        self.turns = LaneTurns(limiter.contended_lanes)
        self.ready_queue = ReadyQueue(limiter.limits, limiter.limits.host_concurrency)
        self.runs: dict[str, ClaimedRun] = {}
        self.has_backlog = self.others_have_backlog = False
        self.queued = 0
        self.is_draining = False
        self.room_freed: Signal[[]] = Signal()
        self._limit = limit
        self._lock = threading.Lock()
        self._reserved = 0
        self._submitted = self._added = 0

    # --- room, from any thread --------------------------------------------------------------------------------------

    def may_precede_queued(self, owner: str) -> bool:
        """Return whether a new run of this owner may start before those that are queued."""
        return not self.has_backlog or self.turns.is_newcomer(owner)

    def reserve(self, wanted: int) -> int:
        """Reserve room for at most `wanted` runs: none while the process drains."""
        with self._lock:
            room = 0 if self.is_draining else max(0, min(wanted, self._limit - self._reserved))
            self._reserved += room
            return room

    def release_room(self, unused: int) -> None:
        """Release reserved room."""
        with self._lock:
            self._reserved -= unused

    def find_load(self) -> WorkerLoad:
        """Return the load of the workers."""
        coming, ready, running = self._submitted - self._added, len(self.ready_queue), self.ready_queue.running
        return WorkerLoad(
            waiting=ready + coming,
            running=running,
            ended=len(self.runs) - ready - running,
            queued=self.queued if self.has_backlog else 0,
            begun=self._added - ready,
            prefetch=self.limiter.limits.prefetch,
        )

    def note_submitted(self, count: int) -> None:
        """Note that claimed runs are about to be added."""
        with self._lock:
            self._submitted += count

    # --- runs, on the event loop ------------------------------------------------------------------------------------

    def add(self, runs: Iterable[RunDocument]) -> None:
        """Add claimed runs, in reserved room, to be executed."""
        for run in runs:
            claimed = self.runs[run["_id"]] = ClaimedRun(run)
            self.ready_queue.push(claimed)
            self._added += 1
        self._update_metrics()

    def remove(self, runs: list[RunDocument]) -> None:
        """Remove runs whose outcome is acknowledged, or that another worker has claimed.

        A newer claim of the same run (after an immediate retry) stays.
        """
        self.limiter.release(*runs)
        for run in runs:
            claimed = self.runs.get(run["_id"])
            if claimed is not None and claimed.run["fence"] == run["fence"]:
                del self.runs[run["_id"]]
        self.release_room(len(runs))
        waits = self.has_backlog or self.others_have_backlog or self.limiter.is_contended
        if waits and 2 * len(self.ready_queue) <= len(self.runs):
            self.room_freed()  # before the workers run out of runs, but not after every single one
        self._update_metrics()

    def withdraw_waiting(self, target: OwnerHost | None = None) -> list[RunDocument]:
        """Withdraw the runs that no worker has started: all, or those of one owner to one host."""
        return [claimed.run for claimed in self.ready_queue.withdraw(target)]

    def withdraw_late(self) -> list[RunDocument]:
        """Withdraw the runs that have waited too long and exceed the prefetch window. Call it every half second."""
        self.limiter.advance_tick()
        before = time.monotonic() - MAX_WAIT_SECONDS
        late = self.ready_queue.withdraw_late(before, lambda target: self.limiter.max_waiting(*target))
        return [claimed.run for claimed in late]

    def _update_metrics(self) -> None:
        telemetry.RUNS_CLAIMED.set(len(self.runs))
        telemetry.RUNS_RUNNING.set(len(self.runs) - len(self.ready_queue))
