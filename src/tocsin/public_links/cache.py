"""A short memory of what badges and status pages show, so that a crowd of viewers costs the database nothing."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tocsin.public_links.status import PublicStatus

CACHE_SECONDS = 5.0
"""Time for which a status is shown again, also after its link was revoked by another process."""
_MAX_ENTRIES = 1_000

ReadStatus = Callable[[str], Awaitable[PublicStatus | None]]


@dataclass(slots=True)
class _Entry:
    reading: asyncio.Future[PublicStatus | None]
    until: float


class StatusCache:
    """The statuses that were read last, by the serials of their links. Viewers who come at once wait for one reading.

    `read` returns None for a link that is not in force, which is remembered too.
    """

    def __init__(self, read: ReadStatus, seconds: float = CACHE_SECONDS) -> None:
        self._read, self._seconds = read, seconds
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    async def get(self, serial: str) -> PublicStatus | None:
        """Return the status behind a link; None for a link that is not in force. Raises what the reading raises."""
        entry = self._entries.get(serial)
        if entry is None or not self.is_known(serial) or _has_failed(entry.reading):
            entry = self._begin(serial)
        return await asyncio.shield(entry.reading)

    def is_known(self, serial: str) -> bool:
        """Tell whether showing this link takes no reading now."""
        entry = self._entries.get(serial)
        return entry is not None and entry.until > time.monotonic()

    def forget(self, serial: str) -> None:
        """Forget a link that has been revoked."""
        self._entries.pop(serial, None)

    def _begin(self, serial: str) -> _Entry:
        entry = _Entry(asyncio.ensure_future(self._read(serial)), time.monotonic() + self._seconds)
        self._entries[serial] = entry
        self._entries.move_to_end(serial)
        if len(self._entries) > _MAX_ENTRIES:
            self._entries.popitem(last=False)
        return entry


def _has_failed(reading: asyncio.Future[PublicStatus | None]) -> bool:
    return reading.done() and (reading.cancelled() or reading.exception() is not None)
