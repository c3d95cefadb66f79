"""Long polls of notifications over HTTP: answered when something is stored, and released when nobody waits for them."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.graphql.conftest import Api
from tests.graphql.limits.helpers import change_settings, codes
from tests.graphql.notifications.helpers import (
    POLL,
    acknowledge,
    age,
    listed,
    owner_of,
    poll,
    set_back,
    tell,
    tell_elsewhere,
)
from tests.graphql.sockets import open_socket
from tests.harness import wait_until
from tests.notifications.relay import relayed
from tocsin import clock
from tocsin.graphql.callers import Caller
from tocsin.graphql.limits.long_polls import MAX_LONG_POLLS
from tocsin.graphql.notifications import inbox_lists, inbox_types
from tocsin.notifications.inbox.positions import FeedPosition


def waiting(api: Api, count: int = 1) -> Any:
    """Wait until so many long polls wait, and nothing else is in progress."""

    async def waits() -> bool:
        of_owners = api.services.fanout._subscriptions.values()
        subscribers = sum(len(group) for by_filter in of_owners for group in by_filter.values())
        return api.services.long_polls.count() == count == subscribers

    return wait_until(waits)


async def test_what_is_stored_while_it_waits_is_returned(api: Api) -> None:
    alice = owner_of(api.alice)
    await tell(api.database, alice, 1)
    begun = asyncio.create_task(poll(api.alice, None))
    await waiting(api)
    await tell(api.database, owner_of(api.bob), 5)
    await tell(api.database, alice, 2)
    names, cursor = await begun
    assert names == [2]
    await tell(api.database, alice, 3, 4)
    assert (await poll(api.alice, cursor))[0] == [3, 4]
    assert (await poll(api.alice, cursor, first=1))[0] == [3]
    assert api.services.long_polls.count() == 0
    assert api.services.fanout._subscriptions == {}


async def test_what_another_process_stores_is_returned(api: Api) -> None:
    begun = asyncio.create_task(poll(api.alice, ""))
    await waiting(api)
    await tell_elsewhere(api.database, owner_of(api.alice), 1)
    assert (await begun)[0] == [1]


async def test_an_empty_page_says_where_to_go_on(api: Api) -> None:
    await tell(api.database, owner_of(api.alice), 1)
    names, cursor = await poll(api.alice, None, wait=1)
    assert names == []
    await tell(api.database, owner_of(api.alice), 2)
    names, cursor = await poll(api.alice, cursor)
    assert names == [2]
    assert (await poll(api.alice, cursor, wait=1))[0] == []


async def test_pages_are_walked_without_gap_or_repetition(api: Api) -> None:
    await tell(api.database, owner_of(api.alice), *range(5))
    await age(api.database)
    await tell(api.database, owner_of(api.alice), *range(5, 9))
    got: list[int] = []
    cursor = FeedPosition.at(clock.now() - timedelta(days=1)).encode()
    while len(got) < 9:
        names, cursor = await poll(api.alice, cursor, first=2)
        got += names
    assert got == list(range(9))


async def test_what_becomes_visible_late_is_returned(api: Api) -> None:
    """A notification appears whose time is before that of one that was already returned."""
    await tell(api.database, owner_of(api.alice), 1)
    (first,) = await listed(api.alice)
    await tell(api.database, owner_of(api.alice), 2)
    late = await api.database.notifications.find({}).sort("stored_at", -1).to_list()
    earlier = late[1]["stored_at"] - timedelta(seconds=1)
    await api.database.notifications.update_one({"_id": late[0]["_id"]}, {"$set": {"stored_at": earlier}})
    names, cursor = await poll(api.alice, first["cursor"])
    assert names == [2]
    assert (await poll(api.alice, cursor, wait=1))[0] == []


async def test_only_what_is_wanted_ends_the_wait(api: Api) -> None:
    alice = owner_of(api.alice)
    begun = asyncio.create_task(poll(api.alice, None, kinds=["APPROVAL"], wait=2))
    open_only = asyncio.create_task(poll(api.alice, None, open=True))
    await waiting(api, 2)
    await tell(api.database, alice, 1)
    assert (await open_only)[0] == [1]
    assert (await begun)[0] == []
    await acknowledge(api.alice, ids=[(await listed(api.alice))[0]["id"]])
    old = FeedPosition.at(clock.now() - timedelta(days=1)).encode()
    assert (await poll(api.alice, old, open=True, wait=1))[0] == []


async def test_those_that_wait_take_no_slot_and_are_limited(api: Api) -> None:
    change_settings(api, max_operations=2)
    tasks = []
    for number in range(MAX_LONG_POLLS):
        tasks.append(asyncio.create_task(poll(api.alice, None)))
        await waiting(api, number + 1)
    answer = await api.alice.post(POLL, {"wait": 5})
    assert codes(answer) == ["RATE_LIMITED"]
    assert "10 queries with waitSeconds" in answer["errors"][0]["message"]
    assert api.services.slots.count("operations") == 0
    assert await listed(api.alice) == []
    await tell(api.database, owner_of(api.alice), 1)
    assert [names for names, _ in await asyncio.gather(*tasks)] == [[1]] * MAX_LONG_POLLS
    assert (await poll(api.alice, None, wait=1))[0] == []


@pytest.mark.parametrize("waits", [False, True])
async def test_its_own_fields_are_executed_with_a_slot(api: Api, monkeypatch: pytest.MonkeyPatch, waits: bool) -> None:
    slots: list[int] = []
    convert = inbox_types.to_notification

    def count_slots(*given: Any) -> Any:
        slots.append(api.services.slots.count("operations"))
        return convert(*given)

    monkeypatch.setattr(inbox_lists, "to_notification", count_slots)
    begun = asyncio.create_task(poll(api.alice, None)) if waits else None
    if begun is not None:
        await waiting(api)
        assert api.services.slots.count("operations") == 0
    await tell(api.database, owner_of(api.alice), 1)
    if begun is None:
        begun = asyncio.create_task(poll(api.alice, FeedPosition.at(clock.now() - timedelta(days=1)).encode()))
    assert (await begun)[0] == [1]
    assert slots == [1]
    assert api.services.slots.count("operations") == 0


async def test_after_the_wait_it_waits_for_a_slot(api: Api) -> None:
    change_settings(api, max_operations=1)
    begun = asyncio.create_task(poll(api.alice, None))
    await waiting(api)
    caller = Caller(owner_of(api.alice), is_user=True)
    api.services.slots.acquire("operations", caller, 1)
    await tell(api.database, owner_of(api.alice), 1)
    await wait_until(lambda: waits_for_slot(api))
    assert not begun.done()
    api.services.slots.release("operations", caller)
    assert (await begun)[0] == [1]
    assert api.services.slots.count("operations") == 0


async def waits_for_slot(api: Api) -> bool:
    return bool(api.services.slots._waiting)


async def test_the_timeout_of_operations_does_not_end_it(api: Api) -> None:
    change_settings(api, execution_timeout=0.3)
    assert (await poll(api.alice, None, wait=1))[0] == []


async def test_it_ends_when_its_client_leaves(api: Api) -> None:
    async with httpx.AsyncClient(base_url=api.url) as leaving:
        headers = {"Authorization": f"Bearer {api.alice.token}"}
        begun = asyncio.create_task(
            leaving.post("/graphql", json={"query": POLL, "variables": {"wait": 60}}, headers=headers, timeout=90)
        )
        await waiting(api)
        begun.cancel()
        await asyncio.gather(begun, return_exceptions=True)
    await waiting(api, 0)


async def test_it_ends_when_its_client_leaves_while_the_database_stalls(api: Api) -> None:
    headers, direct = {"Authorization": f"Bearer {api.alice.token}"}, api.database
    async with (
        relayed(direct) as (relay, through),
        httpx.AsyncClient(base_url=api.url, headers=headers) as client,
    ):
        object.__setattr__(api.services, "database", through)
        request = {"query": POLL, "variables": {"wait": 60}}
        begun = [asyncio.create_task(client.post("/graphql", json=request, timeout=90)) for _ in range(3)]
        await waiting(api, 3)
        relay.stall()
        await tell(direct, owner_of(api.alice), 1)
        await relay.holding.wait()  # the polls read what was stored
        for each in begun:
            each.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
        await waiting(api, 0)
        relay.go_on()


async def test_an_event_stream_can_wait_too_and_ends_when_its_client_leaves(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.alice.token}", "Accept": "text/event-stream"}
    request = {"query": POLL, "variables": {"wait": 60}}
    async with httpx.AsyncClient(base_url=api.url, headers=headers, timeout=90) as client:
        begun = asyncio.create_task(client.post("/graphql", json=request))
        await waiting(api)
        await tell(api.database, owner_of(api.alice), 1)
        assert '"quotas":["1"]' in (await begun).text.replace(" ", "")
        begun = asyncio.create_task(client.post("/graphql", json=request))
        await waiting(api)
        begun.cancel()
        await asyncio.gather(begun, return_exceptions=True)
    await waiting(api, 0)


async def test_it_ends_with_its_operation_on_a_websocket(api: Api) -> None:
    async with open_socket(api, api.alice) as socket:
        for number in range(3):
            await socket.subscribe(str(number), POLL, wait=60)
        await waiting(api, 3)
        await socket.send(type="complete", id="0")
        await waiting(api, 2)
        await tell(api.database, owner_of(api.alice), 1)
        answers = [await socket.receive() for _ in range(2)]
        assert {answer["type"] for answer in answers} <= {"next", "complete"}
        await socket.subscribe("9", POLL, wait=60)
        await waiting(api)
        socket.drop()
        await waiting(api, 0)


async def test_a_stop_of_the_server_ends_all(api: Api) -> None:
    begun = [asyncio.create_task(poll(api.alice, None, wait=60)) for _ in range(3)]
    await waiting(api, 3)
    api.services.long_polls.release()
    assert [names for names, _ in await asyncio.gather(*begun)] == [[], [], []]
    assert (await poll(api.alice, None, wait=60))[0] == []


async def test_it_ends_with_its_token(api: Api) -> None:
    assert api.alice.user is not None
    api.alice.token = api.token_for(api.alice.user, 2)
    answer = await api.alice.post(POLL, {"wait": 60})
    assert codes(answer) == ["TOKEN_EXPIRED"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"wait": 0}, "waitSeconds"),
        ({"wait": 61}, "waitSeconds"),
        ({"wait": 2**31 - 1}, "waitSeconds"),
        ({"wait": -1}, "waitSeconds"),
        ({"after": "x"}, "after"),
        ({"after": "é" * 500}, "after"),
        ({"first": 0}, "first"),
        ({"first": 101}, "first"),
    ],
)
async def test_arguments_that_make_no_sense_are_refused(api: Api, given: dict[str, Any], field: str) -> None:
    answer = await api.alice.post(POLL, {"wait": 1, **given})
    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "field": [field]}
    assert api.services.long_polls.count() == 0


async def test_a_number_beyond_integers_is_refused(api: Api) -> None:
    assert codes(await api.alice.post(POLL, {"wait": 2**31})) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "query",
    [
        "{ notifications(waitSeconds: 60) { totalCount } runs(first: 1) { totalCount } }",
        "{ a: notifications(waitSeconds: 60) { totalCount } b: notifications(waitSeconds: 60) { totalCount } }",
        "{ notifications(waitSeconds: 60) { totalCount } ... { ... on Query { runs(first: 1) { totalCount } } } }",
        "{ ...A ...A } fragment A on Query { notifications(waitSeconds: 60) { totalCount } ...B } "
        "fragment B on Query { runs(first: 1) { totalCount } }",
    ],
)
async def test_it_is_alone_in_its_operation(api: Api, query: str) -> None:
    answer = await api.alice.post(query)
    assert {"code": "BAD_USER_INPUT", "field": ["waitSeconds"]} in [each["extensions"] for each in answer["errors"]]
    assert "must be the only root field" in answer["errors"][0]["message"]


async def test_fragments_and_the_type_name_do_not_count(api: Api) -> None:
    await tell(api.database, owner_of(api.alice), 1)
    after = FeedPosition.at(clock.now() - timedelta(days=1)).encode()
    query = (
        "query($after: String) { __typename ...A ...A } "
        "fragment A on Query { notifications(after: $after, waitSeconds: 60) { nodes { data } } }"
    )
    assert len((await api.alice.ask(query, after=after))["notifications"]["nodes"]) == 1


async def test_it_ends_when_the_clock_of_the_database_is_set_back(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = asyncio.create_task(api.alice.post(POLL, {"wait": 60}))
    await waiting(api)
    set_back(monkeypatch)
    await tell(api.database, owner_of(api.alice), 1)
    answer = await begun
    assert codes(answer) == ["BAD_USER_INPUT"]
    assert "the clock of the server was set back" in answer["errors"][0]["message"]


@pytest.mark.parametrize(("argument", "field"), [("last: 1", "last"), ('before: "x"', "before")])
async def test_it_goes_forward_only(api: Api, argument: str, field: str) -> None:
    answer = await api.alice.post(f"{{ notifications(waitSeconds: 1, {argument}) {{ totalCount }} }}")
    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "field": [field]}


async def test_cursors_of_lists_and_of_other_times_are_refused(api: Api) -> None:
    await tell(api.database, owner_of(api.alice), 1)
    edges = (await api.alice.ask("{ notifications { edges { cursor } } }"))["notifications"]["edges"]
    cases = {
        edges[0]["cursor"]: "not a cursor of notifications",
        FeedPosition.at(clock.now() - timedelta(days=4_000)).encode(): "older than the notifications that are kept",
        FeedPosition.at(clock.now() + timedelta(days=1)).encode(): "lies in the future",
    }
    for after, message in cases.items():
        answer = await api.alice.post(POLL, {"wait": 1, "after": after})
        assert codes(answer) == ["BAD_USER_INPUT"]
        assert message in answer["errors"][0]["message"]
