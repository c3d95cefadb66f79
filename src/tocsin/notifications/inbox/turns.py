"""The turns in which the readers of one owner read who cannot share what is read.

Each has another position, and there can be a hundred. If all read at once, the reads of one owner would delay everybody
else. So they read one after the other, and not too often.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

READS_PER_SECOND = 5.0
"""Reads of all readers of one owner at this process together, if there are several."""
BURST = 10
"""Reads that need not wait after a time without."""
REPETITIONS_PER_SECOND, REPETITION_BURST = 100.0, 1_000
"""Notifications that all streams of one owner at this process are given again, together."""


class ReadPace:
    """Lets reads begin `BURST` at once after a time without, and then `READS_PER_SECOND`."""

    def __init__(self) -> None:
        self._next_at = 0.0

    async def wait(self) -> None:
        """Wait until there may be another read."""
        loop = asyncio.get_running_loop()
        if (seconds := self._next_at - (BURST - 1) / READS_PER_SECOND - loop.time()) > 0:
            await asyncio.sleep(seconds)
        self._next_at = max(self._next_at, loop.time()) + 1 / READS_PER_SECOND

    def skip(self) -> None:
        """Let a read begin at once, and owe nothing for it."""
        self._next_at = asyncio.get_running_loop().time()


class RepetitionBudget:
    """Limits what the streams of one owner are given again: `REPETITION_BURST` at once, and so many a second."""

    def __init__(self) -> None:
        self._used_until = 0.0

    def take(self, now: float) -> bool:
        """Tell whether a repetition can be given at a time (seconds), and count it."""
        used_until = max(self._used_until, now) + 1 / REPETITIONS_PER_SECOND
        if used_until - now > REPETITION_BURST / REPETITIONS_PER_SECOND:
            return False
        self._used_until = used_until
        return True


class ReadTurns:
    """The turns of an owner's readers. A single reader has none: it reads when it wants.

    `readers` is their number, which they change themselves.
    """

    def __init__(self) -> None:
        self.readers = 0
        self._lock = asyncio.Lock()
        self._pace, self._shared_pace = ReadPace(), ReadPace()

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Read in the block, when it is the caller's turn."""
        async with self._lock:
            await self._wait(self._pace)
            yield

    async def wait_for_shared_read(self) -> None:
        """Wait until there may be another read for several readers. It does not wait for those of single ones."""
        await self._wait(self._shared_pace)

    async def _wait(self, pace: ReadPace) -> None:
        if self.readers <= 1:
            pace.skip()
        else:
            await pace.wait()
