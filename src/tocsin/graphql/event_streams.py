"""The streams of events: shared with equal subscriptions if the transport can, else alone."""

from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

from tocsin import events
from tocsin.graphql.context import Context
from tocsin.graphql.sharing.delivery import DELIVERY, Delivery
from tocsin.graphql.sharing.identity import find_shared_operation
from tocsin.graphql.sharing.member import MemberEnd
from tocsin.graphql.streams import ending_with_token, take

Event = TypeVar("Event")


def stream_events(
    context: Context,
    changes: events.ChangeFilter,
    start: events.Start,
    limit: int | None,
    convert: Callable[[events.Change], Event],
) -> AsyncGenerator[Event, None]:
    """Share the events with equal subscriptions if the transport can, else return a stream of them."""
    delivery = DELIVERY.get()
    if delivery is None or find_shared_operation(delivery, changes, context.permissions) is None:
        return take(limit, stream_alone(context, changes, start, convert))
    return _stream_nothing(context, delivery, changes, start, limit, convert)


async def _stream_nothing(
    context: Context,
    delivery: Delivery,
    changes: events.ChangeFilter,
    start: events.Start,
    limit: int | None,
    convert: Callable[[events.Change], object],
) -> AsyncGenerator[Any, None]:
    """Yield nothing while the events are sent to the outlet of the delivery."""
    ended = None
    while ended is not MemberEnd.LIMIT_REACHED:
        operation = find_shared_operation(delivery, changes, context.permissions)
        if operation is None or delivery.executor is None:
            return
        groups = context.services.subscription_groups
        joined = groups.join(operation, delivery, delivery.executor, convert, start, limit)
        async with joined as member, ending_with_token(context, member):
            ended = await member.ended
        start, limit = None, member.left
    never: tuple[Any, ...] = ()
    for event in never:
        yield event


async def stream_alone(
    context: Context, filter_: events.ChangeFilter, start: events.Start, convert: Callable[[events.Change], Event]
) -> AsyncGenerator[Event, None]:
    """Yield the events of the changes that the filter leaves, without end."""
    changes = events.ChangeSubscription(context.services.fanout, filter_, start)
    async with changes, ending_with_token(context, changes):
        async for change in changes:
            context.event_cursor = events.cursor_of(change)
            yield convert(change)
