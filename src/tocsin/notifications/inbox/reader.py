"""Reading the notifications of an owner from a position on, in pages, oldest first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tocsin.clock import truncate_to_milliseconds
from tocsin.documents import Database, NotificationDocument
from tocsin.documents.keyset import KeysetQuery
from tocsin.documents.paging import MAX_FILTERED
from tocsin.documents.walks import Walk
from tocsin.notifications.inbox.listing import query_feed
from tocsin.notifications.inbox.positions import OVERLAP, FeedPosition, Step, follow


@dataclass(frozen=True, slots=True)
class FeedPage:
    """The next notifications, each with the position after it.

    `has_more` tells that others may follow at once, `is_full` that they can be read when the position has room.
    """

    steps: list[Step]
    has_more: bool
    is_full: bool


class NotificationReader:
    """A reader of an owner's notifications, which remembers nothing but its position.

    `wants` chooses the notifications that it gives. It moves on over the others.
    """

    def __init__(
        self,
        database: Database,
        owner: str,
        position: FeedPosition,
        wants: Callable[[NotificationDocument], bool] = lambda _: True,
    ) -> None:
        self._database, self._owner, self._wants = database, owner, wants
        self.position = position

    async def read(self, limit: int) -> FeedPage:
        """Return the next notifications, and move on. Raises what the driver raises."""
        steps: list[Step] = []
        skipped = 0
        while True:
            horizon = find_horizon(self._database)
            rows, is_all = await self._read_rows(limit)
            taken = 0
            for step in follow(self.position, rows, horizon):
                taken, self.position = taken + 1, step.position
                if step.is_new and self._wants(step.row):
                    steps.append(step)
                    if len(steps) == limit:
                        return FeedPage(steps, has_more=taken < len(rows) or not is_all, is_full=False)
                else:
                    skipped += step.is_new
            if taken < len(rows):
                return FeedPage(steps, has_more=False, is_full=True)
            if is_all:
                self.position = self.position.settle(rows, horizon)
                return FeedPage(steps, has_more=False, is_full=False)
            if skipped >= MAX_FILTERED:
                return FeedPage(steps, has_more=True, is_full=False)

    async def _read_rows(self, limit: int) -> tuple[list[NotificationDocument], bool]:
        """Return the first rows beyond the position, enough for `limit` new ones, and whether these are all."""
        most = limit + len(self.position.given)
        query: KeysetQuery[NotificationDocument] = query_feed(self._database, self._owner, self.position.floor.key)
        rows, _ = await Walk(query, False, self.position.floor).take(most, MAX_FILTERED)
        return rows, len(rows) < most


def find_horizon(database: Database) -> datetime:
    """Return the time until which all notifications are visible."""
    return truncate_to_milliseconds(database.changes.now() - OVERLAP)


async def find_present(database: Database, owner: str) -> FeedPosition:
    """Return the position after everything that is visible now."""
    reader = NotificationReader(database, owner, FeedPosition.at(find_horizon(database)))
    while (page := await reader.read(100)).has_more:
        pass
    return reader.position if not page.is_full else FeedPosition.at(truncate_to_milliseconds(database.changes.now()))
