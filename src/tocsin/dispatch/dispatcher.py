"""The dispatcher claims queued runs for this process: owners in turn, by rank, within limits."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.dispatch.backlog import Backlog
from tocsin.dispatch.circuit_registry import Circuits
from tocsin.dispatch.claims import claim
from tocsin.dispatch.fair_turns import Turns, choose
from tocsin.dispatch.in_flight import WorkerHand
from tocsin.dispatch.limiter import Gate
from tocsin.documents import Database, Doc, WaitingFor

BATCH = 200
"""Maximum claims per batch. A run that should go first waits for at most one batch."""
LOOK_SECONDS = 1.0
"""Interval of database reads, also while the process is busy, so that released runs do not wait for a lull."""
_MIN_WAIT_SECONDS = 0.01
_OWNER_REFUSALS = frozenset({WaitingFor.OWNER_SHARE, WaitingFor.CONCURRENCY})
log = telemetry.logger(__name__)


class Dispatcher:
    """The loop that claims queued runs, every second and whenever it is woken."""

    def __init__(self, database: Database, in_flight: WorkerHand, circuits: Circuits) -> None:
        self._database = database
        self._in_flight = in_flight
        self._circuits = circuits
        self._backlog = Backlog()
        self._turns = Turns()

    async def run(self) -> None:
        """Dispatch until cancelled."""
        while True:
            try:
                await self._dispatch()
            except Exception as error:
                unknown = not isinstance(error, PyMongoError)
                log.warning("queued runs not claimed, retrying", error=str(error)[:300], exc_info=unknown)
                await asyncio.sleep(LOOK_SECONDS)
                continue
            wait = self._in_flight.gate.pause() / 1000
            try:
                async with asyncio.timeout(min(max(wait, _MIN_WAIT_SECONDS), LOOK_SECONDS) if wait else LOOK_SECONDS):
                    await self._in_flight.woken.wait()
            except TimeoutError:
                pass

    async def _dispatch(self) -> None:
        self._in_flight.woken.clear()
        while room := self._in_flight.reserve_for_queued(BATCH):
            claimed = 0
            try:
                more, runs = await self._fill(room)
                claimed = len(runs)
                self._in_flight.add(runs)
            finally:
                self._in_flight.release(room - claimed)
            self._in_flight.backlog = more
            if not more or not claimed:
                return
        # There is no room left: look again before newer runs are admitted.
        self._in_flight.backlog = not self._in_flight.draining

    async def _fill(self, room: int) -> tuple[bool, list[Doc]]:
        """Claim at most `room` runs. Return whether others were left only for lack of room, and the claimed runs."""
        limiter, now, backlog = self._in_flight.gate, clock.now(), self._backlog
        await backlog.read(self._database, now)
        backlog.lanes = {name: lane for name, lane in backlog.lanes.items() if lane.first() is not None}
        self._circuits.offer([run for lane in backlog.lanes.values() if (run := lane.first()) is not None], now)
        chosen, refused, left = choose(backlog.lanes.values(), room, self._turns, _admission_check(limiter, now))
        backlog.forget(chosen)
        limiter.contend(refused)
        return left, await self._claim(chosen, now) if chosen else []

    async def _claim(self, chosen: list[Doc], now: datetime) -> list[Doc]:
        admitted = {run["_id"]: run for run in chosen}
        claimed: list[Doc] = []
        try:
            going = await self._circuits.begin_probes(chosen, now)
            if len(going) < len(chosen):
                self._backlog.distrust()
            found = {run["_id"]: run async for run in self._database.runs.find({"_id": {"$in": going}})}
            fresh = [found[run_id] for run_id in going if run_id in found]
            fresh = [run for run in fresh if run["fence"] == admitted[run["_id"]]["fence"]]
            claimed = await claim(self._database, self._in_flight, fresh, now) if fresh else []
        except BaseException:
            self._backlog.distrust()
            raise
        finally:
            for run_id in admitted.keys() - {run["_id"] for run in claimed}:
                self._in_flight.gate.leave(admitted[run_id], claimed=False)
        return claimed


def _admission_check(limiter: Gate, now: datetime) -> Callable[[Doc], bool]:
    """Return a predicate that asks the limiter, but stops asking for an owner once that owner has no place left."""
    full: set[str] = set()

    def admit(run: Doc) -> bool:
        if run["owner"] in full:
            return False
        refusal = limiter.admit(run, now)
        if refusal in _OWNER_REFUSALS:
            full.add(run["owner"])
        return refusal is None

    return admit
