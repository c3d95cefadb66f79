"""Reading the notifications of an owner from a position on, in pages, oldest first."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from tocsin.clock import truncate_to_milliseconds
from tocsin.documents import Database, NotificationDocument
from tocsin.documents.keyset import KeysetQuery
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
        """Return the next notifications, and move on.

        Raises InvalidInput if the clock of the database was set back behind the position, and what the driver raises.
        Then the position stays where it was.
        """
        start = self.position
        try:
            return await self._read_page(limit)
        except BaseException:
            self.position = start
            raise

    async def _read_page(self, limit: int) -> FeedPage:
        horizon = await self._find_horizon()
        steps: list[Step] = []
        skipped = 0
        while True:
            rows, is_all = await self._read_rows(limit)
            followed = list(follow(self.position, rows, horizon))
            new = await self._read_new(followed)
            for taken, step in enumerate(followed, 1):
                self.position, row = step.position, new.get(step.row["_id"])
                if row is not None and self._wants(row):
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

    async def _find_horizon(self) -> datetime:
        """Return the time until which all is visible. Raises InvalidInput if the position lies in the future."""
        now = await read_time(self._database)
        self.position.require_past(now, "after")
        return now - OVERLAP

    async def _read_rows(self, limit: int) -> tuple[list[NotificationDocument], bool]:
        """Return times and IDs of the first rows beyond the position, enough for `limit` new ones, and if it is all."""
        most = limit + len(self.position.given)
        query: KeysetQuery[NotificationDocument] = query_feed(self._database, self._owner, self.position.floor.key)
        rows, _ = await Walk(query, False, self.position.floor).take(most, MAX_FILTERED)
        return rows, len(rows) < most

    async def _read_new(self, steps: Iterable[Step]) -> dict[str, NotificationDocument]:
        """Return the new notifications as a whole, but those that were deleted meanwhile."""
        ids = [step.row["_id"] for step in steps if step.is_new]
        return await find_notifications(self._database, self._owner, ids) if ids else {}


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
