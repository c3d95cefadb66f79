"""Invalid requests at the HTTP edge."""

import asyncio
import json
import logging
import re
from typing import Any

import httpx
import pytest
import structlog
from pymongo import AsyncMongoClient

from tests.graphql.conftest import Api
from tocsin.accounts import COMMAND_LINE, deactivate_user
from tocsin.documents import Database
from tocsin.errors import RateLimited
from tocsin.graphql import access
from tocsin.graphql.schema import schema
from tocsin.web.negotiation import LEGACY_MEDIA_TYPE, MODERN_MEDIA_TYPE, STREAM_MEDIA_TYPE

JSON = {"Content-Type": "application/json"}
QUERY = '{"query": "{ __typename }"}'
LOG_IN = 'mutation { logIn(input: {email: "a", password: "b"}) { userErrors { code } } }'


def _fault(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"].startswith("application/")
    assert answer.headers["x-content-type-options"] == "nosniff"
    (error,) = answer.json()["errors"]
    return answer.status_code, error["extensions"]["code"]


WRONG: list[tuple[Any, dict[str, str], tuple[int, str]]] = [
    ("3", JSON, (400, "BAD_USER_INPUT")),
    ("null", JSON, (400, "BAD_USER_INPUT")),
    ('"x"', JSON, (400, "BAD_USER_INPUT")),
    ("[]", JSON, (400, "BAD_USER_INPUT")),
    ("{", JSON, (400, "BAD_USER_INPUT")),
    ("{}", JSON, (400, "BAD_USER_INPUT")),
    ("[" * 30_000 + "]" * 30_000, JSON, (400, "BAD_USER_INPUT")),
    ("1" * 10_000, JSON, (400, "BAD_USER_INPUT")),
    (b"\xff\xfe", JSON, (400, "BAD_USER_INPUT")),
    ('{"query": 3}', JSON, (400, "BAD_USER_INPUT")),
    ('{"query": "{ __typename }", "variables": []}', JSON, (400, "BAD_USER_INPUT")),
    ('{"query": "{ __typename }", "operationName": []}', JSON, (400, "BAD_USER_INPUT")),
    ('{"query": "{ __typename }", "operationName": "Other"}', JSON, (400, "BAD_USER_INPUT")),
    ('{"query": "{ __typename }", "variables": {"a": NaN}}', JSON, (400, "BAD_USER_INPUT")),
    ('{"query": "{ __typename }", "variables": {"a": "\\ud800"}}', JSON, (400, "BAD_USER_INPUT")),
    ('{"query": "subscription { taskEvents { kind } }"}', JSON, (400, "BAD_USER_INPUT")),
    (f'{{"query": "{"a" * 1_100_000}"}}', JSON, (413, "CONTENT_TOO_LARGE")),
    (QUERY, {"Content-Type": "text/plain"}, (415, "UNSUPPORTED_MEDIA_TYPE")),
    (QUERY, {"Content-Type": "application/jsonx"}, (415, "UNSUPPORTED_MEDIA_TYPE")),
    (QUERY, {"Content-Type": "application/json; charset=utf-16"}, (415, "UNSUPPORTED_MEDIA_TYPE")),
    (QUERY, {**JSON, "Content-Encoding": "gzip"}, (415, "UNSUPPORTED_MEDIA_TYPE")),
    (QUERY, {}, (415, "UNSUPPORTED_MEDIA_TYPE")),
    (QUERY, {**JSON, "Accept": "image/png"}, (406, "NOT_ACCEPTABLE")),
]


async def test_wrong_requests(api: Api) -> None:
    for body, headers, expected in WRONG:
        answer = await api.nobody.http.post("/graphql", content=body, headers=headers)
        assert _fault(answer) == expected, body[:80]


async def test_other_methods_are_refused(api: Api) -> None:
    for method in ("PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND"):
        answer = await api.nobody.http.request(method, "/graphql")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST"), method
        assert method == "HEAD" or _fault(answer) == (405, "METHOD_NOT_ALLOWED")


async def test_get_answers_queries_only(api: Api) -> None:
    answer = await api.nobody.http.get("/graphql", params={"query": "{ __typename }"})
    assert answer.json()["data"] == {"__typename": "Query"}
    for accept in (LEGACY_MEDIA_TYPE, MODERN_MEDIA_TYPE, STREAM_MEDIA_TYPE):
        refused = await api.nobody.http.get("/graphql", params={"query": LOG_IN}, headers={"Accept": accept})
        assert _fault(refused) == (405, "METHOD_NOT_ALLOWED")
        assert refused.headers["allow"] == "POST"


WRONG_URLS: list[dict[str, str | list[str]]] = [
    {},
    {"query": ""},
    {"query": "{ __typename }", "variables": "3"},
    {"query": "{ __typename }", "variables": "{"},
    {"query": "{ __typename }", "extensions": "[]"},
    {"query": ["{ __typename }", "{ viewer { id } }"]},
]


async def test_urls_that_are_wrong(api: Api) -> None:
    for parameters in WRONG_URLS:
        answer = await api.nobody.http.get("/graphql", params=parameters)
        assert _fault(answer) == (400, "BAD_USER_INPUT"), parameters


async def test_get_takes_all_members_of_a_request(api: Api) -> None:
    query = "query A { a: __typename } query B($n: String!) { __type(name: $n) { name } }"
    given = {"query": query, "operationName": "B", "variables": '{"n": "Run"}', "extensions": "{}"}
    answer = await api.nobody.http.get("/graphql", params=given)
    assert answer.json()["data"] == {"__type": {"name": "Run"}}
    empty = {"query": "{ __typename }", "operationName": "", "variables": "", "extensions": ""}
    assert (await api.nobody.http.get("/graphql", params=empty)).json()["data"] == {"__typename": "Query"}


MEDIA: list[tuple[str, str, tuple[int, str | None]]] = [
    (MODERN_MEDIA_TYPE, "{ __typename }", (200, None)),
    (MODERN_MEDIA_TYPE, "{", (400, "GRAPHQL_PARSE_FAILED")),
    (MODERN_MEDIA_TYPE, "{ nothing }", (400, "GRAPHQL_VALIDATION_FAILED")),
    (
        MODERN_MEDIA_TYPE,
        "query($c: Int!) { schedulePreview(schedule: {now: true}, count: $c) }",
        (400, "BAD_USER_INPUT"),
    ),
    (MODERN_MEDIA_TYPE, "{ viewer { id } }", (200, "UNAUTHENTICATED")),
    (LEGACY_MEDIA_TYPE, "{", (200, "GRAPHQL_PARSE_FAILED")),
    (LEGACY_MEDIA_TYPE, "{ nothing }", (200, "GRAPHQL_VALIDATION_FAILED")),
]  # fmt: skip


async def test_media_types(api: Api) -> None:
    for accept, query, expected in MEDIA:
        answer = await api.nobody.http.post("/graphql", json={"query": query}, headers={"Accept": accept})
        assert answer.headers["content-type"] == accept
        body = answer.json()
        code = body["errors"][0]["extensions"]["code"] if "errors" in body else None
        assert (answer.status_code, code) == expected
        assert ("data" in body) == (code in {None, "UNAUTHENTICATED"})


async def test_the_request_id_comes_back(api: Api) -> None:
    answer = await api.nobody.http.post("/graphql", json={"query": "{ __typename }"}, headers={"X-Request-Id": "abc-1"})
    assert answer.headers["x-request-id"] == "abc-1"
    made = await api.nobody.http.post("/graphql", json={"query": "{ __typename }"}, headers={"X-Request-Id": "a b"})
    assert made.headers["x-request-id"] not in {"a b", ""}


async def test_an_internal_fault_is_hidden_and_can_be_found(api: Api) -> None:
    await api.alice.create()
    await api.database.tasks.update_one({}, {"$set": {"schedule": {"kind": "secret-detail"}}})
    with structlog.testing.capture_logs() as logged:
        answer = await api.alice.post("{ tasks { nodes { schedule { summary } } } }")
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret-detail" not in json.dumps(answer)
    (line,) = logged
    assert line["request_id"] == error["extensions"]["requestId"]
    assert "secret-detail" in str(line["exc_info"])


QUIET = [
    "{",
    "{ nothing }",
    "query($n: Int!) { tasks(first: $n) { totalCount } }",
    "{ viewer { id } }",
    "{ tasks(first: 1000) { totalCount } }",
    'mutation { deleteTask(input: {id: "x"}) { userErrors { code } } }',
]


async def test_errors_of_callers_are_not_logged_as_errors(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    headers = {"Authorization": "Bearer nonsense"}
    with structlog.testing.capture_logs() as logged:
        for query in QUIET:
            answer = await api.nobody.http.post("/graphql", json={"query": query}, headers=headers)
            assert answer.json()["errors"]
        for body, given, _ in WRONG:
            await api.nobody.http.post("/graphql", content=body, headers=given)
    assert [line for line in logged if line["log_level"] in {"error", "critical"} or line.get("exc_info")] == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info] == []


async def test_a_rate_limit_has_the_time_to_wait(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def too_often(*_: object, **__: object) -> None:
        raise RateLimited("Not so often.", 2.2)

    monkeypatch.setattr(access, "require_identity", too_often)
    answer = await api.alice.http.post("/graphql", json={"query": "{ viewer { id } }"})
    assert (answer.status_code, answer.headers["retry-after"]) == (200, "3")  # a part of it, in the execution
    assert answer.json()["errors"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 3}
    monkeypatch.setattr(schema, "execute", too_often)
    answer = await api.alice.http.post("/graphql", json={"query": "{ viewer { id } }"})
    assert (_fault(answer), answer.headers["retry-after"]) == ((429, "RATE_LIMITED"), "3")


async def test_an_unavailable_database_is_named(api: Api) -> None:
    client: AsyncMongoClient[Any] = AsyncMongoClient("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=50)
    away = Database(client, client["away"], "", "away")
    object.__setattr__(api.services, "database", away)
    answer = await api.alice.post("{ tasks { totalCount } }")
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert error["message"].startswith("The database is unavailable")
    await client.close()


async def test_server_sent_events_begin_with_a_snapshot_and_end_with_the_token(api: Api) -> None:
    assert api.alice.user is not None
    token = api.token_for(api.alice.user, 2)
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {token}"}
    body = {"query": "subscription { taskEvents { kind } }"}
    async with api.alice.http.stream("POST", "/graphql", json=body, headers=headers) as answer:
        text = (await answer.aread()).decode()
    assert re.match('event: next\r\nid: .+\r\ndata: {"data":{"taskEvents":{"kind":"SNAPSHOT"}}}', text)
    assert '"code":"TOKEN_EXPIRED"' in text
    assert "event: complete" in text


async def test_server_sent_events_end_when_their_user_is_deactivated(api: Api) -> None:
    assert api.alice.user is not None
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {api.token_for(api.alice.user, 60)}"}
    body = {"query": "subscription { taskEvents { kind } }"}
    async with asyncio.timeout(10), api.alice.http.stream("POST", "/graphql", json=body, headers=headers) as answer:
        lines = answer.aiter_lines()
        async for line in lines:
            if "SNAPSHOT" in line:
                break
        await deactivate_user(api.database, api.alice.user, COMMAND_LINE)
        rest = [line async for line in lines]
    assert any('"code":"TOKEN_INVALID"' in line for line in rest)
