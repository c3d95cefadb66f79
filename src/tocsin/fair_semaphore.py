"""A fair semaphore for scarce places, such as compute processes: the owner with the least recent usage goes next.

An owner never holds all places, and the last free one is reserved for owners with little recent usage. So a newcomer
never waits for the long work of others.
"""

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

USAGE_HALF_LIFE = 60.0
"""Seconds after which past usage counts half."""
LIGHT_USAGE = 2.0
"""Seconds of recent usage up to which an owner may take the last free place."""
_NEGLIGIBLE = 0.001
_MAX_REMEMBERED = 1_000


@dataclass(slots=True)
class _Usage:
    """Decayed seconds of usage, as of `at`."""

    seconds: float
    at: float

    def now(self, now: float) -> float:
        return self.seconds * math.exp2((self.at - now) / USAGE_HALF_LIFE)


class FairSemaphore:
    """A semaphore of `places`, shared fairly between owners. `now` returns monotonic seconds."""

    def __init__(self, places: int, now: Callable[[], float] = time.monotonic) -> None:
        self._free = places
        self._max_per_owner = max(1, places - 1)
        self._reserved = 1 if places > 1 else 0
        self._now = now
        self._active: Counter[str] = Counter()
        self._waiters: dict[str, deque[asyncio.Future[None]]] = {}
        self._usage: dict[str, _Usage] = {}

    @asynccontextmanager
    async def acquire(self, owner: str) -> AsyncIterator[None]:
        """Wait for a place, and hold it in the context."""
        await self._acquire(owner)
        began = self._now()
        try:
            yield
        finally:
            self._charge(owner, self._now() - began)
            self._release(owner)

    @property
    def waiting_count(self) -> int:
        """The number of waiting calls."""
        return sum(map(len, self._waiters.values()))

    @property
    def active_count(self) -> int:
        """The number of places in use."""
        return self._active.total()

    async def _acquire(self, owner: str) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(owner, deque()).append(waiter)
        self._admit()
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # it was admitted at the same moment
                self._release(owner)
            else:
                self._remove_waiter(owner, waiter)
            raise

    def _remove_waiter(self, owner: str, waiter: "asyncio.Future[None]") -> None:
        waiters = self._waiters.get(owner, deque())
        if waiter in waiters:  # else it has been skipped already
            waiters.remove(waiter)
            if not waiters:
                del self._waiters[owner]

    def _release(self, owner: str) -> None:
        self._free += 1
        self._active[owner] -= 1
        if not self._active[owner]:
            del self._active[owner]
        self._admit()

    def _admit(self) -> None:
        while self._free and (owner := self._next_owner()) is not None:
            waiter = self._waiters[owner].popleft()
            if not self._waiters[owner]:
                del self._waiters[owner]
            if not waiter.cancelled():
                self._free -= 1
                self._active[owner] += 1
                waiter.set_result(None)

    def _next_owner(self) -> str | None:
        """Return the owner whose turn it is; of equals, the one who has waited longest."""
        now = self._now()
        may = [owner for owner in self._waiters if self._may_enter(owner, now)]
        return min(may, key=lambda owner: (self._active[owner], self._recent_seconds(owner, now)), default=None)

    def _may_enter(self, owner: str, now: float) -> bool:
        if self._active[owner] >= self._max_per_owner:
            return False
        return self._free > self._reserved or self._recent_seconds(owner, now) <= LIGHT_USAGE

    def _recent_seconds(self, owner: str, now: float) -> float:
        use = self._usage.get(owner)
        return 0.0 if use is None else use.now(now)

    def _charge(self, owner: str, seconds: float) -> None:
        now = self._now()
        self._usage[owner] = _Usage(self._recent_seconds(owner, now) + seconds, now)
        if len(self._usage) > _MAX_REMEMBERED:
            self._usage = {owner: use for owner, use in self._usage.items() if use.now(now) > _NEGLIGIBLE}
