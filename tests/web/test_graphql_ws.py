# ruff: noqa: E501  # tables read best in rows
"""GraphQL over WebSocket: the protocol, message by message. Common clients are tested in tests/conformance."""

from datetime import timedelta

import pytest
import structlog
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.graphql.conftest import Api
from tests.graphql.sockets import Socket, open_socket
from tests.harness import wait_until, without_extensions
from tocsin.accounts import COMMAND_LINE, deactivate_user
from tocsin.web import graphql_ws
from tocsin.web.graphql_http import CONNECTION_INIT_TIMEOUT, MAX_OPERATIONS_PER_SOCKET, StrictGraphQLRouter
from tocsin.web.request_parsing import ANONYMOUS_BODY_LIMIT


async def test_the_token_ends_the_connection(api: Api) -> None:
    assert api.alice.user is not None
    async with open_socket(api) as socket:
        await socket.begin(api.token_for(api.alice.user, 2))
        await socket.subscribe("1")
        assert (await socket.event())["kind"] == "SNAPSHOT"
        assert await socket.close_code() == 4403
        assert socket.close_reason.startswith("TOKEN_EXPIRED: ")


async def test_deactivation_ends_the_connection(api: Api) -> None:
    assert api.alice.user is not None
    async with open_socket(api, api.alice) as socket:
        await deactivate_user(api.database, api.alice.user, COMMAND_LINE)
        assert await socket.close_code() == 4403


async def test_a_wrong_token_is_refused_and_none_can_ask_nothing(api: Api) -> None:
    async with open_socket(api) as socket:
        await socket.send(type="connection_init", payload={"Authorization": "Bearer nonsense"})
        assert await socket.close_code() == 4403
        assert socket.close_reason.startswith("TOKEN_INVALID: The access token is not valid.")
    async with open_socket(api) as socket:
        await socket.send(type="connection_init", payload={"Authorization": f"Bearer {_expired(api)}"})
        assert await socket.close_code() == 4403
        assert socket.close_reason.startswith("TOKEN_EXPIRED: The access token has expired.")
    async with open_socket(api, api.nobody) as socket:
        await socket.subscribe("1")
        answer = await socket.receive()
        assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")


async def test_an_error_in_one_operation_does_not_affect_others(api: Api) -> None:
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("good")
        await socket.event()
        for query, code in [("subscription {", "GRAPHQL_PARSE_FAILED"), ("{ nothing }", "GRAPHQL_VALIDATION_FAILED")]:
            await socket.subscribe("bad", query)
            answer = await socket.receive()
            assert (answer["id"], answer["type"]) == ("bad", "error")
            assert answer["payload"][0]["extensions"]["code"] == code
        await socket.subscribe("query", "{ viewer { email } }")
        assert (await socket.receive())["payload"]["data"] == {"viewer": {"email": "alice@example.test"}}
        assert (await socket.receive()) == {"id": "query", "type": "complete"}
        await api.alice.create()
        assert (await socket.event())["kind"] == "TASK_CREATED"


BROKEN = [
    "[]", "null", '"x"', "{}", "{", "", "NaN", "[" * 50_000, '{"type": 3}', '{"type": "nonsense"}', '{"type":"complete","id":[]}',
    '{"type": "ping", "payload": []}', '{"type": "pong", "payload": "x"}', '{"type": "connection_init", "payload": 3}',
    '{"type": "subscribe", "id": "1", "payload": []}', '{"type": "subscribe", "id": "1"}', '{"type": "' + "ü" * 500 + '"}',
    '{"type": "subscribe", "payload": {"query": "{ __typename }"}}', '{"type": "subscribe", "id": "", "payload": {"query": "{a}"}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": 3}}', '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": []}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "operationName": 1}}', '{"type": "x", "a": "\\ud800"}',
]  # fmt: skip


async def test_messages_that_break_the_protocol_close_with_4400(api: Api) -> None:
    for text in BROKEN:
        async with open_socket(api, api.alice) as socket:
            await socket.send_raw(text)
            assert await socket.close_code() == 4400, text[:80]
            assert 0 < len(socket.close_reason.encode()) <= 123
    async with open_socket(api, api.alice) as socket:
        await socket.send_raw(b"{}")
        assert await socket.close_code() == 4400


async def test_a_message_that_is_too_long_closes_with_1009(api: Api) -> None:
    async with open_socket(api, api.alice) as socket:
        await socket.send_raw(" " * (api.services.settings.body_limit + 1))
        assert await socket.close_code() == 1009


