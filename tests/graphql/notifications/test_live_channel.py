"""The live channel in the API: repeated in WebSockets, server-sent events and long polls until it is acknowledged."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.graphql.conftest import Api, Caller
from tests.graphql.limits.helpers import change_settings
from tests.graphql.notifications.helpers import acknowledge, listed, names_of, owner_of
from tests.graphql.notifications.test_long_polls import waiting
from tests.graphql.sockets import Socket, open_socket
from tests.harness import wait_until
from tests.notifications.channel_helpers import at_work
from tests.notifications.helpers import Clock
from tests.outbound.smtp import Inbox
from tests.web.test_graphql_http_streams import asked, events
from tocsin import clock
from tocsin.documents import ChangeLog
from tocsin.events import send_changes
from tocsin.notifications.account_events import QuotaMet
from tocsin.notifications.deliveries import notify
from tocsin.notifications.delivery_worker import DeliveryWorker

CREATE = """mutation($channel: NotificationChannelInput!) {
  createNotificationChannel(input: { name: "Bell", channel: $channel }) {
    notificationChannel { id kind settings { name value } } signingKey userErrors { field code message }
  }
}"""
RECEIVED = "subscription($after: String) { notificationReceived(after: $after) { data cursor deliveryAttempt } }"
POLL = """query($after: String) { notifications(after: $after, waitSeconds: 20) {
  nodes { data cursor deliveryAttempt } pageInfo { endCursor }
} }"""
DELIVERIES = """{ notificationChannels { deliveries(first: 5) {
  nodes { status lastError attempts { error wasReceived } }
} } }"""


async def create(caller: Caller, **live: Any) -> Any:
    return (await caller.ask(CREATE, channel={"live": live}))["createNotificationChannel"]


class Repeater:
    """A worker that makes the attempts at live deliveries when it is told to."""

    def __init__(self, api: Api, time: Clock, worker: DeliveryWorker) -> None:
        self._api, self._time, self._worker = api, time, worker

    async def tell(self, *names: int) -> None:
        """Notify Alice, and make the first attempts."""
        owner = owner_of(self._api.alice)
        told = [QuotaMet.from_quotas(owner, [str(name)], clock.now() + timedelta(days=name)) for name in names]
        await notify(self._api.database, told)
        self._time.time = clock.now()
        await self._worker.send_due()

    async def repeat(self, minutes: float = 0.5) -> None:
        """Make the attempts that are due after a time."""
        self._time.time += timedelta(minutes=minutes)
        await self._worker.send_due()


@asynccontextmanager
async def repeating(api: Api, inbox: Inbox | None = None) -> AsyncIterator[Repeater]:
    time = Clock()
    async with at_work(api.database, time, inbox) as worker:
        yield Repeater(api, time, worker)


async def receive(socket: Socket) -> tuple[int, int, str]:
    found: Any = (await socket.receive())["payload"]["data"]["notificationReceived"]
    return names_of([found])[0], found["deliveryAttempt"], found["cursor"]


async def attempts(api: Api) -> list[tuple[str | None, bool]]:
    (channel,) = (await api.alice.ask(DELIVERIES))["notificationChannels"]
    (delivery,) = channel["deliveries"]["nodes"]
    return [(each["error"], each["wasReceived"]) for each in delivery["attempts"]]


async def test_a_channel_is_created_once_and_has_nothing_to_try(api: Api) -> None:
    made = await create(api.alice, fallbackAfter="PT5M")
    channel = made["notificationChannel"]
    assert (channel["kind"], channel["settings"]) == ("LIVE", [{"name": "fallbackAfter", "value": "PT5M"}])
    assert (made["signingKey"], made["userErrors"]) == (None, [])
    (error,) = (await create(api.alice))["userErrors"]
    assert "a live channel already" in error["message"]
    (error,) = (await create(api.bob, fallbackAfter="PT1S"))["userErrors"]
    assert error["field"] == ["channel", "live", "fallbackAfter"]
    query = "mutation($id: ID!) { testNotificationChannel(input: { id: $id }) { delivered error } }"
    tried = (await api.alice.ask(query, id=channel["id"]))["testNotificationChannel"]
    assert tried["delivered"] is False
    assert "Subscribe to notificationReceived" in tried["error"]


async def test_an_open_stream_gets_it_again_until_it_is_acknowledged(api: Api) -> None:
    await create(api.alice)
    async with repeating(api) as repeater, open_socket(api, api.alice) as socket:
        await socket.subscribe("1", RECEIVED)
        await repeater.tell(1)
        (name, attempt, cursor) = await receive(socket)
        assert (name, attempt) == (1, 1)
        await repeater.repeat()
        (name, attempt, again) = await receive(socket)
        assert (name, attempt) == (1, 2)
        await repeater.repeat()
        assert (await receive(socket))[:2] == (1, 3)
        await acknowledge(api.alice, ids=[(await listed(api.alice))[0]["id"]])
        await repeater.repeat()
        await repeater.tell(2)
        assert (await receive(socket))[:2] == (2, 1)
        for id_, place in (("2", cursor), ("3", again)):  # a repetition moves the place neither on nor back
            await socket.subscribe(id_, RECEIVED, after=place)
            found = await socket.receive()
            assert names_of([found["payload"]["data"]["notificationReceived"]]) == [2]


async def test_a_client_that_continues_by_its_cursor_gets_it_again(api: Api) -> None:
    await create(api.alice)
    async with repeating(api) as repeater:
        async with open_socket(api, api.alice) as socket:
            await socket.subscribe("1", RECEIVED)
            await repeater.tell(1)
            cursor = (await receive(socket))[2]
            socket.drop()
        async with open_socket(api, api.alice) as socket:
            await socket.subscribe("1", RECEIVED, after=cursor)
            await wait_until(lambda: is_listening(api))
            await repeater.repeat()
            assert (await receive(socket))[:2] == (1, 2)


async def is_listening(api: Api, count: int = 1) -> bool:
    of_owners = api.services.fanout._subscriptions.values()
    return sum(len(group) for by_filter in of_owners for group in by_filter.values()) == count


async def test_each_attempt_says_whether_somebody_was_listening(api: Api) -> None:
    await create(api.alice)
    async with repeating(api) as repeater:
        await repeater.tell(1)
        await repeater.repeat()
        assert await attempts(api) == [("Nobody was listening.", False)] * 2
        async with open_socket(api, api.alice) as socket:
            await socket.subscribe("1", RECEIVED)
            assert (await receive(socket))[:2] == (1, 1)
            await repeater.repeat()
            assert (await receive(socket))[:2] == (1, 3)

            async def is_recorded() -> bool:
                return (await attempts(api))[2] == ("It was not acknowledged.", True)

            await wait_until(is_recorded)
        assert [each[1] for each in await attempts(api)] == [True, False, True]


async def test_the_first_attempt_is_received_by_the_stream_that_got_it_as_it_was_stored(api: Api) -> None:
    await create(api.alice)
    async with repeating(api) as repeater, open_socket(api, api.alice) as socket:
        await socket.subscribe("1", RECEIVED)
        await wait_until(lambda: is_listening(api))
        await repeater.tell(1)
        assert (await receive(socket))[:2] == (1, 1)

        async def is_received() -> bool:
            return await attempts(api) == [("It was not acknowledged.", True)]

        await wait_until(is_received)


async def test_server_sent_events_get_it_again(api: Api) -> None:
    await create(api.alice)
    query = "subscription { notificationReceived { data deliveryAttempt } }"
    async with repeating(api) as repeater, asked(api.alice, query) as answer:
        await repeater.tell(1)
        found: list[tuple[int, int]] = []
        async for name, data in events(answer):
            if name == "next":
                told = data["data"]["notificationReceived"]
                found.append((names_of([told])[0], told["deliveryAttempt"]))
                if len(found) == 3:
                    break
                await repeater.repeat()
    assert found == [(1, 1), (1, 2), (1, 3)]


async def test_a_long_poll_gets_it_again_with_the_same_cursor(api: Api) -> None:
    await create(api.alice)

    async def poll(after: str | None) -> tuple[list[tuple[int, int]], str]:
        found = (await api.alice.ask(POLL, after=after))["notifications"]
        nodes = [(names_of([node])[0], node["deliveryAttempt"]) for node in found["nodes"]]
        return nodes, found["pageInfo"]["endCursor"]

    async with repeating(api) as repeater:
        begun = asyncio.create_task(poll(None))
        await waiting(api)
        await repeater.tell(1)
        nodes, cursor = await begun
        assert nodes == [(1, 1)]
        for attempt in (2, 3):
            begun = asyncio.create_task(poll(cursor))
            await waiting(api)
            await repeater.repeat()
            nodes, after = await begun
            assert nodes == [(1, attempt)]
        assert [each[1] for each in await attempts(api)] == [True, True, True]
        begun = asyncio.create_task(poll(after))
        await waiting(api)
        await acknowledge(api.alice, ids=[(await listed(api.alice))[0]["id"]])
        await repeater.repeat()
        await repeater.tell(2)
        assert (await begun)[0] == [(2, 1)]


async def test_an_attempt_by_another_process_is_received_here(api: Api) -> None:
    await create(api.alice)
    other = replace(api.database, changes=ChangeLog(is_shared=True))
    time = Clock()
    async with at_work(other, time) as worker, open_socket(api, api.alice) as socket:
        await socket.subscribe("1", RECEIVED)
        await notify(other, [QuotaMet.from_quotas(owner_of(api.alice), ["1"], clock.now())])
        for number in (1, 2):
            time.time = clock.now() + timedelta(seconds=30 * (number - 1))
            await worker.send_due()
            await send_changes(other)
            assert (await receive(socket))[:2] == (1, number)


async def test_a_storm_of_streams_gets_everything_once_and_each_repetition(api: Api) -> None:
    count = 200
    change_settings(api, max_subscriptions=count)
    await create(api.alice)
    async with repeating(api) as repeater, AsyncExitStack() as stack:
        await repeater.tell(1, 2)
        sockets = [await stack.enter_async_context(open_socket(api, api.alice)) for _ in range(4)]
        for number in range(count):
            await sockets[number % 4].subscribe(str(number), RECEIVED)
        got = await asyncio.gather(*(take(socket, 2 * count // 4) for socket in sockets))
        assert sorted(each for one in got for each in one) == sorted(
            (str(number), name, 1) for number in range(count) for name in (1, 2)
        )
        await repeater.repeat()
        got = await asyncio.gather(*(take(socket, 2 * count // 4) for socket in sockets))
        assert sorted(each for one in got for each in one) == sorted(
            (str(number), name, 2) for number in range(count) for name in (1, 2)
        )


async def take(socket: Socket, count: int) -> list[tuple[str, int, int]]:
    """Return the subscription, the name and the attempt of the next notifications."""
    got = []
    for _ in range(count):
        message = await socket.receive()
        found = message["payload"]["data"]["notificationReceived"]
        got.append((message["id"], names_of([found])[0], found["deliveryAttempt"]))
    return got
