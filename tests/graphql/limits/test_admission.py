# ruff: noqa: E501  # tables read best in rows
"""Limits by caller and rate, over HTTP, WebSocket and server-sent events."""

import asyncio
import json
import threading
from typing import Any

import pytest
from graphql import get_introspection_query

from tests.graphql.conftest import Api, Caller
from tests.graphql.limits.helpers import SLOW, change_settings, codes, post
from tests.graphql.sockets import EVENTS, open_socket
from tests.harness import wait_until
from tocsin import accounts
from tocsin.config import Settings
from tocsin.graphql.limits import document_cache

FEW: dict[str, Any] = {
    "max_operations": 2,
    "max_subscriptions": 2,
    "attempts_per_address": 3,
    "attempts_per_account": 2,
}
LOG_IN = 'mutation { logIn(input: {email: "%s@example.test", password: "not the password"}) { userErrors { code } } }'


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update=FEW)


# --- introspection and suggestions ------------------------------------------------------------------------------------

TYPO = "{ viewr { id } }"
WRONG_VALUE = "query($d: OrderDirection!) { tasks(orderBy: {field: CREATED_AT, direction: $d}) { nodes { id } } }"


@pytest.mark.parametrize("who", ["everyone", "users", "nobody"])
async def test_who_may_ask_for_the_schema(api: Api, who: str) -> None:
    change_settings(api, introspection=who)
    for query in (get_introspection_query(), '{ __type(name: "Task") { name } }'):
        for caller, allowed in ((api.nobody, who == "everyone"), (api.alice, who != "nobody")):
            answer = await post(caller, query)
            code = {"users": "UNAUTHENTICATED", "nobody": "FORBIDDEN"}.get(who)
            assert codes(answer) == ([] if allowed else [code]), (who, query[:20], answer)
    assert codes(await post(api.nobody, "{ __typename }")) == []


@pytest.mark.parametrize("who", ["everyone", "users", "nobody"])
async def test_suggestions_are_for_the_audience_of_the_setting(api: Api, who: str) -> None:
    change_settings(api, suggestions=who)
    stranger = Caller(api.nobody.http, None, "not.a.token")
    for caller, expected in (
        (api.nobody, who == "everyone"),
        (api.alice, who != "nobody"),
        (stranger, who == "everyone"),
    ):
        for answer in (await post(caller, TYPO), await post(caller, WRONG_VALUE, d="DESCC")):
            assert any("Did you mean" in error["message"] for error in answer["errors"]) is expected, (who, answer)


async def test_suggestions_over_a_socket_are_for_the_same_callers(api: Api) -> None:
    for caller, expected in ((api.alice, True), (api.nobody, False)):
        async with open_socket(api, caller) as socket:
            await socket.subscribe("1", TYPO)
            (error,) = (await socket.receive())["payload"]
            assert ("Did you mean" in error["message"]) is expected


# --- cost ---------------------------------------------------------------------------------------------------------------


async def test_every_response_has_its_cost(api: Api) -> None:
    answer = await post(api.alice, "query($n: Int) { tasks(first: $n) { nodes { id name } } }", n=30)
    cost = answer["extensions"]["cost"]
    assert 499_809 <= cost.pop("remaining") <= 500_000  # it is refilled all the time
    assert cost == {"requested": 100 + 1 + 30 * 3, "maximum": 50_000, "limit": 500_000, "restoreRate": 8333.33}
    refused = await post(api.alice, TYPO)
    assert refused["extensions"]["cost"]["requested"] == 500
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", "{ viewer { id } }")
        assert (await socket.receive())["payload"]["extensions"]["cost"]["requested"] == 102
        await socket.receive()
        await socket.subscribe("2", EVENTS)
        assert "extensions" not in (await socket.receive())["payload"]


