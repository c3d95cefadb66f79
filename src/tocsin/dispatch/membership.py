"""The processes that share the work: which are alive, which partitions are this one's, and whether it needs permits.

A process that is alone (or owns the embedded database) counts its limits in memory. Before another one may take
permits, the former has to notice and store those in use. So that this is certain:

- A process acts as alone only if it stored that first (`shares` is false) and then found nobody else, and for at most
  `ALONE_SECONDS` after it last looked.
- A newcomer stores itself first, then looks. It takes no permits while a living process does not share; if that one
  stays silent for longer than it may act as alone, the newcomer stores the permits of its claimed runs in its place.
- After an outage all leases may have expired. So a process counts as alive for a lease after its heartbeat was seen to
  change, and everybody does for a lease after this process could not look. Permits are stored again then, and while
  another process acts as alone, because it may have deleted them.
"""

import asyncio
import math
import time
from datetime import timedelta

from tocsin import clock
from tocsin.dispatch.claims import release_runs
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.partitions import ALL_PARTITIONS, Roster, Share
from tocsin.dispatch.permit_store import PermitStore
from tocsin.documents import Database, WorkerDocument
from tocsin.documents.workers import LEASE_FIELDS, MAX_LEASE, is_alive
from tocsin.wakeups import Signal

BEAT_SECONDS = 0.3
"""Interval of heartbeats while there are other processes."""
ALONE_BEAT_SECONDS = 1.0
"""Interval of looking for other processes while there are none."""
ALONE_SECONDS = 2.5
_SILENT_SECONDS = ALONE_SECONDS + 0.5
_FIELDS = {**LEASE_FIELDS, "beat": 1, "shares": 1}


