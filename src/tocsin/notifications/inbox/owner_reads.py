"""The reads of one owner's notifications at this process, however many readers there are.

Each stored notification wakes all readers of its owner. Those at the head, who have been given all there was, get it
from one read. Those that come back share one too, apart from the former, whom they could make read much. Who is so far
behind that one read is not enough reads for itself, in turn with others like it, until it is at the head.
"""

from collections.abc import Collection
from functools import partial
from weakref import WeakKeyDictionary, WeakValueDictionary

from tocsin.documents import Database, NotificationDocument, User
from tocsin.documents.keyset import CursorPosition
from tocsin.documents.paging import MAX_FILTERED, Count
from tocsin.documents.walks import Walk
from tocsin.events import Fanout
from tocsin.notifications.inbox.acknowledgement import count_unacknowledged
from tocsin.notifications.inbox.listing import query_unacknowledged
from tocsin.notifications.inbox.reader import DatabaseSource, FeedPage, NotificationReader
from tocsin.notifications.inbox.sections import FeedSection, read_section
from tocsin.notifications.inbox.shared_reads import JoinedReads, LatestRead
from tocsin.notifications.inbox.store import find_notifications
from tocsin.notifications.inbox.turns import ReadTurns, RepetitionBudget

PAGE_SIZE = 100
_MAX_RECEIPTS = 1_000
"""Attempts at live deliveries of which is kept that somebody got them."""
SectionStart = tuple[DatabaseSource, CursorPosition]


class OwnerReads:
    """The reads for all readers of one owner."""

    def __init__(self) -> None:
        self.turns = ReadTurns()
        pause = self.turns.wait_for_shared_read
        self._at_head: LatestRead[SectionStart, FeedSection | None] = LatestRead(_read_section, _merge, pause)
        self._behind: LatestRead[SectionStart, FeedSection | None] = LatestRead(_read_section, _merge, pause)
        self._counts: LatestRead[tuple[Database, User], Count] = LatestRead(_count, lambda _, later: later, pause)
        self._joined = JoinedReads()
        self.repetitions = RepetitionBudget()
        self._receipts: dict[tuple[str, int], None] = {}

    async def read_feed(self, reader: NotificationReader, limit: int) -> FeedPage:
        """Return the next notifications for a reader, of which none that are stored already is left out.

        Raises as `NotificationReader.read` does.
        """
        if not reader.reads_alone:
            shared = self._at_head if reader.is_level else self._behind
            section = await shared.read_next((reader.source, reader.position.floor))
            if section is not None:
                return await reader.read(limit, section)
            reader.reads_alone = True
        async with self.turns.take():
            return await reader.read(limit)

    async def read_unacknowledged(
        self, database: Database, owner: User, start: CursorPosition | None, end: CursorPosition
    ) -> list[NotificationDocument]:
        """Return a page of the unacknowledged notifications between two places, oldest first."""
        walk = Walk(query_unacknowledged(database, owner), False, start, end)
        return await self._joined.read((start, end), partial(self._take_page, walk))

    async def _take_page(self, walk: Walk[NotificationDocument]) -> list[NotificationDocument]:
        async with self.turns.take():
            rows, _ = await walk.take(PAGE_SIZE, MAX_FILTERED)
        return rows

    async def read_documents(
        self, database: Database, owner: str, ids: Collection[str]
    ) -> dict[str, NotificationDocument]:
        """Return those of these notifications that exist, by ID."""
        named = frozenset(ids)
        return await self._joined.read(named, lambda: find_notifications(database, owner, named))

    def begin_receipt(self, delivery_id: str, number: int) -> bool:
        """Tell whether the receipt of this attempt is still to be recorded, which is then up to the caller."""
        key = (delivery_id, number)
        if key in self._receipts:
            return False
        self._receipts[key] = None
        if len(self._receipts) > _MAX_RECEIPTS:
            del self._receipts[next(iter(self._receipts))]
        return True

    async def count_unacknowledged(self, database: Database, owner: User) -> Count:
        """Count the unacknowledged notifications, up to the bound of lists."""
        return await self._counts.read_next((database, owner))


async def _read_section(start: SectionStart) -> FeedSection | None:
    return await read_section(*start)


def _merge(one: SectionStart, other: SectionStart) -> SectionStart:
    """Return the start of a section for two readers."""
    return min(one, other, key=lambda start: (start[1].key, start[1].id))


async def _count(asked: tuple[Database, User]) -> Count:
    return await count_unacknowledged(*asked)


_of_owners: WeakKeyDictionary[Fanout, WeakValueDictionary[str, OwnerReads]] = WeakKeyDictionary()


def reads_of(fanout: Fanout, owner: str) -> OwnerReads:
    """Return the reads of the owner's readers, which last as long as one of these keeps them."""
    reads = _of_owners.setdefault(fanout, WeakValueDictionary())
    return reads.setdefault(owner, OwnerReads())
