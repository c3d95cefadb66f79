"""A section of the feed that one read found, for many readers of one owner at about the same position.

A section has all that was stored after its floor until it was read. So each reader whose position is not before that
gets from it exactly what it would have read itself, and none can tell the difference.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from tocsin.documents import NotificationDocument
from tocsin.documents.keyset import CursorPosition
from tocsin.notifications.inbox.reader import DatabaseSource

MAX_ROWS = 1_000
"""Rows of a section. Where there are more, each reader reads for itself."""


class FeedSection:
    """All notifications of an owner after `floor` at one time. The whole documents are read when the first one asks."""

    def __init__(
        self, source: DatabaseSource, floor: CursorPosition, now: datetime, rows: Sequence[NotificationDocument]
    ) -> None:
        self._source, self._floor, self._now, self._rows = source, floor, now, rows
        self._documents: dict[str, NotificationDocument] = {}
        self._known: set[str] = set()
        self._lock = asyncio.Lock()

    async def read_time(self) -> datetime:
        """Return the time of the database just before the rows were read."""
        return self._now

    async def read_rows(self, floor: CursorPosition, most: int) -> tuple[list[NotificationDocument], bool]:  # noqa: ARG002
        """Return times and IDs of all rows beyond `floor`. Raises ValueError if some before may be missing."""
        place = (floor.key, floor.id)
        if place < (self._floor.key, self._floor.id):
            raise ValueError("the section begins after this position")
        return list(self._rows[bisect_right(self._rows, place, key=_place) :]), True

    async def read_documents(self, ids: Collection[str]) -> Mapping[str, NotificationDocument]:
        """Return these notifications by ID. They are read once for all readers."""
        async with self._lock:
            missing = [each for each in ids if each not in self._known]
            if missing:
                self._documents |= await self._source.read_documents(missing)
                self._known.update(missing)
        return self._documents


def _place(row: NotificationDocument) -> tuple[datetime, str]:
    return row["stored_at"], row["_id"]


async def read_section(source: DatabaseSource, floor: CursorPosition) -> FeedSection | None:
    """Return the section of what was stored after `floor`; None if that is too much. Raises what the driver raises."""
    now = await source.read_time()
    rows, is_all = await source.read_rows(floor, MAX_ROWS)
    return FeedSection(source, floor, now, rows) if is_all else None
