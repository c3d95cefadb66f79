"""The exchange of permits with the other processes, through the database."""

import time

from tocsin import clock
from tocsin.clock import epoch_milliseconds
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.membership import Membership
from tocsin.dispatch.permit_book import PermitKey
from tocsin.dispatch.permit_store import PermitStore, StoredPermits
from tocsin.dispatch.permits import Permits, exchange_permits
from tocsin.wakeups import Signal

_WAITING_SECONDS = 0.05
"""Interval of exchanges while this process waits for permits. A permit that another returns lies unused for as long."""
_SPARE_SECONDS = 0.1
"""Interval of exchanges while this process holds unused permits, which others may wait for."""
IDLE_SECONDS = 5.0


class PermitExchange:
    """Returns and takes permits as the limiter needs them. `granted` is sent when refused runs may be admitted now."""

    def __init__(self, limiter: RunLimiter, membership: Membership, store: PermitStore) -> None:
        self._limiter, self._membership, self._store = limiter, membership, store
        self.granted: Signal[[]] = Signal()

    async def exchange(self) -> float:
        """Exchange permits once, unless this process is alone. Return the seconds until the next exchange."""
        if not self._membership.may_exchange:
            return _SPARE_SECONDS if self._membership.is_joining else IDLE_SECONDS
        async with self._membership.exchanging:
            has_gained = self._membership.may_exchange and await self._exchange_once()
        if has_gained:
            self.granted()
        is_waiting, has_unused = self._limiter.permit_wait()
        if is_waiting:
            return _WAITING_SECONDS
        return _SPARE_SECONDS if has_unused else IDLE_SECONDS

    async def _exchange_once(self) -> bool:
        """Return and take permits as needed. Return whether there are new ones for refused runs."""
        needs = self._limiter.take_permit_needs(time.monotonic())
        if not needs:
            return False
        stored = await self._store.read(needs)
        alive = await self._without_dead(stored)
        now, me, part = epoch_milliseconds(clock.now()), self._membership.me, self._limiter.limits.owner_share
        after = {key: exchange_permits(alive[key], me, needs[key], part, now) for key in needs}
        done = await self._store.replace(stored, after)
        moment = time.monotonic()
        gained = [self._limiter.record_permits(key, me, after[key], moment) for key in done]
        return any(gained)

    async def _without_dead(self, stored: StoredPermits) -> dict[PermitKey, Permits]:
        """Return the permits without those of dead processes. The processes are read after the permits."""
        holders = {name for permits, _ in stored.values() for name in permits.held}
        if holders <= self._membership.living:
            return {key: permits for key, (permits, _) in stored.items()}
        living = await self._membership.read_living()
        return {
            key: Permits({name: held for name, held in permits.held.items() if name in living}, permits.waiting)
            for key, (permits, _) in stored.items()
        }