async def test_a_caller_over_the_cost_limit_is_refused_on_every_transport(api: Api) -> None:
    change_settings(api, cost_limit=1000, max_cost=1000)
    object.__setattr__(api.services, "rates", type(api.services.rates)(api.database, api.services.settings))
    assert codes(await post(api.alice, "{ tasks(first: 100) { nodes { id name tags status version } } }")) == []
    answer = await post(api.alice, "{ tasks(first: 90) { nodes { id name tags status } } }")
    assert codes(answer) == ["RATE_LIMITED"]
    extensions = answer["errors"][0]["extensions"]
    assert 1 <= extensions["retryAfter"] <= 30
    assert f"{extensions['retryAfter']} s" in answer["errors"][0]["message"]
    async with open_socket(api, api.alice) as socket:
        for id_, query in (("1", "{ viewer { id } }"), ("2", EVENTS)):
            await socket.subscribe(id_, query)
            message = await socket.receive()
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "RATE_LIMITED")
    assert codes(await post(api.bob, "{ viewer { id } }")) == []


async def test_refused_documents_are_counted_too(api: Api) -> None:
    change_settings(api, cost_limit=1000, max_cost=1000)
    object.__setattr__(api.services, "rates", type(api.services.rates)(api.database, api.services.settings))
    seen = [codes(await post(api.nobody, query)) for query in (TYPO, "{", TYPO, "{ __typename }")]
    assert seen[0] == ["GRAPHQL_VALIDATION_FAILED"]
    assert seen[1] == ["GRAPHQL_PARSE_FAILED"]
    assert seen[2] == seen[3] == ["RATE_LIMITED"]  # the bucket gives some back meanwhile, but not 500


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_a_mutation_by_get_is_counted_too(api: Api, accept: str) -> None:
    change_settings(api, cost_limit=1000, max_cost=1000)
    object.__setattr__(api.services, "rates", type(api.services.rates)(api.database, api.services.settings))
    for _ in range(2):
        answer = await api.nobody.http.get("/graphql", params={"query": LOG_IN % "u"}, headers={"Accept": accept})
        assert answer.status_code == 405
    assert codes(await post(api.nobody, "{ __typename }")) == ["RATE_LIMITED"]


@pytest.mark.parametrize(("query", "name"), [("query A { __typename }", "B"), (EVENTS, None)])
async def test_an_operation_that_cannot_be_answered_by_post_is_counted_too(
    api: Api, query: str, name: str | None
) -> None:
    change_settings(api, cost_limit=1000, max_cost=1000)
    object.__setattr__(api.services, "rates", type(api.services.rates)(api.database, api.services.settings))
    for _ in range(2):
        answer = await api.nobody.http.post("/graphql", json={"query": query, "operationName": name})
        assert answer.status_code == 400
    assert codes(await post(api.nobody, "{ __typename }")) == ["RATE_LIMITED"]


async def test_a_document_without_an_operation_is_counted_on_a_connection_too(api: Api) -> None:
    change_settings(api, cost_limit=1000, max_cost=1000)
    object.__setattr__(api.services, "rates", type(api.services.rates)(api.database, api.services.settings))
    async with open_socket(api, api.alice) as socket:
        for id_ in ("1", "2"):
            await socket.subscribe(id_, "fragment A on Query { __typename }")
            assert (await socket.receive())["type"] == "error"
    assert codes(await post(api.alice, "{ __typename }")) == ["RATE_LIMITED"]


# --- attempts -----------------------------------------------------------------------------------------------------------


