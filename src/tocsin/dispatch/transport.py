"""The way of a run to the workers that make its attempts.

Only the sending side can be exchanged so far. A broker's receiving side, from (run id, fence) to an attempt, is not
there yet: a claim names the process that made it, which also counts the run's room and limits, and rescues the run. A
receiver in another process would have to take over all three.
"""

import asyncio
from datetime import datetime
from typing import Protocol

from tocsin.dispatch.claims import claimed_for
from tocsin.dispatch.in_flight import InFlightRuns, WorkerLoad
from tocsin.documents import RunDocument
from tocsin.wakeups import Wakeups


class Transport(Protocol):
    """Delivers runs to workers. All methods may be called from any thread.

    A new run may be inserted as claimed, which saves the dispatcher's claim. A message broker would admit none, and
    publish the ids and fences of submitted runs.
    """

    def admit_new(self, runs: list[RunDocument], now: datetime) -> list[RunDocument]:
        """Return the new runs that may start now, as claimed. Insert each as it is, then submit or cancel it."""

    def find_load(self) -> WorkerLoad:
        """Return the load of the workers, which decides how many due tasks become runs."""

    def cancel_admission(self, runs: list[RunDocument]) -> None:
        """Release the room of admitted runs that are not submitted."""

    def submit(self, runs: list[RunDocument]) -> None:
        """Have the attempts of these claimed runs made."""

    def wake_dispatcher(self) -> None:
        """Wake the dispatcher: there are queued runs."""


class LocalTransport:
    """The transport to the workers of this process, through its memory."""

    def __init__(self, in_flight: InFlightRuns, wakeups: Wakeups, loop: asyncio.AbstractEventLoop) -> None:
        self._in_flight, self._wakeups, self._loop = in_flight, wakeups, loop

    def admit_new(self, runs: list[RunDocument], now: datetime) -> list[RunDocument]:
        """Return the new runs that may start now, within all limits, as claimed for this worker.

        While runs are queued, these are only the first ones of owners without any.
        """
        in_flight, limiter = self._in_flight, self._in_flight.limiter
        room = in_flight.reserve(len(runs))
        admitted: list[RunDocument] = []
        for run in runs:
            if len(admitted) == room or not in_flight.may_precede_queued(run["owner"]):
                continue
            if limiter.try_acquire(run, now, is_new=True) is None:
                admitted.append(claimed_for(in_flight.worker_id, run, now, begun=limiter.is_ready(run)))
                if in_flight.has_backlog:
                    in_flight.turns.note_newcomer(run["owner"])
        in_flight.release_room(room - len(admitted))
        return admitted

    def find_load(self) -> WorkerLoad:
        """Return the load of the workers of this process."""
        return self._in_flight.find_load()

    def cancel_admission(self, runs: list[RunDocument]) -> None:
        """Release the room of admitted runs that will not be executed here."""
        self._in_flight.limiter.release(*runs)
        self._in_flight.release_room(len(runs))

    def submit(self, runs: list[RunDocument]) -> None:
        """Put runs that are claimed for this worker into the ready queue."""
        if runs:
            self._in_flight.note_submitted(len(runs))
            self._loop.call_soon_threadsafe(self._in_flight.add, runs)

    def wake_dispatcher(self) -> None:
        """Wake the dispatcher: there are queued runs."""
        self._loop.call_soon_threadsafe(self._wakeups.runs_queued)