class Membership:
    """The membership of this process. `changed` is sent when its partitions have changed.

    `living` are the processes that are alive. It serves the partitions of those that send heartbeats, which
    notices a death much earlier. Permits are exchanged under the lock `exchanging`.
    """

    def __init__(
        self,
        database: Database,
        in_flight: InFlightRuns,
        store: PermitStore,
        lease: timedelta = MAX_LEASE,
        *,
        embedded: bool = False,
    ) -> None:
        self._database, self._in_flight, self._store = database, in_flight, store
        self._embedded = embedded
        self.me = in_flight.worker_id
        self._roster, self._share = Roster(), ALL_PARTITIONS
        self._unshared_since: dict[str, float] = {}
        self._stored: set[str] = set()
        self._is_sharing, self._has_left, self._all_share = False, False, False
        self._is_stored = True
        self._lease_seconds, self._looked_at = lease.total_seconds(), -math.inf
        self._changing = Roster(self._lease_seconds)
        self.exchanging = asyncio.Lock()
        self.living = frozenset({self.me})
        self.changed: Signal[[]] = Signal()

    # --- partitions, from any thread --------------------------------------------------------------------------------

    @property
    def is_alone(self) -> bool:
        """True if this process serves everything."""
        return self._share.is_alone

    def serves(self, key: str) -> bool:
        """Return whether this process serves the partition of this key."""
        return self._share.serves(key)

    # --- permits ----------------------------------------------------------------------------------------------------

    @property
    def may_exchange(self) -> bool:
        """True if permits are required, and all processes share them."""
        return self._is_sharing and self._all_share and self._is_stored

    @property
    def is_joining(self) -> bool:
        """True while another process does not share its permits yet."""
        return self._is_sharing and not self.may_exchange

    async def read_living(self) -> frozenset[str]:
        """Read which processes are alive."""
        return frozenset(worker["_id"] for worker in await self._read_workers()) | {self.me}

    # --- duties -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Find out whether there are other processes. The lease of this one must be stored."""
        if not self._embedded:
            await self._try_alone()

    async def beat(self) -> float:
        """Send a heartbeat if there are other processes, and look who is alive. Return the seconds until the next."""
        if self._embedded or self._has_left:
            return ALONE_BEAT_SECONDS
        try:
            await self._look()
        except Exception:
            self._looked_at = -math.inf
            raise
        return BEAT_SECONDS if self._is_sharing else ALONE_BEAT_SECONDS

    async def leave(self) -> None:
        """Leave the partitions to the others. What is running here keeps its permits."""
        self._has_left = True
        if self._is_sharing:
            await self._database.workers.update_one({"_id": self.me}, {"$unset": {"beat": 1}})

    async def _look(self) -> None:
        if self._is_sharing:
            await self._database.workers.update_one({"_id": self.me}, {"$inc": {"beat": 1}})
        began_at = time.monotonic()
        await self._apply(await self._read_workers(), began_at)

    async def _read_workers(self) -> list[WorkerDocument]:
        """Return the workers that are alive: by their leases, or because their heartbeats have changed lately."""
        workers = await self._database.workers.find({}, _FIELDS).to_list()
        now, moment = clock.now(), time.monotonic()
        if moment - self._looked_at > _SILENT_SECONDS:
            self._changing, self._is_stored = Roster(self._lease_seconds), False
        self._looked_at = moment
        changing = self._changing.observe({worker["_id"]: worker.get("beat") or 0 for worker in workers}, moment)
        return [worker for worker in workers if worker["_id"] in changing or is_alive(worker, now)]

    async def _apply(self, workers: list[WorkerDocument], began_at: float) -> None:
        others = {worker["_id"]: worker for worker in workers if worker["_id"] != self.me}
        self.living = frozenset(others) | {self.me}
        self._in_flight.limiter.set_process_count(len(self.living))
        if not others and self._is_sharing:
            await self._try_alone()
        elif not others:
            self._in_flight.limiter.end_sharing(began_at + ALONE_SECONDS)
        elif not self._is_sharing or not self._is_stored:
            await self._begin_sharing()
        self._all_share = await self._check_sharing(others)
        self._is_stored = self._is_stored and self._all_share
        beats = {name: beat for name, worker in others.items() if (beat := worker.get("beat")) is not None}
        self._set_members(self._roster.observe(beats, time.monotonic()))

    def _set_members(self, others: frozenset[str]) -> None:
        if self._share.members != others | {self.me}:
            self._share = Share(self.me, others)
            self.changed()

    async def _try_alone(self) -> None:
        """Act as alone if nobody else is found after this is stored."""
        self._is_stored = False
        await self._database.workers.update_one({"_id": self.me}, {"$set": {"shares": False}})
        began_at = time.monotonic()
        others = await self.read_living() - {self.me}
        if others:
            await self._begin_sharing()
            return
        async with self.exchanging:
            await self._store.clear()
            self._is_sharing = False
        self._in_flight.limiter.end_sharing(began_at + ALONE_SECONDS)

    async def _begin_sharing(self) -> None:
        """Require permits, store those in use, and say so."""
        async with self.exchanging:
            holdings = self._in_flight.limiter.begin_sharing()
            self._is_sharing, self._is_stored = True, False
            await self._release_waiting()
            await self._store.set_holdings(self.me, holdings)
            self._is_stored = True
        await self._database.workers.update_one({"_id": self.me}, {"$set": {"shares": True}, "$inc": {"beat": 1}})

    async def _release_waiting(self) -> None:
        """Return the runs that have not begun: so many were claimed because there was no other process."""
        waiting = self._in_flight.withdraw_waiting()
        await release_runs(self._database, waiting)
        self._in_flight.remove(waiting)

    async def _check_sharing(self, others: dict[str, WorkerDocument]) -> bool:
        """Return whether all others share their permits, or have been silent for so long that they do nothing."""
        now = time.monotonic()
        unshared = {name for name, worker in others.items() if worker.get("shares") is False}
        since = {name: self._unshared_since.get(name, now) for name in unshared}
        for name in unshared - self._stored:
            if now - since[name] > _SILENT_SECONDS:
                await self._store.set_holdings(name, await self._store.find_holdings(name))
                self._stored.add(name)
        self._unshared_since, self._stored = since, self._stored & unshared
        return unshared <= self._stored
