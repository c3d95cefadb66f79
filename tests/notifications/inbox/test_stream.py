"""Streams of notifications at one process: many of one owner, a database that is away, a wrong clock."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from tests.commands import CommandLog, logged
from tests.harness import wait_until
from tests.notifications.samples import DUE
from tocsin import clock
from tocsin.documents import ChangeLog, Database, User
from tocsin.documents.walks import Walk
from tocsin.errors import InvalidInput
from tocsin.events import Fanout
from tocsin.notifications.account_events import QuotaMet
from tocsin.notifications.inbox import reader as reading
from tocsin.notifications.inbox import stream
from tocsin.notifications.inbox.owner_reads import reads_of
from tocsin.notifications.inbox.positions import OVERLAP, FeedPosition, Step
from tocsin.notifications.inbox.reader import NotificationReader
from tocsin.notifications.inbox.store import store_notifications
from tocsin.notifications.inbox.stream import stream_from, stream_unacknowledged
from tocsin.notifications.inbox.watcher import NotificationWatcher

STREAMS = 100
MOST_COMMANDS = 20
"""Commands of a few reads, because streams that were still busy when they were woken read again."""
HOUR = timedelta(hours=1)


async def tell(database: Database, *names: int) -> None:
    """Store notifications of u1, one after the other."""
    for name in names:
        await store_notifications(database, [QuotaMet.from_quotas("u1", [str(name)], DUE + timedelta(days=name))])


def name_of(step: Step) -> int:
    quotas: Any = step.row["data"]["quotas"]
    return int(quotas[0])


async def follow(steps: AsyncGenerator[Step, None], got: list[int]) -> None:
    async for step in steps:
        got += [name_of(step)]


@asynccontextmanager
async def listening(database: Database) -> AsyncIterator[Fanout]:
    fanout = Fanout(database, lambda _: None)
    fanout.start()
    yield fanout
    await fanout.stop()


@asynccontextmanager
async def following(
    database: Database, fanout: Fanout, position: FeedPosition | None = None, owner: str = "u1"
) -> AsyncIterator[list[int]]:
    """Follow the notifications of an owner in the background. Raises how the stream ended, if it did."""
    got: list[int] = []
    start = position or FeedPosition.at(clock.now() - HOUR)
    async with (
        NotificationWatcher(fanout, owner) as watcher,
        aclosing(stream_from(watcher, NotificationReader(database, owner, start))) as steps,
    ):
        task = asyncio.create_task(follow(steps, got))
        yield got
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def until_all_have(streams: list[list[int]], names: list[int]) -> Any:
    async def have() -> bool:
        return all(got == names for got in streams)

    return wait_until(have)


async def test_all_streams_of_one_owner_get_a_notification_by_one_read(database: Database) -> None:
    log = CommandLog()
    async with logged(database, log) as counted, listening(counted) as fanout, AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(following(counted, fanout)) for _ in range(STREAMS)]
        await tell(counted, 0)
        await until_all_have(streams, [0])
        reads = reads_of(fanout, "u1")
        assert reads.turns.readers == STREAMS
        log.commands.clear()
        await tell(counted, 1)
        await until_all_have(streams, [0, 1])
        assert sum(log.count("notifications").values()) <= MOST_COMMANDS
    assert reads.turns.readers == 0


async def test_idle_streams_cost_nothing_while_others_are_told(database: Database) -> None:
    log, idle = CommandLog(), 1_000

    async def wait_for_news(owner: str) -> None:
        async with following(counted, fanout, FeedPosition.at(clock.now() - OVERLAP), owner):
            await asyncio.Event().wait()

    async with logged(database, log) as counted, listening(counted) as fanout, following(counted, fanout) as got:
        tasks = [asyncio.create_task(wait_for_news(f"idle-{number}")) for number in range(idle)]
        await wait_until(lambda: all_wait(fanout, idle + 1), 60)
        log.commands.clear()
        for name in range(1, 5):
            await tell(counted, name)
            await until_all_have([got], list(range(1, name + 1)))
            counted.changes.delivery_attempted("u1", f"{name}@u1/live", 1)
            counted.changes.notifications_acknowledged("u1", [str(name)])
        assert log.count("1")["hello 1"] <= 8
        assert sum(log.count("notifications").values()) <= 4 * (1 + MOST_COMMANDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def all_wait(fanout: Fanout, count: int) -> bool:
    """Tell whether so many streams wait for news, and do nothing else."""
    groups = [group for by_filter in fanout._subscriptions.values() for group in by_filter.values()]
    watchers = [each for group in groups for each in group if isinstance(each, NotificationWatcher)]
    return len(watchers) == count and all(each._changed._waiters for each in watchers)


async def test_a_stream_looks_for_what_nobody_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the process that stored a notification dies."""
    monkeypatch.setattr(stream, "_LOOK_SECONDS", 0.01)
    async with listening(database) as fanout, following(database, fanout) as got:
        await tell(database, 1)
        await until_all_have([got], [1])
        await tell(replace(database, changes=ChangeLog()), 2)
        await until_all_have([got], [1, 2])


async def test_the_unacknowledged_wait_for_the_database(
    database: Database, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[str] = []

    def failing_once(function: Any) -> Any:
        async def call(*given: Any) -> Any:
            if function.__name__ not in faults:
                faults.append(function.__name__)
                raise AutoReconnect("gone")
            return await function(*given)

        return call

    await tell(database, 1, 2)
    monkeypatch.setattr(stream, "_RETRY_SECONDS", 0)
    monkeypatch.setattr(stream, "find_horizon", failing_once(reading.find_horizon))
    monkeypatch.setattr(Walk, "take", failing_once(Walk.take))
    async with (
        listening(database) as fanout,
        NotificationWatcher(fanout, alice.id) as watcher,
        aclosing(stream_unacknowledged(database, watcher, alice)) as steps,
    ):
        assert [name_of(await anext(steps)) for _ in range(2)] == [1, 2]
    assert faults == ["find_horizon", "take"]


async def test_a_stream_goes_on_when_the_clock_of_this_process_is_wrong(database: Database) -> None:
    async with listening(database) as fanout, following(database, fanout) as got:
        database.changes.clock_offset = HOUR
        for name in range(3):
            await tell(database, name)
            await until_all_have([got], list(range(name + 1)))


async def test_a_stream_ends_when_the_clock_of_the_database_is_set_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_time = reading.read_time

    async def read_earlier(database: Database) -> Any:
        return await read_time(database) - HOUR

    reader = NotificationReader(database, "u1", FeedPosition.at(clock.now() - HOUR / 2))
    async with (
        listening(database) as fanout,
        NotificationWatcher(fanout, "u1") as watcher,
        aclosing(stream_from(watcher, reader)) as steps,
    ):
        await tell(database, 1)
        assert name_of(await anext(steps)) == 1
        monkeypatch.setattr(reading, "read_time", read_earlier)
        await tell(database, 2)
        with pytest.raises(InvalidInput, match="the clock of the server was set back"):
            await anext(steps)
