"""The subscriptions of notifications, and of their acknowledgements."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from tocsin.documents import User
from tocsin.documents.changes import MAX_NAMED
from tocsin.errors import InvalidInput
from tocsin.graphql import access, ids
from tocsin.graphql.context import Context, Info
from tocsin.graphql.event_arguments import parse_kinds
from tocsin.graphql.notifications.inbox_inputs import (
    KindsArgument,
    TaskIdsArgument,
    WorkflowRunArgument,
    parse_position,
    parse_subjects,
)
from tocsin.graphql.notifications.inbox_types import Notification, to_notification
from tocsin.graphql.streams import EventLimit, check_limit, ending_with_token, take
from tocsin.notifications.inbox.acknowledgement_stream import AcknowledgementWatcher, stream_acknowledgements
from tocsin.notifications.inbox.choice import NotificationChoice
from tocsin.notifications.inbox.positions import FeedPosition
from tocsin.notifications.inbox.reader import NotificationReader
from tocsin.notifications.inbox.stream import stream_from, stream_unacknowledged
from tocsin.notifications.inbox.watcher import NotificationWatcher

_AFTER = (
    "`cursor` of the last notification received. The stream then starts with all that were stored since, "
    "acknowledged or not. A cursor older than the notifications that are kept is an error: then read the list."
)
_AFTER_CURSOR = f"The same as `after`, by the name that it has in other subscriptions. {_AFTER}"


@strawberry.type(description="Notifications of yours that one of your clients has acknowledged.")
class NotificationsAcknowledged:
    ids: list[strawberry.ID] | None = strawberry.field(
        description=(
            f"Their global IDs. Null if they are not named: in the first event, if they are more than {MAX_NAMED}, and "
            "if some may have been missed. Then read the list."
        )
    )
    unacknowledged_count: int = strawberry.field(
        description="Number of notifications that are still unacknowledged, counted up to 5,000."
    )


@strawberry.type
class NotificationSubscriptions:
    @strawberry.subscription(
        description=(
            "Acknowledgements of your notifications, by whichever of your clients. The first event comes at once and "
            "tells the present number; each notification that is stored later raises it by one."
        )
    )
    async def notifications_acknowledged(
        self, info: Info, limit: EventLimit = strawberry.UNSET
    ) -> AsyncGenerator[NotificationsAcknowledged, None]:
        user = await access.require_user(info)
        check_limit(limit)
        return take(limit or None, _stream_acknowledgements(info.context, user))

    @strawberry.subscription(
        description=(
            "Your notifications: first all unacknowledged ones, oldest first, or those since `after`; then each one as "
            "it is stored, by whichever process. None is left out, and each comes once in a stream and those that "
            "continue it by `after`; with a live channel, again until you acknowledge it. A stream that continues "
            "another one needs the same filters: the cursor is beyond what they excluded."
        )
    )
    async def notification_received(
        self,
        info: Info,
        after: Annotated[str | None, strawberry.argument(description=_AFTER)] = strawberry.UNSET,
        limit: EventLimit = strawberry.UNSET,
        after_cursor: Annotated[str | None, strawberry.argument(description=_AFTER_CURSOR)] = strawberry.UNSET,
        kinds: KindsArgument = strawberry.UNSET,
        task_ids: TaskIdsArgument = strawberry.UNSET,
        workflow_run_id: WorkflowRunArgument = strawberry.UNSET,
    ) -> AsyncGenerator[Notification, None]:
        user = await access.require_user(info)
        check_limit(limit)
        position = await _parse_start(info.context, after or None, after_cursor or None)
        subjects = await parse_subjects(info, user.id, task_ids, workflow_run_id)
        choice = NotificationChoice(parse_kinds(kinds, "kinds"), False, *subjects)
        return take(limit or None, _stream(info.context, user, position, choice))


async def _parse_start(context: Context, after: str | None, after_cursor: str | None) -> FeedPosition | None:
    """Return where a stream starts. One that reconnects has sent its last cursor as a header. Raises InvalidInput."""
    if after and after_cursor:
        raise InvalidInput("Set after or afterCursor, not both.", "afterCursor")
    cursor, field = (after_cursor, "afterCursor") if after_cursor else (after, "after")
    if context.last_event_id:
        cursor, field = context.last_event_id, "Last-Event-ID"
    return await parse_position(context.services, cursor, field) if cursor else None


async def _stream(
    context: Context, owner: User, position: FeedPosition | None, choice: NotificationChoice
) -> AsyncGenerator[Notification, None]:
    """Yield the owner's notifications after the position, or the unacknowledged ones, and then new ones."""
    services = context.services
    async with NotificationWatcher(services.fanout, owner.id) as watcher, ending_with_token(context, watcher):
        if position is None:
            steps = stream_unacknowledged(services.database, watcher, owner, choice.includes)
        else:
            steps = stream_from(watcher, NotificationReader(services.database, owner.id, position, choice.includes))
        async with aclosing(steps):
            async for step in steps:
                context.event_cursor = step.position.encode()
                yield to_notification(step.row, step.position, step.attempt)


async def _stream_acknowledgements(context: Context, owner: User) -> AsyncGenerator[NotificationsAcknowledged, None]:
    """Yield the acknowledgements of the owner's notifications."""
    services = context.services
    async with (
        AcknowledgementWatcher(services.fanout, owner.id) as watcher,
        ending_with_token(context, watcher),
        aclosing(stream_acknowledgements(services.database, watcher, owner)) as told,
    ):
        async for each in told:
            named = None if each.ids is None else [_encode(id_) for id_ in each.ids]
            yield NotificationsAcknowledged(ids=named, unacknowledged_count=each.unacknowledged)


def _encode(notification_id: str) -> strawberry.ID:
    return strawberry.ID(ids.encode_id("Notification", notification_id))
