"""The subscription of notifications."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from tocsin.documents import User
from tocsin.graphql import access
from tocsin.graphql.context import Context, Info
from tocsin.graphql.notifications.inbox_inputs import parse_position
from tocsin.graphql.notifications.inbox_types import Notification, to_notification
from tocsin.graphql.streams import EventLimit, check_limit, ending_with_token, take
from tocsin.notifications.inbox.positions import FeedPosition
from tocsin.notifications.inbox.reader import NotificationReader
from tocsin.notifications.inbox.stream import NotificationWatcher, stream_from, stream_unacknowledged

_AFTER = (
    "`cursor` of the last notification received. The stream then starts with all that were stored since, "
    "acknowledged or not. A cursor older than the notifications that are kept is an error: then read the list."
)


@strawberry.type
class NotificationSubscriptions:
    @strawberry.subscription(
        description=(
            "Your notifications: first all unacknowledged ones, oldest first, or those since `after`; then each one as "
            "it is stored, by whichever process. None is left out, and each comes once in a stream and those that "
            "continue it by `after`."
        )
    )
    async def notification_received(
        self,
        info: Info,
        after: Annotated[str | None, strawberry.argument(description=_AFTER)] = strawberry.UNSET,
        limit: EventLimit = strawberry.UNSET,
    ) -> AsyncGenerator[Notification, None]:
        user = await access.require_user(info)
        check_limit(limit)
        after = info.context.last_event_id or after
        position = await parse_position(info.context.services, after, "after") if after else None
        return take(limit or None, _stream(info.context, user, position))


async def _stream(context: Context, owner: User, position: FeedPosition | None) -> AsyncGenerator[Notification, None]:
    """Yield the owner's notifications after the position, or the unacknowledged ones, and then new ones."""
    services = context.services
    async with NotificationWatcher(services.fanout, owner.id) as watcher, ending_with_token(context, watcher):
        if position is None:
            steps = stream_unacknowledged(services.database, watcher, owner)
        else:
            steps = stream_from(watcher, NotificationReader(services.database, owner.id, position))
        async with aclosing(steps):
            async for step in steps:
                context.event_cursor = step.position.encode()
                yield to_notification(step.row, step.position)
