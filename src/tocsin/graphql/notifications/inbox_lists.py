"""Pages of notifications: of the list, and of long polls."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from tocsin import clock
from tocsin.cancellation import cancel_and_wait
from tocsin.documents import User, paging
from tocsin.documents.paging import DEFAULT_PAGE_SIZE, Page, PageArguments
from tocsin.errors import DatabaseUnavailable, InvalidInput
from tocsin.graphql.connections import Connection
from tocsin.graphql.context import Context, Services
from tocsin.graphql.limits.waiting import wait_without_slot
from tocsin.graphql.notifications.inbox_inputs import check_wait, parse_position
from tocsin.graphql.notifications.inbox_types import Notification, to_notification
from tocsin.graphql.streams import ending_with_token
from tocsin.notifications.inbox.choice import NotificationChoice
from tocsin.notifications.inbox.listing import query_notifications
from tocsin.notifications.inbox.positions import OVERLAP, FeedPosition, Step, locate
from tocsin.notifications.inbox.reader import FeedPage, NotificationReader, find_horizon, find_present
from tocsin.notifications.inbox.repetitions import record_receipt, take_repetitions
from tocsin.notifications.inbox.watcher import NotificationWatcher

T = TypeVar("T")


async def list_notifications(
    services: Services, owner: User, choice: NotificationChoice, page: PageArguments
) -> Connection[Notification]:
    """Return a page of the owner's notifications, newest first. Raises InvalidInput."""
    query = query_notifications(services.database, owner, choice)
    found = await paging.fetch_page(query, page)
    positions = locate(found.rows, await find_horizon(services.database))
    items = [to_notification(row, positions[row["_id"]]) for row in found.rows]
    return Connection(query=query, page=found, items=items)


async def poll_notifications(
    context: Context, owner: User, choice: NotificationChoice, page: PageArguments, seconds: int
) -> Connection[Notification]:
    """Return the owner's notifications that were stored after a position, as soon as there are any, oldest first.

    The page is empty when the time is over or the server stops. If the client leaves, the poll ends at once, whatever
    it waits for: a database that does not answer must not keep its place. Raises InvalidInput, RateLimited.
    """
    check_wait(seconds)
    if page.last is not None or page.before is not None:
        raise InvalidInput("With waitSeconds, set first and after only.", "before" if page.last is None else "last")
    limit, services = page.validated().first or DEFAULT_PAGE_SIZE, context.services
    after = await parse_position(services, page.after, "after") if page.after else None
    with services.long_polls.take_place(owner.id):
        polled = await _until_left(context, _poll(context, owner.id, choice, after, limit, seconds))
    found, position = polled or (FeedPage([], has_more=False, is_full=False), after or FeedPosition.at(clock.now()))
    return _to_connection(services, owner, choice, page, found, position)


async def _poll(
    context: Context, owner: str, choice: NotificationChoice, after: FeedPosition | None, limit: int, seconds: int
) -> tuple[FeedPage, FeedPosition]:
    """Read, wait if there is nothing yet, and return what was stored, with the position behind it."""
    database = context.services.database
    reader = NotificationReader(database, owner, after or await find_present(database, owner), choice.includes)
    found = await reader.read(limit)
    if not (found.steps or found.has_more):
        async with wait_without_slot(seconds), _watching(context, owner, seconds) as watcher:
            found = await _read_when_stored(reader, watcher, limit, seconds)
    return found, reader.position


async def _until_left(context: Context, poll: Coroutine[Any, Any, T]) -> T | None:
    """Return the result of a poll; None if the client leaves before, which ends the poll."""
    polling, leaving = asyncio.create_task(poll), asyncio.create_task(context.wait_for_disconnect())
    try:
        await asyncio.wait([polling, leaving], return_when=asyncio.FIRST_COMPLETED)
        return polling.result() if polling.done() else None
    finally:
        await cancel_and_wait(polling, leaving)


@asynccontextmanager
async def _watching(context: Context, owner: str, seconds: int) -> AsyncIterator[NotificationWatcher]:
    """Watch the owner's notifications until the token ends. A stop of the server releases the watcher."""
    watcher = NotificationWatcher(context.services.fanout, owner)
    try:
        async with asyncio.timeout(seconds):
            await watcher.__aenter__()
    except TimeoutError:
        raise DatabaseUnavailable("the changes of the database cannot be followed") from None
    releasing = asyncio.create_task(_release_at_stop(context, watcher))
    try:
        async with ending_with_token(context, watcher):
            yield watcher
    finally:
        await watcher.__aexit__(None, None, None)
        await cancel_and_wait(releasing)


async def _release_at_stop(context: Context, watcher: NotificationWatcher) -> None:
    await context.services.long_polls.released.wait()
    watcher.release()


async def _read_when_stored(
    reader: NotificationReader, watcher: NotificationWatcher, limit: int, seconds: int
) -> FeedPage:
    """Read at once, and then after each change with the owner's other readers.

    What is delivered live is given again.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    watcher.expect()
    page = await reader.read(limit)
    while not (page.steps or page.has_more or watcher.is_released) and (left := deadline - loop.time()) > 0:
        await watcher.wait(min(left, OVERLAP.total_seconds()) if page.is_full else left)
        page = await _read_again(reader, watcher, limit)
    return page


async def _read_again(reader: NotificationReader, watcher: NotificationWatcher, limit: int) -> FeedPage:
    repeated: list[Step] = []
    for repetition in await take_repetitions(watcher, reader):
        repeated += [repetition.step] if repetition.step.attempt > 1 else []
        await record_receipt(watcher, reader.source.database, repetition)
    if repeated:
        return FeedPage(repeated[:limit], has_more=False, is_full=False)
    watcher.expect()
    return await watcher.reads.read_feed(reader, limit)


def _to_connection(
    services: Services,
    owner: User,
    choice: NotificationChoice,
    page: PageArguments,
    found: FeedPage,
    position: FeedPosition,
) -> Connection[Notification]:
    """Return a page whose end cursor is where the next long poll goes on, even if it is empty."""
    query = query_notifications(services.database, owner, choice)
    items = [to_notification(step.row, step.position, step.attempt) for step in found.steps]
    cursors = [step.position.encode() for step in found.steps]
    rows, start = [step.row for step in found.steps], cursors[0] if cursors else None
    ends = Page(rows, found.has_more, bool(page.after), start, position.encode())
    return Connection(query=query, page=ends, items=items, cursors=cursors)
