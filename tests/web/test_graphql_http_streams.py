"""Server-sent events, in the distinct connections mode of graphql-sse: any operation, by GET and POST."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.server import run_server
from tests.graphql.conftest import Api, Caller
from tests.graphql.notifications.helpers import names_of, owner_of, tell
from tests.graphql.sockets import open_socket
from tests.harness import wait_until, without_extensions
from tocsin.errors import RateLimited
from tocsin.graphql.sharing import identity
from tocsin.web import graphql_http
from tocsin.web.negotiation import LEGACY_MEDIA_TYPE, MODERN_MEDIA_TYPE, STREAM_MEDIA_TYPE

HALF = [b"", b"GET /live HTTP/1.1\r\nHo", b"GET /graphql HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"]
EVENTS = "subscription { taskEvents { kind } }"
MUTATION = 'mutation { deleteTask(input: {id: "x"}) { userErrors { code } } }'
SNAPSHOT = {"data": {"taskEvents": {"kind": "SNAPSHOT"}}}
TYPENAME = {"data": {"__typename": "Query"}}


@asynccontextmanager
async def asked(
    caller: Caller, query: str, accept: str = STREAM_MEDIA_TYPE, method: str = "POST", last_event_id: str = ""
) -> AsyncIterator[httpx.Response]:
    """Open a response whose body has not been read."""
    headers = {"Accept": accept} | ({"Authorization": f"Bearer {caller.token}"} if caller.token else {})
    headers |= {"Last-Event-ID": last_event_id} if last_event_id else {}
    body: dict[str, Any] = {"json": {"query": query}} if method == "POST" else {"params": {"query": query}}
    async with asyncio.timeout(15), caller.http.stream(method, "/graphql", headers=headers, **body) as answer:
        yield answer


async def events(answer: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    """Yield each event with its data; `:` for comments."""
    event = ""
    async for line in answer.aiter_lines():
        name, _, value = line.partition(":")
        if name == "event":
            event = value.strip()
        elif name == "data":
            yield event, json.loads(value) if value.strip() else None
        elif line and name != "id":
            assert not name, line
            yield ":", value.strip()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_query_is_one_event(api: Api, method: str) -> None:
    async with asked(api.nobody, "{ __typename }", method=method) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, STREAM_MEDIA_TYPE)
        assert [(name, data and without_extensions(data)) async for name, data in events(answer)] == [
            ("next", TYPENAME),
            ("complete", None),
        ]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_subscription_is_many(api: Api, method: str) -> None:
    async with asked(api.alice, EVENTS, method=method) as answer:
        assert "no-transform" in answer.headers["cache-control"]
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["x-content-type-options"] == "nosniff"
        stream = events(answer)
        assert await anext(stream) == ("next", SNAPSHOT)
        await api.alice.create()
        assert (await anext(stream))[1]["data"]["taskEvents"]["kind"] == "TASK_CREATED"

    async def gone() -> bool:
        return not api.services.fanout._subscriptions

    await wait_until(gone)


async def test_equal_streams_and_sockets_share_their_events(api: Api) -> None:
    limited = "subscription { taskEvents(limit: 2) { kind } }"
    async with asked(api.alice, EVENTS) as one, asked(api.alice, EVENTS) as other, asked(api.alice, limited) as brief:
        streams = [events(answer) for answer in (one, other, brief)]
        assert [await anext(stream) for stream in streams] == [("next", SNAPSHOT)] * 3
        async with open_socket(api, api.alice) as websocket:
            await websocket.subscribe("1", EVENTS)
            assert (await websocket.event())["kind"] == "SNAPSHOT"
            assert len(api.services.subscription_groups) == 2
            await api.alice.create()
            created = {"data": {"taskEvents": {"kind": "TASK_CREATED"}}}
            assert [await anext(stream) for stream in streams] == [("next", created)] * 3
            assert (await websocket.receive())["payload"] == created
        assert await anext(streams[2]) == ("complete", None)


async def identified(answer: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    """Yield the ID and the data of each event, as a browser's EventSource would."""
    last = ""
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name == "id":
            last = value
        elif name == "data" and value:
            yield last, json.loads(value)["data"]


