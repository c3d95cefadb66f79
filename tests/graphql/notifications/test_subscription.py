"""The subscription notificationReceived over a WebSocket: what is unacknowledged, missed, or stored."""

from datetime import timedelta
from typing import Any

import pytest

from tests.graphql.conftest import Api
from tests.graphql.notifications.helpers import (
    RECEIVED,
    acknowledge,
    age,
    listed,
    names_of,
    owner_of,
    receive,
    set_back,
    subscribed,
    tell,
    tell_elsewhere,
)
from tests.graphql.sockets import open_socket
from tocsin import clock
from tocsin.notifications.inbox.positions import FeedPosition


@pytest.mark.parametrize("are_old", [True, False])
async def test_the_unacknowledged_come_first_and_then_what_is_stored(api: Api, are_old: bool) -> None:
    alice = owner_of(api.alice)
    await tell(api.database, alice, *range(1, 5))
    await acknowledge(api.alice, ids=[node["id"] for node in await listed(api.alice) if names_of([node]) in ([2], [4])])
    if are_old:
        await age(api.database)
    async with subscribed(api, api.alice) as socket:
        assert names_of(await receive(socket, 2)) == [1, 3]
        await tell(api.database, owner_of(api.bob), 9)
        await tell(api.database, alice, 5)
        assert names_of(await receive(socket, 1)) == [5]
        await tell_elsewhere(api.database, alice, 6, 7)
        assert names_of(await receive(socket, 2)) == [6, 7]


async def test_a_stream_is_continued_where_it_was_lost(api: Api) -> None:
    alice = owner_of(api.alice)
    await tell(api.database, alice, *range(3))
    await age(api.database)
    await tell(api.database, alice, *range(3, 6))
    cursor, got = None, []
    for number in range(8):
        async with subscribed(api, api.alice, cursor) as socket:
            (found,) = await receive(socket, 1)
            cursor = found["cursor"]
            got += names_of([found])
            socket.drop()
        if number == 4:
            await acknowledge(api.alice, upTo=cursor)
            await tell(api.database, alice, 6, 7)
    assert got == list(range(8))


async def test_many_more_than_a_page_come_in_order(api: Api) -> None:
    await tell(api.database, owner_of(api.alice), *range(250))
    await age(api.database)
    async with subscribed(api, api.alice) as socket:
        got = await receive(socket, 250)
        assert names_of(got) == list(range(250))
    async with subscribed(api, api.alice, got[9]["cursor"]) as socket:
        assert names_of(await receive(socket, 240)) == list(range(10, 250))


async def test_a_limit_completes_it(api: Api) -> None:
    await tell(api.database, owner_of(api.alice), 1, 2, 3)
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", "subscription { notificationReceived(limit: 2) { data } }")
        assert names_of(await receive(socket, 2)) == [1, 2]
        assert await socket.receive() == {"type": "complete", "id": "1"}


async def test_changes_of_tasks_and_notifications_are_told_apart(api: Api) -> None:
    async with open_socket(api, api.alice) as socket, subscribed(api, api.alice) as other:
        await socket.subscribe("1")
        assert (await socket.event())["kind"] == "SNAPSHOT"
        await tell(api.database, owner_of(api.alice), 1)
        await api.alice.create("next")
        assert (await socket.event())["kind"] == "TASK_CREATED"
        assert names_of(await receive(other, 1)) == [1]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"after": "x"}, "not a cursor of notifications"),
        ({"after": FeedPosition.at(clock.now() - timedelta(days=4_000)).encode()}, "older than the notifications"),
        ({"after": FeedPosition.at(clock.now() + timedelta(days=1)).encode()}, "lies in the future"),
    ],
)
async def test_cursors_that_cannot_be_continued_are_errors(api: Api, variables: dict[str, Any], message: str) -> None:
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", RECEIVED, **variables)
        answer = await socket.receive()
        assert answer["type"] == "error"
        assert answer["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT", "field": ["after"]}
        assert message in answer["payload"][0]["message"]
        await socket.subscribe("2", "subscription { notificationReceived(limit: 0) { id } }")
        assert (await socket.receive())["payload"][0]["extensions"]["field"] == ["limit"]


async def test_it_ends_when_the_clock_of_the_database_is_set_back(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async with subscribed(api, api.alice) as socket:
        await tell(api.database, owner_of(api.alice), 1)
        assert names_of(await receive(socket, 1)) == [1]
        set_back(monkeypatch)
        await tell(api.database, owner_of(api.alice), 2)
        answer = await socket.receive()
        assert "the clock of the server was set back" in str(answer["payload"])
        assert "BAD_USER_INPUT" in str(answer["payload"])


async def test_nobody_hears_of_others_and_without_a_token_nobody_hears_anything(api: Api) -> None:
    await tell(api.database, owner_of(api.alice), 1)
    async with subscribed(api, api.carol) as carol, subscribed(api, api.bob) as bob:
        await tell(api.database, owner_of(api.alice), 2)
        await tell(api.database, owner_of(api.carol), 3)
        await tell(api.database, owner_of(api.bob), 4)
        assert names_of(await receive(carol, 1)) == [3]
        assert names_of(await receive(bob, 1)) == [4]
    async with open_socket(api, api.nobody) as socket:
        await socket.subscribe("1", RECEIVED)
        assert (await socket.receive())["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