async def test_an_anonymous_caller_cannot_send_long_messages(api: Api) -> None:
    async with open_socket(api) as socket:
        await socket.send_raw(" " * (ANONYMOUS_BODY_LIMIT + 1))
        assert await socket.close_code() == 1009


async def test_what_comes_before_the_acknowledgement(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_socket(api) as socket:
        await socket.subscribe("1")
        assert (await socket.close_code(), socket.close_reason) == (4401, "Unauthorized")
    async with open_socket(api) as socket:
        await socket.send(type="ping", payload={"a": 1})
        assert (await socket.receive())["type"] == "pong"
        await socket.send(type="connection_init", payload=None)
        assert await socket.receive() == {"type": "connection_ack"}
        await socket.send(type="connection_init")
        assert (await socket.close_code(), socket.close_reason) == (4429, "Too many initialisation requests")


async def test_a_silent_connection_is_closed_with_4408(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    assert timedelta(seconds=5) == CONNECTION_INIT_TIMEOUT

    async def at_once(handler: graphql_ws.GraphQLWebSocketHandler) -> None:
        handler.connection_init_wait_timeout = timedelta(milliseconds=50)
        await began(handler)

    began = graphql_ws.GraphQLWebSocketHandler.handle
    monkeypatch.setattr(graphql_ws.GraphQLWebSocketHandler, "handle", at_once)
    async with open_socket(api) as socket:
        assert (await socket.close_code(), socket.close_reason) == (4408, "Connection initialisation timeout")


async def test_an_id_in_use_closes_with_4409_and_can_be_used_again_when_it_is_free(api: Api) -> None:
    async with open_socket(api, api.alice) as socket:
        for _ in range(2):
            await socket.subscribe("1", "{ __typename }")
            assert [(await socket.receive())["type"] for _ in range(2)] == ["next", "complete"]
        name = "ü" * 100
        await socket.subscribe(name)
        await socket.event()
        await socket.send(type="complete", id=name)
        await socket.subscribe(name)
        await socket.event()
        await socket.subscribe(name)
        assert await socket.close_code() == 4409
        assert socket.close_reason.startswith("Subscriber for üü")


async def test_too_many_operations_on_a_connection(api: Api) -> None:
    async with open_socket(api, api.alice) as socket:
        for number in range(MAX_OPERATIONS_PER_SOCKET):
            await socket.subscribe(str(number))
            await socket.event()
        await socket.subscribe("more")
        answer = await socket.receive()
        assert (answer["id"], answer["type"]) == ("more", "error")
        assert answer["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        await socket.send(type="complete", id="0")
        await socket.subscribe("more")
        assert (await socket.event())["kind"] == "SNAPSHOT"


async def test_a_result_without_execution_has_no_data(api: Api) -> None:
    async with open_socket(api, api.alice) as socket:
        await socket.subscribe("1", "query($n: Int!) { tasks(first: $n) { totalCount } }")
        answer = await socket.receive()
        assert (answer["type"], list(without_extensions(answer["payload"]))) == ("next", ["errors"])


async def test_an_internal_error_closes_with_1011_and_is_logged(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(_: object) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(StrictGraphQLRouter, "on_ws_connect", lambda *_: failing(_))
    with structlog.testing.capture_logs() as logged:
        async with open_socket(api) as socket:
            await socket.send(type="connection_init")
            assert (await socket.close_code(), socket.close_reason) == (1011, "Something went wrong inside Tocsin.")
    (line,) = [line for line in logged if line["log_level"] == "error"]
    assert line["request_id"]
    assert line["exc_info"]


async def test_a_client_that_drops_the_line_leaves_nothing_behind(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    async with open_socket(api, api.alice) as socket:
        for number in range(5):
            await socket.subscribe(str(number))
            await socket.event()
        socket.drop()

    async def gone() -> bool:
        return not api.services.fanout._subscriptions

    await wait_until(gone)
    assert [record for record in caplog.records if record.exc_info] == []


async def test_the_legacy_protocol_is_refused(api: Api) -> None:
    async with connect(api.ws_url, subprotocols=[Subprotocol("graphql-ws")]) as raw:
        assert await Socket(raw).close_code() == 4406


def _expired(api: Api) -> str:
    assert api.alice.user is not None
    return api.token_for(api.alice.user, -60)