SHARED = "subscription { taskEvents { kind cursor taskId } }"


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_id_of_an_event_is_its_cursor_with_which_the_stream_goes_on(
    api: Api, method: str, long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the stream is shared with equal ones or not."""
    if long:
        monkeypatch.setattr(identity, "MAX_VARIABLES_LENGTH", 1)  # so that it is not shared
    async with asked(api.alice, SHARED, method=method) as answer:
        stream = identified(answer)
        last, snapshot = await anext(stream)
        assert (snapshot["taskEvents"]["kind"], snapshot["taskEvents"]["cursor"]) == ("SNAPSHOT", last)
        assert len(api.services.subscription_groups) == (not long)
        first = await api.alice.create()
        last, created = await anext(stream)
        assert created["taskEvents"] == {"kind": "TASK_CREATED", "cursor": last, "taskId": first}
    second = await api.alice.create()
    async with asked(api.alice, SHARED, method=method, last_event_id=last) as answer:
        stream, seen = identified(answer), set[str]()
        while second not in seen:
            last, event = await anext(stream)
            assert event["taskEvents"]["cursor"] == last
            assert event["taskEvents"]["kind"] == "TASK_CREATED"
            seen.add(event["taskEvents"]["taskId"])


async def test_the_id_of_a_notification_is_its_cursor(api: Api) -> None:
    query = "subscription { notificationReceived { cursor data } }"
    await tell(api.database, owner_of(api.alice), 1, 2)
    async with asked(api.alice, query) as answer:
        last, event = await anext(identified(answer))
        assert event["notificationReceived"]["cursor"] == last
        (first,) = names_of([event["notificationReceived"]])
    async with asked(api.alice, query, last_event_id=last) as answer:
        assert names_of([(await anext(identified(answer)))[1]["notificationReceived"]]) == [3 - first]


@pytest.mark.parametrize("field", ["taskEvents", "workflowRunEvents", "runEvents", "notificationReceived"])
async def test_a_malformed_id_is_an_error_and_none_at_all_is_none(api: Api, field: str) -> None:
    async with asked(api.alice, f"subscription {{ {field} {{ cursor }} }}", last_event_id="4") as answer:
        name, data = await anext(events(answer))
    assert (name, data["errors"][0]["extensions"]["code"]) == ("next", "BAD_USER_INPUT")
    assert "cursor" in data["errors"][0]["message"]


async def test_a_stream_ends_with_its_token(api: Api) -> None:
    assert api.alice.user is not None
    caller = Caller(api.alice.http, api.alice.user, api.token_for(api.alice.user, 2))
    async with asked(caller, EVENTS) as answer:
        found = [event async for event in events(answer)]
    assert found[0] == ("next", SNAPSHOT)
    assert [error["extensions"]["code"] for error in found[1][1]["errors"]] == ["TOKEN_EXPIRED"]
    assert found[2] == ("complete", None)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment F on Query { __typename }", "BAD_USER_INPUT"),
        ("query($n: Int!) { tasks(first: $n) { totalCount } }", "BAD_USER_INPUT"),
        ('subscription { taskEvents(taskId: "x") { kind } }', "BAD_USER_INPUT"),
    ],
)
async def test_errors_of_the_document_are_sent_in_the_stream(api: Api, query: str, code: str) -> None:
    async with asked(api.alice, query) as answer:
        assert answer.status_code == 200
        (_, refusal), end = [event async for event in events(answer)]
    assert "data" not in refusal
    assert [error["extensions"]["code"] for error in refusal["errors"]] == [code]
    assert end == ("complete", None)


async def test_errors_of_the_request_are_statuses(api: Api) -> None:
    for method, body, status in (("POST", {"query": ""}, 400), ("GET", {}, 400), ("PUT", {}, 405)):
        answer = await api.nobody.http.request(method, "/graphql", json=body, headers={"Accept": STREAM_MEDIA_TYPE})
        assert (answer.status_code, answer.headers["content-type"]) == (status, LEGACY_MEDIA_TYPE)


async def test_a_get_of_a_caller_over_the_rate_limit_is_not_parsed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RateLimited("Not so often.", 1.5)

    monkeypatch.setattr(api.services.rates, "check_points", refuse)
    async with asked(api.nobody, MUTATION, method="GET") as answer:
        assert answer.status_code == 200
        (_, refusal), _ = [event async for event in events(answer)]
    assert [error["extensions"]["code"] for error in refusal["errors"]] == ["RATE_LIMITED"]


async def test_a_client_that_accepts_both_gets_what_fits_the_operation(api: Api) -> None:
    both = f"{MODERN_MEDIA_TYPE}, {LEGACY_MEDIA_TYPE}, {STREAM_MEDIA_TYPE}"
    async with asked(api.alice, "{ __typename }", both) as answer:
        assert answer.headers["content-type"] == MODERN_MEDIA_TYPE
    async with asked(api.alice, EVENTS, both) as answer:
        assert answer.headers["content-type"] == STREAM_MEDIA_TYPE
        assert await anext(events(answer)) == ("next", SNAPSHOT)
    async with asked(api.alice, "{ __typename }", f"{STREAM_MEDIA_TYPE}, {LEGACY_MEDIA_TYPE};q=0.5") as answer:
        assert answer.headers["content-type"] == STREAM_MEDIA_TYPE
    async with asked(api.alice, EVENTS, f"{LEGACY_MEDIA_TYPE}, {STREAM_MEDIA_TYPE};q=0") as answer:
        assert answer.status_code == 400


async def test_an_idle_stream_is_kept_alive(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_http, "KEEP_ALIVE_SECONDS", 0.05)
    async with asked(api.alice, EVENTS) as answer:
        stream = events(answer)
        while await anext(stream) != ("next", SNAPSHOT):
            pass
        assert [await anext(stream) for _ in range(3)] == [(":", "ping")] * 3


async def test_the_end_of_the_server_ends_a_stream_at_once(tmp_path: Path) -> None:
    """Idle connections, and those with half a request, do not delay the shutdown."""
    with ExitStack() as others:
        await _stop_with(tmp_path, others)


async def _stop_with(tmp_path: Path, others: ExitStack) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up()
        for said in HALF:
            half = others.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            half.sendall(said)
        headers = {"Accept": STREAM_MEDIA_TYPE, "Authorization": f"Bearer {server.token}"}
        async with httpx.AsyncClient(timeout=30) as http:
            async with http.stream("POST", server.url, json={"query": EVENTS}, headers=headers) as answer:
                stream = events(answer)
                assert await anext(stream) == ("next", SNAPSHOT)
                stopping = asyncio.create_task(server.stop())
                with pytest.raises(httpx.RemoteProtocolError):  # not `complete`: the client should reconnect
                    await anext(stream)
            assert await stopping == 0
        assert "Traceback" not in server.log.read_text()
        assert "graceful shutdown exceeded" not in server.log.read_text()
