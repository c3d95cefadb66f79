"""Equal subscriptions over WebSockets, and those that only look equal."""

import json
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

from tests.graphql.conftest import Api, Caller
from tests.graphql.sockets import Socket, open_socket
from tests.harness import wait_until
from tocsin import clock
from tocsin.documents import new_id
from tocsin.events import Change, ChangeKind
from tocsin.graphql.sharing import groups
from tocsin.graphql.sharing.group import SubscriptionGroup

EVENTS = (
    "subscription($after: DateTime, $limit: Int) { taskEvents(after: $after, limit: $limit) { kind at task { name } } }"
)
K = ChangeKind


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[Change]:
    """The changes for which a selection was executed."""
    changes: list[Change] = []
    execute = SubscriptionGroup._execute

    async def record(group: SubscriptionGroup, change: Change) -> Any:
        changes.append(change)
        return await execute(group, change)

    monkeypatch.setattr(SubscriptionGroup, "_execute", record)
    return changes


async def begin(stack: AsyncExitStack, api: Api, caller: Caller, **variables: Any) -> Socket:
    """Open a socket with a subscription that has received its SNAPSHOT."""
    socket = await stack.enter_async_context(open_socket(api, caller))
    await socket.subscribe("1", EVENTS, **variables)
    assert (await socket.event())["kind"] == "SNAPSHOT"
    return socket


async def no_groups(api: Api) -> None:
    async def gone() -> bool:
        return not len(api.services.subscription_groups) and not api.services.fanout._subscriptions

    await wait_until(gone)


async def test_equal_subscriptions_are_executed_once(api: Api, executed: list[Change]) -> None:
    async with AsyncExitStack() as stack:
        sockets = [await begin(stack, api, api.alice) for _ in range(5)]
        await sockets[0].subscribe("an ü", EVENTS, limit=None)
        assert (await sockets[0].receive())["id"] == "an ü"
        assert len(api.services.subscription_groups) == 1
        executed.clear()
        await api.alice.create("new")
        events = [await socket.event() for socket in sockets] + [await sockets[0].event()]
        assert len(executed) == 1
        assert [(event["kind"], event["task"]) for event in events] == [("TASK_CREATED", {"name": "new"})] * 6
    await no_groups(api)


async def test_users_with_the_same_document_do_not_share(api: Api) -> None:
    async with AsyncExitStack() as stack:
        alice, bob = await begin(stack, api, api.alice), await begin(stack, api, api.bob)
        assert len(api.services.subscription_groups) == 2
        await api.bob.create("bob's")
        await api.alice.create("alice's")
        assert (await alice.event())["task"] == {"name": "alice's"}
        assert (await bob.event())["task"] == {"name": "bob's"}


async def test_a_token_with_fewer_scopes_does_not_share(api: Api) -> None:
    create = 'mutation { createApiToken(input: {name: "x", scopes: [READ]}) { token } }'
    token = (await api.alice.ask(create))["createApiToken"]["token"]
    async with AsyncExitStack() as stack:
        await begin(stack, api, api.alice)
        await begin(stack, api, Caller(api.alice.http, api.alice.user, token))
        assert len(api.services.subscription_groups) == 2


async def test_a_member_whose_rights_change_starts_anew(api: Api) -> None:
    async with AsyncExitStack() as stack:
        carol = await begin(stack, api, api.carol)
        assert api.carol.user is not None
        changed = {"is_admin": False, "is_active": True}
        await api.database.db["users"].update_one({"_id": api.carol.user.id}, {"$set": changed})
        await carol.subscribe("2", "{ viewer { email } }")  # authenticates the connection again
        assert [(await carol.receive())["id"] for _ in range(2)] == ["2", "2"]
        await api.carol.create("hers")
        assert (await carol.event())["kind"] == "SNAPSHOT"
        await api.carol.create("more")
        assert (await carol.event())["task"] == {"name": "more"}
    await no_groups(api)


