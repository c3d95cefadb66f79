"""The turns in which the readers of one owner read.

Each stored notification wakes all readers of its owner at this process, of whom there can be a hundred. If all read at
once for each, the reads of one owner would delay everybody else. So they read one after the other, and not too often.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary, WeakValueDictionary

from tocsin.events import Fanout

READS_PER_SECOND = 5.0
"""Reads of all readers of one owner at this process together, if there are several."""
BURST = 10
"""Reads that need not wait after a time without."""


class ReadTurns:
    """The turns of an owner's readers. A single reader has none: it reads when it wants.

    `readers` is their number, which they change themselves.
    """

    def __init__(self) -> None:
        self.readers = 0
        self._lock = asyncio.Lock()
        self._next_at = 0.0

    @asynccontextmanager
    async def take(self, patience: float | None = None) -> AsyncIterator[None]:
        """Read in the block, when it is the caller's turn, or after so many seconds in any case."""
        is_taken = await self._acquire(patience)
        try:
            if is_taken:
                await self._pause()
            yield
        finally:
            if is_taken:
                self._lock.release()

    async def _acquire(self, patience: float | None) -> bool:
        try:
            async with asyncio.timeout(patience):
                return await self._lock.acquire()
        except TimeoutError:
            return False

    async def _pause(self) -> None:
        """Wait until there may be another read."""
        loop = asyncio.get_running_loop()
        if self.readers <= 1:
            self._next_at = loop.time()
            return
        if (seconds := self._next_at - (BURST - 1) / READS_PER_SECOND - loop.time()) > 0:
            await asyncio.sleep(seconds)
        self._next_at = max(self._next_at, loop.time()) + 1 / READS_PER_SECOND


_of_owners: WeakKeyDictionary[Fanout, WeakValueDictionary[str, ReadTurns]] = WeakKeyDictionary()


def turns_of(fanout: Fanout, owner: str) -> ReadTurns:
    """Return the turns of the owner's readers, which last as long as one of these keeps them."""
    turns = _of_owners.setdefault(fanout, WeakValueDictionary())
    return turns.setdefault(owner, ReadTurns())