async def test_log_ins_of_one_address(api: Api) -> None:
    seen = [await post(api.nobody, LOG_IN % name) for name in ("u", "v", "w", "x")]
    assert [codes(answer) for answer in seen] == [[], [], [], ["RATE_LIMITED"]]
    assert 1 <= seen[3]["errors"][0]["extensions"]["retryAfter"] <= 20
    sign_up = (
        'mutation { signUp(input: {email: "u@example.test", password: "a fine password"}) { userErrors { code } } }'
    )
    assert codes(await post(api.nobody, sign_up)) == []
    async with open_socket(api, api.nobody) as socket:
        await socket.subscribe("1", LOG_IN % "y")
        message = await socket.receive()
        assert message["payload"]["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_log_ins_at_one_account_whether_it_exists_or_not(api: Api) -> None:
    await accounts.create_user("somebody@example.test", "a fine password", accounts.COMMAND_LINE)
    for name in ("somebody", "unknown"):
        change_settings(api, attempts_per_address=100)
        object.__setattr__(api.services, "rates", type(api.services.rates)(api.database, api.services.settings))
        seen = [await post(api.nobody, LOG_IN % name) for _ in range(3)]
        assert [codes(answer) for answer in seen] == [[], [], ["RATE_LIMITED"]]
        assert "Too many attempts at this account from this network address." in seen[2]["errors"][0]["message"]


# --- what is under way ----------------------------------------------------------------------------------------------------


async def test_subscriptions_of_one_user_are_limited(api: Api) -> None:
    async with (
        open_socket(api, api.alice) as first,
        open_socket(api, api.alice) as second,
        open_socket(api, api.bob) as other,
    ):
        await first.subscribe("1")
        await first.event()
        await second.subscribe("1")
        await second.event()
        await second.subscribe("2")
        message = await second.receive()
        assert (message["id"], message["type"], message["payload"][0]["extensions"]["code"]) == (
            "2",
            "error",
            "RATE_LIMITED",
        )
        await other.subscribe("1")
        await other.event()
        await first.send(type="complete", id="1")
        await wait_until(lambda: _count(api, 2))
        await second.subscribe("3")
        await second.event()
    await wait_until(lambda: _count(api, 0))


async def test_a_slot_is_released_when_the_client_disconnects(api: Api) -> None:
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1")
        await socket.event()
        socket._raw.transport.abort()
    await wait_until(lambda: _count(api, 0))


async def test_streams_of_server_sent_events_count_as_subscriptions(api: Api) -> None:
    change_settings(api, max_subscriptions=1)
    headers = {"Authorization": f"Bearer {api.alice.token}", "Accept": "text/event-stream"}
    async with api.alice.http.stream("POST", "/graphql", json={"query": EVENTS}, headers=headers) as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: next"
        refused = await api.alice.http.post("/graphql", json={"query": EVENTS}, headers=headers)
        event, data, *_ = refused.text.splitlines()
        assert event == "event: next"
        assert codes(json.loads(data.removeprefix("data: "))) == ["RATE_LIMITED"]
        assert await _count(api, 1)
    await wait_until(lambda: _count(api, 0))


async def _count(api: Api, subscriptions: int) -> bool:
    return api.services.slots.count("subscriptions") == subscriptions


async def test_queries_of_one_user_are_limited(api: Api, gate: threading.Event) -> None:
    async with open_socket(api, api.alice) as socket, asyncio.TaskGroup() as group:
        held = [group.create_task(post(api.alice, SLOW)) for _ in range(2)]
        await wait_until(lambda: _operations(api, 2))
        assert codes(await post(api.alice, "{ viewer { id } }")) == ["RATE_LIMITED"]
        await socket.subscribe("1", "{ viewer { id } }")
        assert (await socket.receive())["payload"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 1}
        assert codes(await post(api.bob, "{ viewer { id } }")) == []
        await socket.subscribe("2")
        await socket.event()
        gate.set()
    assert [codes(task.result()) for task in held] == [[], []]
    assert codes(await post(api.alice, "{ viewer { id } }")) == []
    assert api.services.slots.count("operations") == 0


async def _operations(api: Api, number: int) -> bool:
    return api.services.slots.count("operations") == number


# --- the time that an operation may take ----------------------------------------------------------------------------------


async def test_the_cost_of_a_known_page_is_not_calculated_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "query($n: Int) { tasks(first: $n) { nodes { name } } }"
    charged = [(await post(api.alice, query, n=size))["extensions"]["cost"]["requested"] for size in (3, 4)]
    monkeypatch.setattr(document_cache, "measure_operation", None)
    again = [(await post(api.alice, query, n=size))["extensions"]["cost"]["requested"] for size in (3, 4)]
    assert charged == again
    assert charged[0] < charged[1]
