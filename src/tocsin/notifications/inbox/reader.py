"""Reading the notifications of an owner from a position on, in pages, oldest first."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from tocsin.clock import truncate_to_milliseconds
from tocsin.documents import Database, NotificationDocument
from tocsin.documents.keyset import CursorPosition, KeysetQuery
from tocsin.documents.paging import MAX_FILTERED
from tocsin.documents.walks import Walk
from tocsin.notifications.inbox.listing import query_feed
from tocsin.notifications.inbox.positions import OVERLAP, FeedPosition, Step, follow
from tocsin.notifications.inbox.store import find_notifications


@dataclass(frozen=True, slots=True)
class FeedPage:
    """The next notifications, each with the position after it.

    `has_more` tells that others may follow at once, `is_full` that they can be read when the position has room.
    """

    steps: list[Step]
    has_more: bool
    is_full: bool


class FeedSource(Protocol):
    """What a reader reads: the times and IDs of an owner's notifications, and those that are new to it as a whole."""

    async def read_time(self) -> datetime:
        """Return the time of the database, before which the rows were not read."""

    async def read_rows(self, floor: CursorPosition, most: int) -> tuple[list[NotificationDocument], bool]:
        """Return times and IDs of the first rows beyond `floor`, at least `most` if there are, and if these are all."""

    async def read_documents(self, ids: Collection[str]) -> Mapping[str, NotificationDocument]:
        """Return these notifications, but those that were deleted meanwhile, by ID."""


@dataclass(frozen=True, slots=True)
class DatabaseSource:
    """The notifications of an owner in the database."""

    database: Database
    owner: str

    async def read_time(self) -> datetime:
        """Return the time of the database."""
        return await read_time(self.database)

    async def read_rows(self, floor: CursorPosition, most: int) -> tuple[list[NotificationDocument], bool]:
        """Return times and IDs of the first rows beyond `floor`, at most `most`, and if these are all."""
        query: KeysetQuery[NotificationDocument] = query_feed(self.database, self.owner, floor.key)
        rows, _ = await Walk(query, False, floor).take(most, MAX_FILTERED)
        return rows, len(rows) < most

    async def read_documents(self, ids: Collection[str]) -> Mapping[str, NotificationDocument]:
        """Return these notifications of the owner by ID."""
        return await find_notifications(self.database, self.owner, ids)


class NotificationReader:
    """A reader of an owner's notifications, which remembers nothing but its position.

    `wants` chooses the notifications that it gives. It moves on over the others. `is_level` tells that its last page
    had all there was. Until then it can be far behind, and `reads_alone`: others need not read what it needs.
    """

    def __init__(
        self,
        database: Database,
        owner: str,
        position: FeedPosition,
        wants: Callable[[NotificationDocument], bool] = lambda _: True,
    ) -> None:
        self.source = DatabaseSource(database, owner)
        self.wants, self.position = wants, position
        self.is_level = self.reads_alone = False

    async def read(self, limit: int, source: FeedSource | None = None) -> FeedPage:
        """Return the next notifications, and move on. They are read from the database, unless `source` has them.

        Raises InvalidInput if the clock of the database was set back behind the position, and what the driver raises.
        Then the position stays where it was.
        """
        start = self.position
        try:
            page = await self._read_page(limit, source or self.source)
        except BaseException:
            self.position = start
            raise
        self.is_level = not page.has_more
        self.reads_alone = self.reads_alone and page.has_more
        return page

    async def _read_page(self, limit: int, source: FeedSource) -> FeedPage:
        horizon = await self._find_horizon(source)
        steps: list[Step] = []
        skipped = 0
        while True:
            rows, is_all = await source.read_rows(self.position.floor, limit + len(self.position.given))
            followed = list(follow(self.position, rows, horizon))
            new = await _read_new(source, followed)
            for taken, step in enumerate(followed, 1):
                self.position, row = step.position, new.get(step.row["_id"])
                if step.is_new and row is not None and self.wants(row):
                    steps.append(step._replace(row=row))
                    if len(steps) == limit:
                        return FeedPage(steps, has_more=taken < len(rows) or not is_all, is_full=False)
                else:
                    skipped += step.is_new
            if len(followed) < len(rows):
                return FeedPage(steps, has_more=False, is_full=True)
            if is_all:
                self.position = self.position.settle(rows, horizon)
                return FeedPage(steps, has_more=False, is_full=False)
            if skipped >= MAX_FILTERED:
                return FeedPage(steps, has_more=True, is_full=False)

    async def _find_horizon(self, source: FeedSource) -> datetime:
        """Return the time until which all is visible. Raises InvalidInput if the position lies in the future."""
        now = await source.read_time()
        self.position.require_past(now, "after")
        return now - OVERLAP


async def _read_new(source: FeedSource, steps: Iterable[Step]) -> Mapping[str, NotificationDocument]:
    ids = [step.row["_id"] for step in steps if step.is_new]
    return await source.read_documents(ids) if ids else {}


async def read_time(database: Database) -> datetime:
    """Return the time by the clock of the database, which stamps notifications. Raises what the driver raises."""
    at: datetime = (await database.db.command("hello"))["localTime"]
    return truncate_to_milliseconds(at.replace(tzinfo=UTC))


async def find_horizon(database: Database) -> datetime:
    """Return the time until which all notifications are visible."""
    return await read_time(database) - OVERLAP


async def find_present(database: Database, owner: str) -> FeedPosition:
    """Return the position after everything that is visible now."""
    now = await read_time(database)
    reader = NotificationReader(database, owner, FeedPosition.at(now - OVERLAP))
    while (page := await reader.read(100)).has_more:
        pass
    return FeedPosition.at(now) if page.is_full else reader.position
