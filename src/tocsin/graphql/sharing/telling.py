"""Telling gives way to running: subscribers are told in rounds that take a quarter of the event loop's time."""

import asyncio
import time
from contextvars import Context
from itertools import count
from typing import Protocol

from tocsin import telemetry
from tocsin.fair_queue import FairQueue

CHANGES_PER_ROUND = 16
"""Changes that are told in one round, over all owners."""
PAUSE_FACTOR = 3.0
"""The pause after a round, as a multiple of the processor time that passed in it. Thus telling takes a quarter."""
MAX_PAUSE_SECONDS = 0.25
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


class Rounds:
    """Gives turns to tellers, their owners one after the other, in rounds with pauses in between."""

    def __init__(self) -> None:
        self._ready: FairQueue[Teller] = FairQueue()
        self._turns: dict[asyncio.Task[None], Teller] = {}
        self._busy: set[Teller] = set()
        self._count = count()
        self._task: asyncio.Task[None] | None = None

    def wake(self, teller: Teller) -> None:
        """Give a teller a turn as soon as possible, unless it has one."""
        if teller in self._busy:
            return  # woken again when its turn ends
        self._ready.add(teller.owner, str(id(teller)), next(self._count), teller)
        if self._task is None:  # in a context that belongs to no operation
            self._task = asyncio.get_running_loop().create_task(self._run(), context=Context())

    async def _run(self) -> None:
        while self._ready:
            began = time.thread_time()
            await asyncio.wait(self._begin_turns(), timeout=_MAX_ROUND_SECONDS)
            await asyncio.sleep(0)  # the event loop sends what was written
            await asyncio.sleep(min((time.thread_time() - began) * PAUSE_FACTOR, MAX_PAUSE_SECONDS))
        self._task = None

    def _begin_turns(self) -> list[asyncio.Task[None]]:
        begun, changes = [], 0
        while changes < CHANGES_PER_ROUND and (found := self._ready.pop()) is not None:
            teller = found[1]
            changes += max(1, teller.count_waiting())
            self._busy.add(teller)
            turn = asyncio.get_running_loop().create_task(teller.tell())
            self._turns[turn] = teller
            turn.add_done_callback(self._end_turn)
            begun.append(turn)
        return begun

    def _end_turn(self, turn: asyncio.Task[None]) -> None:
        teller = self._turns.pop(turn)
        self._busy.discard(teller)
        if not turn.cancelled() and turn.exception() is not None:
            log.error("subscribers could not be told", owner=teller.owner, exc_info=turn.exception())
        elif teller.count_waiting():
            self.wake(teller)
