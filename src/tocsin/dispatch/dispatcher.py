"""The dispatcher claims queued runs for this process: owners in turn, by rank, within limits."""

import asyncio
from datetime import datetime

from tocsin import clock
from tocsin.clock import epoch_milliseconds
from tocsin.dispatch.backlog import Backlog
from tocsin.dispatch.circuit_registry import CircuitRegistry
from tocsin.dispatch.claims import claim_runs
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.partitions import ALL_PARTITIONS, Partitions
from tocsin.dispatch.refusal import Refusal, refusal_of
from tocsin.dispatch.transport import Transport
from tocsin.documents import Database, RunDocument, WaitingFor

CLAIM_BATCH = 200
"""Maximum claims per batch. A run that should go first waits for at most one batch."""
POLL_SECONDS = 1.0
"""Interval of database reads, also while the process is busy, so that released runs do not wait for a lull."""
SHARED_POLL_SECONDS = 0.25
"""The same while there are other processes, which do not wake this one."""
IDLE_POLL_SECONDS = 5.0
"""The same while nothing is queued or in flight and there are no other processes."""
_MIN_WAIT_SECONDS = 0.01


class Dispatcher:
    """Claims queued runs, whenever it is woken, and at least every 0.25 to 5 seconds."""

    def __init__(
        self,
        database: Database,
        in_flight: InFlightRuns,
        transport: Transport,
        circuits: CircuitRegistry,
        partitions: Partitions = ALL_PARTITIONS,
    ) -> None:
        self._database = database
        self._in_flight = in_flight
        self._transport = transport
        self._circuits = circuits
        self._turns = in_flight.turns
        self._partitions = partitions
        self._backlog = Backlog(self._turns, partitions)
        self._adopted_in_vain_at = clock.EPOCH

    async def dispatch(self) -> float:
        """Claim runs while there is room. Return the seconds until the next call, earlier if a refusal ends then."""
        while room := self._in_flight.reserve(CLAIM_BATCH):
            claimed: list[RunDocument] = []
            try:
                claimed, has_more = await self.claim_batch(room)
                self._transport.submit(claimed)
            finally:
                self._in_flight.release_room(room - len(claimed))
            self._in_flight.has_backlog, self._in_flight.others_have_backlog = has_more, self._backlog.has_foreign
            self._in_flight.queued = len(self._backlog)
            if not has_more or not claimed:
                break
        else:  # There is no room left: look again before newer runs are admitted.
            self._in_flight.has_backlog = not self._in_flight.is_draining
        wait, poll = self._turns.wait_from(epoch_milliseconds(clock.now())), self._poll_seconds()
        return poll if wait is None else min(max(wait / 1000, _MIN_WAIT_SECONDS), poll)

    def _poll_seconds(self) -> float:
        if not self._partitions.is_alone:
            return SHARED_POLL_SECONDS
        return POLL_SECONDS if len(self._backlog) or self._in_flight.runs else IDLE_POLL_SECONDS

    def invalidate(self) -> None:
        """Make the next look read all queued runs: the partitions have changed."""
        self._backlog.invalidate()

    async def claim_batch(self, room: int) -> tuple[list[RunDocument], bool]:
        """Claim at most `room` runs. Return them, and whether others were left only for lack of room."""
        backlog, turns, now = self._backlog, self._turns, clock.now()
        await backlog.refresh(self._database, now)
        turns.end_refusals(self._in_flight.limiter.pop_events(), epoch_milliseconds(now))
        chosen, has_more = turns.select(room, lambda run: self._admit(run, now), epoch_milliseconds(now))
        while has_more and not chosen:
            await asyncio.sleep(0)  # many were refused; another owner's may be admitted
            chosen, has_more = turns.select(room, lambda run: self._admit(run, now), epoch_milliseconds(now))
        free = min(room - len(chosen), self._in_flight.limiter.free_places())
        if backlog.has_foreign and free > 0 and await self._adopt(free, now):
            more, _ = turns.select(free, lambda run: self._admit(run, now), epoch_milliseconds(now))
            chosen += more
            self._adopted_in_vain_at = clock.EPOCH if more else now
        backlog.discard_runs(chosen)
        claimed = await self._claim(chosen, now) if chosen else []
        return claimed, has_more

    def _admit(self, run: RunDocument, now: datetime) -> Refusal | None:
        """Admit a run, as the probe of its circuit if that is open, or return why it is refused."""
        limiter, circuits = self._in_flight.limiter, self._circuits
        is_probe = circuits.offer_probe(run, now)
        if (what := limiter.try_acquire(run, now)) is None:
            return None
        if is_probe:
            circuits.withdraw_offer(run)
        blocked = circuits.seconds_blocked(run, now) * 1000 if what is WaitingFor.CIRCUIT_OPEN else None
        wait, short = limiter.pop_wait_ms() if blocked is None else blocked, limiter.limits.is_short(run)
        return refusal_of(run, what, limiter.find_saturation(run), short=short, now=epoch_milliseconds(now), wait=wait)

    async def _adopt(self, count: int, now: datetime) -> bool:
        """Add runs of other partitions to the backlog, for which this process has places and the others have none.

        Not again for a while if all of them were refused: they wait for something else than a place.
        """
        if abs((now - self._adopted_in_vain_at).total_seconds()) < SHARED_POLL_SECONDS:
            return False
        return await self._backlog.adopt_runs(self._database, count, self._in_flight.worker_id)

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
