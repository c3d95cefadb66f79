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

HALF_LIFE = 60.0
"""Seconds after which past usage counts half."""
LITTLE = 2.0
"""Seconds of recent usage up to which an owner may take the last free place."""
_FORGOTTEN = 0.001
_MANY = 1_000


@dataclass(slots=True)
class _Use:
    """Decayed seconds of usage, as of `at`."""

    seconds: float
    at: float

    def now(self, now: float) -> float:
        return self.seconds * math.exp2((self.at - now) / HALF_LIFE)


class OwnerTurns:
    """A semaphore of `places`, shared fairly between owners. `now` returns monotonic seconds."""

    def __init__(self, places: int, now: Callable[[], float] = time.monotonic) -> None:
        self._free = places
        self._most = max(1, places - 1)
        self._reserved = 1 if places > 1 else 0
        self._now = now
        self._under_way: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._used: dict[str, _Use] = {}

    @asynccontextmanager
    async def take(self, owner: str) -> AsyncIterator[None]:
        """Wait for a place, and hold it in the context."""
        await self._wait(owner)
        began = self._now()
        try:
            yield
        finally:
            self._charge(owner, self._now() - began)
            self._give_back(owner)

    @property
    def waiting(self) -> int:
        """The number of waiting calls."""
        return sum(map(len, self._waiting.values()))

    @property
    def under_way(self) -> int:
        """The number of places in use."""
        return self._under_way.total()

    async def _wait(self, owner: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was admitted at the same moment
                self._give_back(owner)
            else:
                self._forget_turn(owner, turn)
            raise

    def _forget_turn(self, owner: str, turn: "asyncio.Future[None]") -> None:
        line = self._waiting.get(owner, deque())
        if turn in line:  # else it has been skipped already
            line.remove(turn)
            if not line:
                del self._waiting[owner]

    def _give_back(self, owner: str) -> None:
        self._free += 1
        self._under_way[owner] -= 1
        if not self._under_way[owner]:
            del self._under_way[owner]
        self._admit()

    def _admit(self) -> None:
        while self._free and (owner := self._next()) is not None:
            turn = self._waiting[owner].popleft()
            if not self._waiting[owner]:
                del self._waiting[owner]
            if not turn.cancelled():
                self._free -= 1
                self._under_way[owner] += 1
                turn.set_result(None)

    def _next(self) -> str | None:
        """Return the owner whose turn it is; of equals, the one who has waited longest."""
        now = self._now()
        may = [owner for owner in self._waiting if self._has_place(owner, now)]
        return min(may, key=lambda owner: (self._under_way[owner], self._seconds_of(owner, now)), default=None)

    def _has_place(self, owner: str, now: float) -> bool:
        if self._under_way[owner] >= self._most:
            return False
        return self._free > self._reserved or self._seconds_of(owner, now) <= LITTLE

    def _seconds_of(self, owner: str, now: float) -> float:
        use = self._used.get(owner)
        return 0.0 if use is None else use.now(now)

    def _charge(self, owner: str, seconds: float) -> None:
        now = self._now()
        self._used[owner] = _Use(self._seconds_of(owner, now) + seconds, now)
        if len(self._used) > _MANY:
            self._used = {owner: use for owner, use in self._used.items() if use.now(now) > _FORGOTTEN}
