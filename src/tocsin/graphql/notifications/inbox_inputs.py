"""Arguments of notifications: their cursors, and which ones are wanted."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import strawberry

from tocsin.documents import NotificationDocument
from tocsin.errors import InvalidInput
from tocsin.graphql.context import Services
from tocsin.notifications.events import EventKind
from tocsin.notifications.inbox.positions import FeedPosition, decode_position
from tocsin.notifications.inbox.reader import read_time

MAX_WAIT = 60
"""Seconds for which a query can wait for notifications."""
KindsArgument = Annotated[
    list[EventKind] | None, strawberry.argument(description="Return only notifications of these kinds.")
]
UnacknowledgedArgument = Annotated[
    bool, strawberry.argument(description="Return only notifications that you have not acknowledged.")
]
WaitArgument = Annotated[
    int | None,
    strawberry.argument(
        description=(
            f"Long poll: wait at most so many seconds, 1 to {MAX_WAIT}, for notifications stored after `after`, which "
            "is then `cursor` of a notification or `endCursor` of the last long poll; null or empty for now. They are "
            "returned at once if there are any, oldest first; the page is empty when the time is over. It must be the "
            "only root field of its operation."
        )
    ),
]


@dataclass(frozen=True, slots=True)
class NotificationChoice:
    """The notifications that a reader wants. `kinds` is None for all."""

    kinds: Collection[EventKind] | None = None
    unacknowledged_only: bool = False

    def includes(self, notification: NotificationDocument) -> bool:
        """Tell whether a notification is wanted."""
        if self.unacknowledged_only and notification["acknowledged"]:
            return False
        return self.kinds is None or notification["kind"] in self.kinds


async def parse_position(services: Services, text: str, *path: str) -> FeedPosition:
    """Decode a cursor of a reader.

    Raises InvalidInput if it is malformed, or lies in the future, or what followed it may be deleted.
    """
    position = decode_position(text, *path)
    now, days = await read_time(services.database), services.settings.retention_days
    position.require_past(now, *path)
    if position.floor.key < now - timedelta(days=days):
        message = (
            f"This cursor is older than the notifications that are kept, {days:g} days. Read the list notifications, "
            "and go on with the cursor of its first one."
        )
        raise InvalidInput(message, *path)
    return position


def check_wait(seconds: int) -> None:
    """Raise InvalidInput for a time to wait that is out of range."""
    if not 1 <= seconds <= MAX_WAIT:
        raise InvalidInput(f"waitSeconds must be 1 to {MAX_WAIT}; it is {seconds}.", "waitSeconds")
