"""The common parts of the streams of all subscriptions: their limit, and their end with the token."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Annotated, Protocol, TypeVar

import strawberry

from tocsin.errors import InvalidInput
from tocsin.graphql.context import Context

MAX_EVENTS = 10_000
Event = TypeVar("Event")
EventLimit = Annotated[
    int | None,
    strawberry.argument(
        description=f"Number of events to send before completing, 1 to {MAX_EVENTS:,}. Default: no limit."
    ),
]


class Stream(Protocol):
    """A stream of events that can be ended by an error."""

    def fail(self, error: Exception) -> None:
        """Raise this error in place of the next event."""


def check_limit(limit: int | None) -> None:
    """Raise InvalidInput for a limit that is out of range."""
    if isinstance(limit, int) and not 1 <= limit <= MAX_EVENTS:
        raise InvalidInput(f"limit must be 1 to {MAX_EVENTS}; it is {limit}.", "limit")


async def take(limit: int | None, stream: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """Yield so many events, or all."""
    async with aclosing(stream):
        count = 0
        async for event in stream:
            yield event
            count += 1
            if count == limit:
                return


@asynccontextmanager
async def ending_with_token(context: Context, changes: Stream) -> AsyncIterator[None]:
    """End a stream of server-sent events with its token; a WebSocket is closed as a whole (see web/graphql_ws.py)."""
    if context.is_websocket:
        yield
        return

    async def watch() -> None:
        changes.fail(await context.wait_for_token_end())

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
