"""Telling gives way to running: while the process is busy, it takes a quarter of the event loop's time, in rounds."""

import asyncio
import time
from collections import Counter
from contextvars import Context
from itertools import count
from typing import Protocol

from tocsin import telemetry
from tocsin.fair_queue import FairQueue

CHANGES_PER_ROUND = 16
"""Changes that are told in one round, over all owners."""
TURNS_PER_OWNER = 8
"""Turns that an owner has at once, also of those that a round did not wait for."""
PAUSE_FACTOR = 3.0
"""The pause after a round, as a multiple of the processor time that passed in it. Thus telling takes a quarter."""
MAX_PAUSE_SECONDS = 0.25
BUSY_SHARE = 0.7
"""Share of its time that the event loop works from which rounds have pauses in between."""
_LOAD_SECONDS = 0.1
"""Time over which that share is measured."""
_MAX_ROUND_SECONDS = 0.1
"""Time after which a round goes on without those who are not ready; their next turn waits until they are."""
log = telemetry.get_logger(__name__)


class Teller(Protocol):
    """Tells the subscribers of one owner about changes."""

    @property
    def owner(self) -> str:
        """The ID of the owner."""

    def count_waiting(self) -> int:
        """Return how much there is to tell now; 0 for nothing."""

    async def tell(self) -> None:
        """Tell at most `CHANGES_PER_ROUND` changes."""


class _LoopLoad:
    """The share of its time that the event loop's thread has worked lately."""

    def __init__(self) -> None:
        self._share = 0.0
        self._measured_at, self._worked = time.monotonic(), time.thread_time()

    def measure(self) -> float:
        """Return the share, measured at most once in a tenth of a second."""
        now, worked = time.monotonic(), time.thread_time()
        if (passed := now - self._measured_at) >= _LOAD_SECONDS:
            self._share = (worked - self._worked) / passed
            self._measured_at, self._worked = now, worked
        return self._share


class Rounds:
    """Gives turns to tellers, their owners one after the other, in rounds with pauses in between."""

    def __init__(self) -> None:
        self._ready: FairQueue[Teller] = FairQueue()
        self._turns: dict[asyncio.Task[None], Teller] = {}
        self._busy: set[Teller] = set()
        self._count = count()
        self._task: asyncio.Task[None] | None = None
        self._load = _LoopLoad()

    def wake(self, teller: Teller) -> None:
        """Give a teller a turn as soon as possible, unless it has one."""
        if teller in self._busy:
            return  # woken again when its turn ends
        self._ready.add(teller.owner, str(id(teller)), next(self._count), teller)
        if self._task is None:  # in a context that belongs to no operation
            self._task = asyncio.get_running_loop().create_task(self._run(), context=Context())

    async def _run(self) -> None:
        try:
            while self._ready:
                began = time.thread_time()
                await asyncio.wait(self._begin_turns() or self._turns, timeout=_MAX_ROUND_SECONDS)
                await asyncio.sleep(0)  # the event loop sends what was written
                if self._load.measure() >= BUSY_SHARE:
                    await asyncio.sleep(min((time.thread_time() - began) * PAUSE_FACTOR, MAX_PAUSE_SECONDS))
        finally:
            self._task = None

    def _begin_turns(self) -> list[asyncio.Task[None]]:
        begun: list[asyncio.Task[None]] = []
        changes = 0
        busy = Counter(teller.owner for teller in self._busy)
        while changes < CHANGES_PER_ROUND:
            found = self._ready.pop(lambda owner: busy[owner] < TURNS_PER_OWNER)
            if found is None:
                break
            changes += max(1, found[1].count_waiting())
            busy[found[0]] += 1
            begun.append(self._begin_turn(found[1]))
        return begun

    def _begin_turn(self, teller: Teller) -> asyncio.Task[None]:
        self._busy.add(teller)
        turn = asyncio.get_running_loop().create_task(teller.tell())
        self._turns[turn] = teller
        turn.add_done_callback(self._end_turn)
        return turn

    def _end_turn(self, turn: asyncio.Task[None]) -> None:
        teller = self._turns.pop(turn)
        self._busy.discard(teller)
        if not turn.cancelled() and turn.exception() is not None:
            log.error("subscribers could not be told", owner=teller.owner, exc_info=turn.exception())
        elif teller.count_waiting():
            self.wake(teller)