async def test_each_has_its_own_start_and_end(api: Api) -> None:
    async with AsyncExitStack() as stack:
        steady = await begin(stack, api, api.alice)
        limited = await begin(stack, api, api.alice, limit=2)
        await api.alice.create("first")
        at = (await steady.event())["at"]
        assert (await limited.event())["task"] == {"name": "first"}
        assert await limited.receive() == {"id": "1", "type": "complete"}
        late = await stack.enter_async_context(open_socket(api, api.alice))
        await late.subscribe("1", EVENTS, after=at)
        resumed = await late.event()
        assert len(api.services.subscription_groups) == 1
        assert resumed["kind"] in {"TASK_CREATED", "SNAPSHOT"}
        await api.alice.create("second")
        assert (await steady.event())["task"] == {"name": "second"}
        assert (await late.event())["task"] == {"name": "second"}
    await no_groups(api)


async def test_those_who_leave_do_not_disturb_those_who_stay(api: Api) -> None:
    async with AsyncExitStack() as stack:
        first = await begin(stack, api, api.alice)
        others = [await begin(stack, api, api.alice) for _ in range(3)]
        await first.send(type="complete", id="1")
        others[0].drop()
        await api.alice.create("later")
        for socket in others[1:]:
            assert (await socket.event())["task"] == {"name": "later"}
        await first.subscribe("1", EVENTS)
        assert (await first.event())["kind"] == "SNAPSHOT"
    await no_groups(api)


async def test_the_end_of_one_token_is_not_that_of_others(api: Api) -> None:
    nested = "subscription { taskEvents { kind task { runs(first: 1) { totalCount } } } }"
    assert api.alice.user is not None
    brief = Caller(api.alice.http, api.alice.user, api.token_for(api.alice.user, 5))
    async with open_socket(api, brief) as leaving, open_socket(api, api.alice) as staying:
        for socket in (leaving, staying):
            await socket.subscribe("1", nested)
            assert (await socket.event())["kind"] == "SNAPSHOT"
        assert len(api.services.subscription_groups) == 1
        assert await leaving.close_code() == 4403
        await api.alice.create("after")
        assert (await staying.event())["task"] == {"runs": {"totalCount": 0}}


async def test_errors_of_resolvers_are_shared(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async with AsyncExitStack() as stack:
        sockets = [await begin(stack, api, api.alice) for _ in range(2)]

        async def fail(*_: object) -> None:
            raise ZeroDivisionError("a secret detail")

        monkeypatch.setattr(api.services.loaders, "load", fail)
        assert api.alice.user is not None
        api.services.fanout._deliver([Change(K.TASK_CREATED, clock.now(), new_id(api.alice.user.id))])
        for socket in sockets:
            payload = (await socket.receive())["payload"]
            assert payload["data"]["taskEvents"]["task"] is None
            assert [error["extensions"]["code"] for error in payload["errors"]] == ["INTERNAL"]
            assert "secret" not in json.dumps(payload)


async def test_a_client_that_does_not_read_delays_nobody_and_fills_no_memory(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets a RESYNC for what it missed."""
    assert api.alice.user is not None
    owner, fanout = api.alice.user.id, api.services.fanout
    query = "subscription { taskEvents { kind " + " ".join(f"a{number}: taskId" for number in range(24)) + " } }"
    monkeypatch.setattr(groups, "MAX_BACKLOG", 100)
    async with open_socket(api, api.alice) as slow, open_socket(api, api.alice) as quick:
        for socket in (slow, quick):
            await socket.subscribe("1", query)
            assert (await socket.event())["kind"] == "SNAPSHOT"
        slow._raw.transport.pause_reading()
        (group,) = api.services.subscription_groups._groups.values()
        stalled = 0
        while stalled < 200:
            now = clock.now()
            fanout._deliver([Change(K.TASK_CREATED, now, new_id(owner)) for _ in range(16)])
            for _ in range(16):
                assert (await quick.event())["kind"] == "TASK_CREATED"
            stalled += 16 if group._behind else 0
        (stalled_member,) = group._behind
        assert len(stalled_member.backlog) <= 100
        slow._raw.transport.resume_reading()
        while (await slow.event())["kind"] != "RESYNC":
            pass
        last = Change(K.TASK_DELETED, clock.now() + timedelta(seconds=1), new_id(owner))
        fanout._deliver([last])
        for socket in (slow, quick):
            while (await socket.event())["kind"] != "TASK_DELETED":
                pass
