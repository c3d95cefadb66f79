"""The subscription notificationsAcknowledged: each client of a user learns at once what the others have seen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from tests.graphql.conftest import Api, Caller
from tests.graphql.notifications.helpers import acknowledge, age, listed, owner_of, subscribed, tell
from tests.graphql.sockets import Socket, open_socket
from tests.harness import wait_until
from tocsin import clock
from tocsin.documents import ChangeLog
from tocsin.documents.changes import MAX_NAMED, lost_changes
from tocsin.events import send_changes
from tocsin.notifications.inbox.acknowledgement import acknowledge_each
from tocsin.notifications.inbox.owner_reads import reads_of

ACKNOWLEDGED = "subscription($limit: Int) { notificationsAcknowledged(limit: $limit) { ids unacknowledgedCount } }"


@asynccontextmanager
async def following(api: Api, caller: Caller, id_: str = "1") -> AsyncIterator[Socket]:
    async with open_socket(api, caller) as socket:
        await socket.subscribe(id_, ACKNOWLEDGED)
        yield socket


async def next_event(socket: Socket) -> tuple[list[str] | None, int]:
    found: Any = (await socket.receive())["payload"]["data"]["notificationsAcknowledged"]
    return found["ids"], found["unacknowledgedCount"]


async def test_another_client_learns_what_was_acknowledged(api: Api) -> None:
    await tell(api.database, owner_of(api.alice), 1, 2, 3)
    third, second, first = [node["id"] for node in await listed(api.alice)]
    async with following(api, api.alice) as socket, following(api, api.alice) as other:
        for each in (socket, other):
            assert await next_event(each) == (None, 3)
        await acknowledge(api.alice, ids=[second])
        for each in (socket, other):
            assert await next_event(each) == ([second], 2)
        await acknowledge(api.alice, ids=[second])  # nothing new
        cursor = (await listed(api.alice))[0]["cursor"]
        await acknowledge(api.alice, upTo=cursor)
        ids, count = await next_event(socket)
        assert (set(ids or ()), count) == ({first, third}, 0)


async def test_what_another_process_acknowledges_is_told(api: Api) -> None:
    alice = owner_of(api.alice)
    await tell(api.database, alice, 1)
    (row,) = await api.database.notifications.find({}).to_list()
    async with following(api, api.alice) as socket:
        assert await next_event(socket) == (None, 1)
        other = replace(api.database, changes=ChangeLog(is_shared=True))
        await acknowledge_each(other, alice, [row["_id"]], clock.now())
        await send_changes(other)
        assert await next_event(socket) == ([(await listed(api.alice))[0]["id"]], 0)


async def test_too_many_are_not_named_and_a_gap_is_told(api: Api) -> None:
    await tell(api.database, owner_of(api.alice), *range(MAX_NAMED + 1))
    await age(api.database)
    async with following(api, api.alice) as socket:
        assert await next_event(socket) == (None, MAX_NAMED + 1)
        await acknowledge(api.alice, upTo=(await listed(api.alice))[0]["cursor"])
        assert await next_event(socket) == (None, 0)
        api.database.changes.record([lost_changes(clock.now())])
        assert await next_event(socket) == (None, 0)


async def test_others_hear_nothing_and_new_notifications_are_not_acknowledgements(api: Api) -> None:
    alice, bob = owner_of(api.alice), owner_of(api.bob)
    async with (
        following(api, api.alice) as socket,
        following(api, api.bob) as stranger,
        following(api, api.carol) as admin,
        subscribed(api, api.alice) as received,
    ):
        for each in (socket, stranger, admin):
            assert await next_event(each) == (None, 0)
        await tell(api.database, alice, 1)
        await tell(api.database, bob, 2)
        assert (await received.receive())["type"] == "next"
        for caller in (api.alice, api.bob):
            await acknowledge(caller, ids=[(await listed(caller))[0]["id"]])
        (of_alice,), (of_bob,) = await listed(api.alice), await listed(api.bob)
        assert await next_event(socket) == ([of_alice["id"]], 0)
        assert await next_event(stranger) == ([of_bob["id"]], 0)
        api.database.changes.record([lost_changes(clock.now())])
        assert await next_event(admin) == (None, 0)


async def test_it_ends_with_its_limit_and_leaves_nothing(api: Api) -> None:
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", ACKNOWLEDGED, limit=1)
        assert await next_event(socket) == (None, 0)
        assert await socket.receive() == {"type": "complete", "id": "1"}
        await socket.subscribe("2", ACKNOWLEDGED, limit=0)
        assert (await socket.receive())["payload"][0]["extensions"]["field"] == ["limit"]

    async def is_left() -> bool:
        return api.services.fanout._subscriptions == {}

    await wait_until(is_left)
    assert reads_of(api.services.fanout, owner_of(api.alice)).turns.readers == 0


async def test_without_a_token_nobody_hears_anything(api: Api) -> None:
    async with open_socket(api, api.nobody) as socket:
        await socket.subscribe("1", ACKNOWLEDGED)
        assert (await socket.receive())["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
