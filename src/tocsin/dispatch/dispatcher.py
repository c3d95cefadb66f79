"""The dispatcher claims queued runs for this process: owners in turn, by rank, within limits."""

from datetime import datetime

from tocsin import clock
from tocsin.dispatch.backlog import Backlog
from tocsin.dispatch.circuit_registry import CircuitRegistry
from tocsin.dispatch.claims import claim_runs
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.selection import select_runs
from tocsin.dispatch.transport import Transport
from tocsin.documents import Database, RunDocument, WaitingFor
from tocsin.fair_queue import FairTurns

CLAIM_BATCH = 200
"""Maximum claims per batch. A run that should go first waits for at most one batch."""
POLL_SECONDS = 1.0
"""Interval of database reads, also while the process is busy, so that released runs do not wait for a lull."""
_MIN_WAIT_SECONDS = 0.01
_OWNER_REFUSALS = frozenset({WaitingFor.OWNER_SHARE, WaitingFor.CONCURRENCY})


class Dispatcher:
    """Claims queued runs, every second and whenever it is woken."""

    def __init__(
        self, database: Database, in_flight: InFlightRuns, transport: Transport, circuits: CircuitRegistry
    ) -> None:
        self._database = database
        self._in_flight = in_flight
        self._transport = transport
        self._circuits = circuits
        self._backlog = Backlog()
        self._turns = FairTurns()

    async def dispatch(self) -> float:
        """Claim runs while there is room. Return the seconds until the next call, earlier if a rate limit ends then."""
        while room := self._in_flight.reserve_for_queued(CLAIM_BATCH):
            claimed: list[RunDocument] = []
            try:
                claimed, has_more = await self.claim_batch(room)
                self._transport.submit(claimed)
            finally:
                self._in_flight.release_room(room - len(claimed))
            self._in_flight.has_backlog = has_more
            if not has_more or not claimed:
                break
        else:  # There is no room left: look again before newer runs are admitted.
            self._in_flight.has_backlog = not self._in_flight.is_draining
        wait = self._in_flight.limiter.pop_wait_ms() / 1000
        return min(max(wait, _MIN_WAIT_SECONDS), POLL_SECONDS) if wait else POLL_SECONDS

    async def claim_batch(self, room: int) -> tuple[list[RunDocument], bool]:
        """Claim at most `room` runs. Return them, and whether others were left only for lack of room.

        The limiter is not asked again for an owner that has no place left.
        """
        backlog, limiter, now = self._backlog, self._in_flight.limiter, clock.now()
        owners_without_place = set[str]()

        def admit(run: RunDocument) -> bool:
            if run["owner"] in owners_without_place:
                return False
            refusal = limiter.try_acquire(run, now)
            if refusal in _OWNER_REFUSALS:
                owners_without_place.add(run["owner"])
            return refusal is None

        await backlog.refresh(self._database, now)
        self._circuits.offer_probes(backlog.first_runs(), now)
        chosen, refused, has_more = select_runs(backlog.lanes.values(), room, self._turns, admit)
        backlog.discard_runs(chosen)
        limiter.mark_contended(refused)
        claimed = await self._claim(chosen, now) if chosen else []
        return claimed, has_more

    async def _claim(self, chosen: list[RunDocument], now: datetime) -> list[RunDocument]:
        """Claim the chosen runs, as they are stored now. Return the claimed ones; the limiter forgets the others."""
        admitted = {run["_id"]: run for run in chosen}
        claimed: list[RunDocument] = []
        try:
            going = await self._circuits.begin_probes(chosen, now)
            if len(going) < len(chosen):
                self._backlog.invalidate()
            found = {run["_id"]: run async for run in self._database.runs.find({"_id": {"$in": going}})}
            fresh = [found[run_id] for run_id in going if run_id in found]
            fresh = [run for run in fresh if run["fence"] == admitted[run["_id"]]["fence"]]
            claimed = await claim_runs(self._database, self._in_flight, fresh, now) if fresh else []
        except BaseException:
            self._backlog.invalidate()
            raise
        finally:
            for run_id in admitted.keys() - {run["_id"] for run in claimed}:
                self._in_flight.limiter.release(admitted[run_id], claimed=False)
        return claimed
