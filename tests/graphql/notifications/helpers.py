"""Notifications for tests of the API: stored as their causes do, by this process or by another one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.graphql.conftest import T0, Api, Caller
from tests.graphql.sockets import Socket, open_socket
from tocsin.documents import ChangeLog, Database
from tocsin.events import send_changes
from tocsin.notifications.account_events import QuotaMet
from tocsin.notifications.inbox import reader
from tocsin.notifications.inbox.store import store_notifications

RECEIVED = "subscription($after: String) { notificationReceived(after: $after) { data cursor acknowledgedAt } }"
POLL = """query($after: String, $first: Int, $wait: Int, $kinds: [NotificationKind!], $open: Boolean) {
  notifications(after: $after, first: $first, waitSeconds: $wait, kinds: $kinds, unacknowledgedOnly: $open) {
    nodes { data cursor } pageInfo { endCursor hasNextPage }
  }
}"""
LIST = "{ notifications(first: 100) { totalCount nodes { id data cursor acknowledgedAt } } }"
ACKNOWLEDGE = """mutation($i: AcknowledgeNotificationsInput!) {
  acknowledgeNotifications(input: $i) { count unacknowledgedCount userErrors { field code message } }
}"""


def owner_of(caller: Caller) -> str:
    assert caller.user is not None
    return caller.user.id


async def tell(database: Database, owner: str, *names: int) -> None:
    """Store notifications with these numbers, each for another day."""
    for name in names:
        event = QuotaMet.from_quotas(owner, [str(name)], T0 + timedelta(days=name))
        await store_notifications(database, [event])


async def tell_elsewhere(database: Database, owner: str, *names: int) -> None:
    """Store notifications as another process over the same database does."""
    other = replace(database, changes=ChangeLog(is_shared=True))
    await tell(other, owner, *names)
    await send_changes(other)


async def age(database: Database, seconds: float = 60) -> None:
    """Make all that is stored older, so that it has long been visible to all."""
    for row in await database.notifications.find({}).to_list():  # a cursor could meet what it has moved
        older = row["stored_at"] - timedelta(seconds=seconds)
        await database.notifications.update_one({"_id": row["_id"]}, {"$set": {"stored_at": older}})


def set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock of the database be an hour behind from now on, for those that read."""
    read_time = reader.read_time

    async def read_earlier(database: Database) -> datetime:
        return await read_time(database) - timedelta(hours=1)

    monkeypatch.setattr(reader, "read_time", read_earlier)


def names_of(nodes: list[Any]) -> list[int]:
    return [int(node["data"]["quotas"][0]) for node in nodes]


async def listed(caller: Caller) -> list[Any]:
    """Return the caller's notifications, newest first."""
    nodes: list[Any] = (await caller.ask(LIST))["notifications"]["nodes"]
    return nodes


async def poll(caller: Caller, after: str | None, **more: Any) -> tuple[list[int], str]:
    """Poll, and return the names and the cursor to go on with."""
    found = (await caller.ask(POLL, after=after, **{"wait": 20, **more}))["notifications"]
    return names_of(found["nodes"]), found["pageInfo"]["endCursor"]


async def acknowledge(caller: Caller, **given: Any) -> Any:
    return (await caller.ask(ACKNOWLEDGE, i=given))["acknowledgeNotifications"]


async def receive(socket: Socket, count: int) -> list[Any]:
    """Return the next notifications."""
    return [(await socket.receive())["payload"]["data"]["notificationReceived"] for _ in range(count)]


@asynccontextmanager
async def subscribed(api: Api, caller: Caller, after: str | None = None) -> AsyncIterator[Socket]:
    async with open_socket(api, caller) as socket:
        await socket.subscribe("1", RECEIVED, after=after)
        yield socket
