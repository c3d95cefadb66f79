# ruff: noqa: E501  # tables read best in rows
"""Events over a WebSocket, message by message. Common clients are tested in tests/conformance."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.graphql.conftest import T0, Api, Caller, run_document
from tests.harness import wait_until, without_extensions
from tocsin.graphql import ids
from tocsin.web import graphql_ws
from tocsin.web.graphql_http import CONNECTION_INIT_TIMEOUT, MAX_OPERATIONS_PER_SOCKET, StrictGraphQLRouter
from tocsin.web.request_parsing import ANONYMOUS_BODY_LIMIT

PROTOCOL = Subprotocol("graphql-transport-ws")
EVENTS = """subscription($id: ID) { taskEvents(taskId: $id) {
  kind at taskId taskStatus runStatus task { name status } run { status dueAt }
} }"""


class Socket:
    """A WebSocket connection without a client library."""

    def __init__(self, raw: ClientConnection) -> None:
        self._raw = raw

    async def send(self, **message: Any) -> None:
        await self._raw.send(json.dumps(message))

    async def send_raw(self, text: str | bytes) -> None:
        await self._raw.send(text)

    @property
    def close_reason(self) -> str:
        return self._raw.close_reason or ""

    def drop(self) -> None:
        """Disconnect without a closing handshake."""
        self._raw.transport.abort()

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(5):
            found: dict[str, Any] = json.loads(await self._raw.recv())
        return found

    async def begin(self, token: str | None) -> None:
        payload = {"authorization": f"Bearer {token}"} if token else {}
        await self.send(type="connection_init", payload=payload)
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, id_: str, query: str = EVENTS, **variables: Any) -> None:
        await self.send(type="subscribe", id=id_, payload={"query": query, "variables": variables})

    async def event(self) -> Any:
        return (await self.receive())["payload"]["data"]["taskEvents"]

    async def close_code(self) -> int | None:
        """Return the code with which the server closes the connection."""
        async with asyncio.timeout(8):
            with suppress(ConnectionClosed):
                async for _ in self._raw:
                    pass
        return self._raw.close_code


@asynccontextmanager
async def _socket(api: Api, caller: Caller | None = None) -> AsyncIterator[Socket]:
    async with connect(api.ws_url, subprotocols=[PROTOCOL]) as raw:
        socket = Socket(raw)
        if caller is not None:
            await socket.begin(caller.token)
        yield socket


async def _until(socket: Socket, **expected: Any) -> Any:
    """Return the first event with these values."""
    while True:
        event = await socket.event()
        if all(event[name] == value for name, value in expected.items()):
            return event


async def test_a_snapshot_first_then_what_happens(api: Api) -> None:
    async with _socket(api, api.alice) as socket:
        await socket.subscribe("1")
        snapshot = await socket.event()
        assert (snapshot["kind"], snapshot["task"], snapshot["run"]) == ("SNAPSHOT", None, None)
        task = await api.alice.create("live")
        created = await socket.event()
        assert (created["kind"], created["taskId"], created["taskStatus"]) == ("TASK_CREATED", task, "PENDING")
        assert created["task"] == {"name": "live", "status": "PENDING"}
        await api.alice.do("runTask", {"id": task})
        run = await _until(socket, kind="RUN_CREATED")
        assert (run["runStatus"], run["run"]["status"], run["task"]["name"]) == ("QUEUED", "QUEUED", "live")
        await api.alice.do("pauseTask", {"id": task})
        await _until(socket, kind="TASK_UPDATED", taskStatus="PAUSED")
        await api.alice.do("deleteTask", {"id": task})
        deleted = await _until(socket, kind="TASK_DELETED")
        assert deleted["task"] is None


async def test_of_one_task_only(api: Api) -> None:
    first, second = await api.alice.create("first"), await api.alice.create("second")
    async with _socket(api, api.alice) as socket:
        await socket.subscribe("1", id=first)
        snapshot = await socket.event()
        assert (snapshot["taskId"], snapshot["task"]["name"]) == (first, "first")
        await api.alice.do("pauseTask", {"id": second})
        await api.alice.do("pauseTask", {"id": first})
        assert (await socket.event())["taskId"] == first


async def test_changes_by_another_process_are_seen_and_those_of_others_are_not(api: Api) -> None:
    mine, _ = await api.alice.create("mine"), await api.bob.create("bobs")
    async with _socket(api, api.alice) as alice, _socket(api, api.carol) as carol:
        for socket in (alice, carol):
            await socket.subscribe("1")
            assert (await socket.event())["kind"] == "SNAPSHOT"
        bobs = await api.database.tasks.find_one({"name": "bobs"})
        task = await api.database.tasks.find_one({"name": "mine"})
        assert bobs is not None
        assert task is not None
        await api.database.runs.insert_one(run_document(bobs["_id"], T0))
        await api.database.runs.insert_one(run_document(task["_id"], T0))
        event = await alice.event()
        assert (event["kind"], event["taskId"], event["runStatus"]) == ("RUN_CREATED", mine, "COMPLETED")
        await api.carol.create("carols")
        assert (await carol.event())["task"]["name"] == "carols"


async def test_unknown_foreign_and_malformed_tasks_are_told(api: Api) -> None:
    foreign = await api.bob.create()
    unknown = ids.encode_id("Task", f"{api.alice.user.id if api.alice.user else ''}/none")
    async with _socket(api, api.alice) as socket:
        for id_, message in [
            (foreign, "You have no task with this id."),
            (unknown, "You have no task with this id."),
            ("x", None),
        ]:
            await socket.subscribe("1", id=id_)
            answer = await socket.receive()
            assert answer["type"] == "error"
            (error,) = answer["payload"]
            assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": ["taskId"]}
            assert message is None or error["message"] == message
        await socket.subscribe("1")
        assert (await socket.event())["kind"] == "SNAPSHOT"


async def test_twenty_subscriptions_on_one_socket(api: Api) -> None:
    async with _socket(api, api.alice) as socket:
        for number in range(20):
            await socket.subscribe(str(number))
        assert {(await socket.receive())["id"] for _ in range(20)} == {str(number) for number in range(20)}
        await api.alice.create()
        told = [await socket.receive() for _ in range(20)]
        assert {message["id"] for message in told} == {str(number) for number in range(20)}
        assert {message["payload"]["data"]["taskEvents"]["kind"] for message in told} == {"TASK_CREATED"}
    while api.services.fanout._subscriptions:
        await asyncio.sleep(0.01)  # no subscription is left after the socket was closed


async def test_the_token_ends_the_connection(api: Api) -> None:
    assert api.alice.user is not None
    async with _socket(api) as socket:
        await socket.begin(api.token_for(api.alice.user, 2))
        await socket.subscribe("1")
        assert (await socket.event())["kind"] == "SNAPSHOT"
        assert await socket.close_code() == 4403
        assert socket.close_reason.startswith("TOKEN_EXPIRED: ")


async def test_deactivation_ends_the_connection(api: Api) -> None:
    assert api.alice.user is not None
    async with _socket(api, api.alice) as socket:
        await api.database.db["users"].update_one({"_id": api.alice.user.id}, {"$set": {"is_active": False}})
        assert await socket.close_code() == 4403


async def test_a_wrong_token_is_refused_and_none_can_ask_nothing(api: Api) -> None:
    async with _socket(api) as socket:
        await socket.send(type="connection_init", payload={"Authorization": "Bearer nonsense"})
        assert await socket.close_code() == 4403
        assert socket.close_reason.startswith("TOKEN_INVALID: The access token is not valid.")
    async with _socket(api) as socket:
        await socket.send(type="connection_init", payload={"Authorization": f"Bearer {_expired(api)}"})
        assert await socket.close_code() == 4403
        assert socket.close_reason.startswith("TOKEN_EXPIRED: The access token has expired.")
    async with _socket(api, api.nobody) as socket:
        await socket.subscribe("1")
        answer = await socket.receive()
        assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")


async def test_a_fault_of_one_operation_leaves_the_others_alone(api: Api) -> None:
    async with _socket(api, api.alice) as socket:
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
        async with _socket(api, api.alice) as socket:
            await socket.send_raw(text)
            assert await socket.close_code() == 4400, text[:80]
            assert 0 < len(socket.close_reason.encode()) <= 123
    async with _socket(api, api.alice) as socket:
        await socket.send_raw(b"{}")
        assert await socket.close_code() == 4400


async def test_a_message_that_is_too_long_closes_with_1009(api: Api) -> None:
    async with _socket(api, api.alice) as socket:
        await socket.send_raw(" " * (api.services.settings.body_limit + 1))
        assert await socket.close_code() == 1009


async def test_a_stranger_sends_no_long_messages(api: Api) -> None:
    async with _socket(api) as socket:
        await socket.send_raw(" " * (ANONYMOUS_BODY_LIMIT + 1))
        assert await socket.close_code() == 1009


async def test_what_comes_before_the_acknowledgement(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async with _socket(api) as socket:
        await socket.subscribe("1")
        assert (await socket.close_code(), socket.close_reason) == (4401, "Unauthorized")
    async with _socket(api) as socket:
        await socket.send(type="ping", payload={"a": 1})
        assert (await socket.receive())["type"] == "pong"
        await socket.send(type="connection_init", payload=None)
        assert await socket.receive() == {"type": "connection_ack"}
        await socket.send(type="connection_init")
        assert (await socket.close_code(), socket.close_reason) == (4429, "Too many initialisation requests")


async def test_who_says_nothing_is_closed_with_4408(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    assert timedelta(seconds=5) == CONNECTION_INIT_TIMEOUT

    async def at_once(handler: graphql_ws.GraphQLWebSocketHandler) -> None:
        handler.connection_init_wait_timeout = timedelta(milliseconds=50)
        await began(handler)

    began = graphql_ws.GraphQLWebSocketHandler.handle
    monkeypatch.setattr(graphql_ws.GraphQLWebSocketHandler, "handle", at_once)
    async with _socket(api) as socket:
        assert (await socket.close_code(), socket.close_reason) == (4408, "Connection initialisation timeout")


async def test_an_id_in_use_closes_with_4409_and_can_be_used_again_when_it_is_free(api: Api) -> None:
    async with _socket(api, api.alice) as socket:
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
    async with _socket(api, api.alice) as socket:
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
    async with _socket(api, api.alice) as socket:
        await socket.subscribe("1", "query($n: Int!) { tasks(first: $n) { totalCount } }")
        answer = await socket.receive()
        assert (answer["type"], list(without_extensions(answer["payload"]))) == ("next", ["errors"])


async def test_a_fault_of_ours_closes_with_1011_and_is_logged(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(_: object) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(StrictGraphQLRouter, "on_ws_connect", lambda *_: failing(_))
    with structlog.testing.capture_logs() as logged:
        async with _socket(api) as socket:
            await socket.send(type="connection_init")
            assert (await socket.close_code(), socket.close_reason) == (1011, "Something went wrong inside Tocsin.")
    (line,) = [line for line in logged if line["log_level"] == "error"]
    assert line["request_id"]
    assert line["exc_info"]


async def test_a_client_that_drops_the_line_leaves_nothing_behind(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    async with _socket(api, api.alice) as socket:
        for number in range(5):
            await socket.subscribe(str(number))
            await socket.event()
        socket.drop()

    async def gone() -> bool:
        return not api.services.fanout._subscriptions

    await wait_until(gone)
    assert [record for record in caplog.records if record.exc_info] == []


async def test_the_legacy_protocol_is_not_spoken(api: Api) -> None:
    async with connect(api.ws_url, subprotocols=[Subprotocol("graphql-ws")]) as raw:
        assert await Socket(raw).close_code() == 4406


async def test_a_limit_completes_it_after_so_many_events(api: Api) -> None:
    query = "subscription { taskEvents(limit: 2) { kind } }"
    async with _socket(api, api.alice) as socket:
        await socket.subscribe("1", query)
        assert (await socket.event())["kind"] == "SNAPSHOT"
        await api.alice.create("second event")
        assert (await socket.event())["kind"] == "TASK_CREATED"
        assert await socket.receive() == {"type": "complete", "id": "1"}


@pytest.mark.parametrize("after", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"])
@pytest.mark.parametrize("field", ["taskEvents", "workflowRunEvents"])
async def test_a_moment_that_nobody_can_have_seen_begins_with_a_snapshot(api: Api, field: str, after: str) -> None:
    async with _socket(api, api.alice) as socket:
        await socket.subscribe("1", f'subscription {{ {field}(after: "{after}", limit: 1) {{ kind }} }}')
        assert (await socket.receive())["payload"]["data"][field] == {"kind": "SNAPSHOT"}


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ("taskEvents(limit: 0) { kind }", "limit must be 1 to 10000; it is 0."),
        ("workflowRunEvents(limit: 10001) { kind }", "limit must be 1 to 10000; it is 10001."),
        ("workflowRunEvents(untilEnd: true) { kind }", "untilEnd requires workflowRunId"),
    ],
)
async def test_wrong_ends_are_told(api: Api, field: str, says: str) -> None:
    async with _socket(api, api.alice) as socket:
        await socket.subscribe("1", f"subscription {{ {field} }}")
        message = await socket.receive()
    (error,) = message["payload"]
    assert message["type"] == "error"
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert says in error["message"]


async def test_until_the_end_completes_with_the_workflow_run(api: Api) -> None:
    steps = [{"key": "a", "wait": "PT1H"}]
    save = "mutation($i: SaveWorkflowInput!) { saveWorkflow(input: $i) { userErrors { message } } }"
    assert await api.alice.ask(save, i={"definition": {"name": "w", "steps": steps}}) == {
        "saveWorkflow": {"userErrors": []}
    }
    made = await api.alice.ask('mutation { executeWorkflow(input: {name: "w"}) { workflowRun { id } } }')
    run_id = made["executeWorkflow"]["workflowRun"]["id"]
    query = "subscription($id: ID!) { workflowRunEvents(workflowRunId: $id, untilEnd: true) { kind status } }"
    async with _socket(api, api.alice) as socket:
        await socket.subscribe("1", query, id=run_id)
        assert (await socket.receive())["payload"]["data"]["workflowRunEvents"]["kind"] == "SNAPSHOT"
        _, document = ids.decode_id(run_id)
        ended = {"status": "COMPLETED", "open": False, "news": "{}"}
        await api.database.workflow_runs.update_one({"_id": document}, {"$set": ended, "$inc": {"rev": 1}})
        assert (await socket.receive())["payload"]["data"]["workflowRunEvents"]["status"] == "COMPLETED"
        assert await socket.receive() == {"type": "complete", "id": "1"}
        await socket.subscribe("2", query, id=run_id)
        assert (await socket.receive())["payload"]["data"]["workflowRunEvents"]["kind"] == "SNAPSHOT"
        assert await socket.receive() == {"type": "complete", "id": "2"}
        after = query.replace("untilEnd", 'after: "2100-01-01T00:00:00Z", untilEnd')
        await socket.subscribe("3", after, id=run_id)
        assert (await socket.receive())["payload"]["data"]["workflowRunEvents"]["kind"] == "SNAPSHOT"
        assert await socket.receive() == {"type": "complete", "id": "3"}


def _expired(api: Api) -> str:
    assert api.alice.user is not None
    return api.token_for(api.alice.user, -60)
