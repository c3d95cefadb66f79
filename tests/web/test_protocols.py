"""Malformed and hostile requests over bare connections: no crash, no hang, a response in JSON."""

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest

from tests.graphql.conftest import Api
from tests.harness import without_extensions
from tests.web.conftest import Connect
from tocsin.graphql.limits.guarded_schema import MAX_VARIABLE_ERRORS
from tocsin.web import protocols, security_headers

LIVE = "GET /live HTTP/1.1\r\nHost: a\r\n\r\n"
ALIVE = b'{"status":"alive"}'
QUERY = '{"query": "{ __typename }"}'
TYPENAME = {"data": {"__typename": "Query"}}
POST = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


@pytest.fixture(autouse=True)
def _nothing_fails_in_silence(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No test may leave a traceback in the log."""
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info] == []


MALFORMED = [
    b"nonsense\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),  # TLS to a port without
    b"GET /live HTTP/9.9\r\nHost: a\r\n\r\n",
    b"FETCH /live HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /live HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
    b"GET /live HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
    b"GET /live HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"GET /live HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"GET /live HTTP/1.1\r\n\r\n",
    b"GET /live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    POST.encode() + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    POST.encode() + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]


@pytest.mark.parametrize("request_", MALFORMED, ids=lambda data: data[:24].decode(errors="replace"))
async def test_what_is_no_request_is_400(connect: Connect, request_: bytes) -> None:
    async with connect() as raw:
        await raw.send(request_)
        answer = await raw.answer()
        assert (answer.status, answer.code) == (400, "BAD_USER_INPUT")
        assert answer.headers["connection"] == "close"
        assert await raw.rest() == b""


LARGE = [
    (LIVE.replace("/live", "/live?" + "a" * protocols.URL_LIMIT), 414, "URI_TOO_LONG"),
    (LIVE[:-2] + "X: " + "a" * protocols.HEAD_LIMIT + "\r\n\r\n", 431, "REQUEST_HEADER_FIELDS_TOO_LARGE"),
    (LIVE[:-2] + "X: a\r\n" * protocols.HEADER_LIMIT + "\r\n", 431, "REQUEST_HEADER_FIELDS_TOO_LARGE"),
]


@pytest.mark.parametrize(("request_", "status", "code"), LARGE, ids=["url", "header", "headers"])
async def test_heads_that_are_too_large(connect: Connect, request_: str, status: int, code: str) -> None:
    async with connect() as raw:
        await raw.send(request_)
        answer = await raw.answer()
        assert (answer.status, answer.code) == (status, code)
        assert await raw.rest() == b""


@pytest.mark.parametrize(("begin", "status"), [(LIVE[:-2] + "X: ", 431), ("GET /", 414)])
async def test_heads_that_never_end(connect: Connect, begin: str, status: int) -> None:
    async with connect() as raw:
        await raw.send(begin)
        for _ in range(protocols.HEAD_LIMIT // 1024 + 1):
            await raw.send("a" * 1024)
        assert (await raw.answer()).status == status
        assert await raw.rest() == b""


async def test_heads_just_within_their_bounds_are_served(connect: Connect) -> None:
    async with connect() as raw:
        await raw.send(LIVE.replace("/live", "/live?" + "a" * (protocols.URL_LIMIT - 6)))
        assert (await raw.answer()).body == ALIVE
        await raw.send(LIVE[:-2] + "X: a\r\n" * (protocols.HEADER_LIMIT - 1) + "\r\n")
        assert (await raw.answer()).body == ALIVE
        for character in LIVE:
            await raw.send(character)
        assert (await raw.answer()).body == ALIVE


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(protocols, "BODY_SECONDS", 0.2)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("begin", ["G", "GET /live HTTP/1.1\r\nHost: a\r\nX: "])
async def test_a_head_that_does_not_arrive_times_out(connect: Connect, begin: str) -> None:
    async with connect() as raw:
        await raw.send(begin)
        answer = await raw.answer()
        assert (answer.status, answer.code) == (408, "REQUEST_TIMEOUT")
        assert await raw.rest() == b""


@pytest.mark.usefixtures("_impatient")
async def test_a_silent_connection_is_closed_without_a_response(connect: Connect) -> None:
    async with connect() as raw:
        assert await raw.rest() == b""
    async with connect() as raw:
        await raw.send("\r\n\r\n")
        assert await raw.rest() == b""


@pytest.mark.usefixtures("_impatient")
async def test_the_next_request_of_a_connection_is_given_up_too(connect: Connect) -> None:
    async with connect() as raw:
        await raw.send(LIVE)
        assert (await raw.answer()).status == 200
        await raw.send("GET /li")
        assert (await raw.answer()).status == 408


@pytest.mark.usefixtures("_impatient")
async def test_a_body_that_does_not_arrive_times_out(connect: Connect) -> None:
    for length in ("Content-Length: 100", "Transfer-Encoding: chunked"):
        async with connect() as raw:
            await raw.send(POST + length + "\r\n\r\n")
            answer = await raw.answer()
            assert (answer.status, answer.code) == (408, "REQUEST_TIMEOUT")
            assert await raw.rest() == b""


@pytest.mark.usefixtures("_impatient")
async def test_an_unread_body_does_not_hold_the_connection(connect: Connect) -> None:
    async with connect() as raw:
        await raw.send(LIVE[:-2] + "Content-Length: 100\r\n\r\n")
        assert (await raw.answer()).status == 200
        assert await raw.rest() == b""


async def test_a_body_without_end_is_cut_off(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "DRAIN_LIMIT", 100_000)
    async with connect() as raw:
        await raw.send(LIVE[:-2] + "Transfer-Encoding: chunked\r\n\r\n")
        assert (await raw.answer()).status == 200
        chunk = "1000\r\n" + "a" * 0x1000 + "\r\n"

        async def go_on() -> None:
            while True:
                await raw.send(chunk)

        with pytest.raises(ConnectionError):
            await go_on()


@pytest.mark.usefixtures("_impatient")
async def test_an_empty_line_after_a_body_does_not_end_its_stream(api: Api, connect: Connect) -> None:
    """Very old clients send empty lines. The timer then is that of the next request, not of the current response."""
    body = json.dumps({"query": "subscription { taskEvents { kind } }"})
    head = POST + f"Accept: text/event-stream\r\nAuthorization: Bearer {api.alice.token}\r\n"
    async with connect() as raw:
        await raw.send(f"{head}Content-Length: {len(body)}\r\n\r\n{body}\r\n")
        while "SNAPSHOT" not in await raw.line():
            pass
        async with connect() as other:  # it closes when the time has passed
            assert await other.rest() == b""
        await api.alice.create()
        while "TASK_CREATED" not in await raw.line():
            pass


# --- unusual, but valid -----------------------------------------------------------------------------------------------


async def test_requests_in_a_row_are_answered_in_their_order(connect: Connect) -> None:
    query = f"{POST}Content-Length: {len(QUERY)}\r\n\r\n{QUERY}"
    async with connect() as raw:
        await raw.send(query + LIVE + query + LIVE)
        for expected in (TYPENAME, {"status": "alive"}) * 2:
            assert without_extensions(json.loads((await raw.answer()).body)) == expected


async def test_the_requests_before_a_malformed_one_are_answered(connect: Connect) -> None:
    query = f"{POST}Content-Length: {len(QUERY)}\r\n\r\n{QUERY}"
    async with connect() as raw:
        await raw.send(query + LIVE + "nonsense\r\n\r\n")
        assert without_extensions(json.loads((await raw.answer()).body)) == TYPENAME
        assert (await raw.answer()).body == ALIVE
        assert await raw.rest() == b""


async def test_http_1_0(connect: Connect) -> None:
    async with connect() as raw:
        await raw.send("GET /live HTTP/1.0\r\n\r\n")
        answer = await raw.answer()
        assert (answer.body, answer.headers["connection"]) == (ALIVE, "close")
        assert await raw.rest() == b""


async def test_other_versions_of_http_are_refused(connect: Connect) -> None:
    async with connect() as raw:
        await raw.send("GET /live\r\n\r\n")
        answer = await raw.answer()
        assert (answer.status, answer.code) == (505, "HTTP_VERSION_NOT_SUPPORTED")


async def test_head_is_get_without_a_body(connect: Connect) -> None:
    async with connect() as raw:
        for path, status in (("/live", 200), ("/ready", 200), ("/metrics", 404), ("/nothing", 404), ("/graphql", 405)):
            await raw.send(f"HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = await raw.answer(bodiless=True)
            assert (answer.status, answer.headers["x-content-type-options"]) == (status, "nosniff")
        await raw.send(LIVE)
        assert (await raw.answer()).body == ALIVE  # nothing of the other responses is left in between


async def test_a_body_in_chunks(connect: Connect) -> None:
    async with connect() as raw:
        await raw.send(POST + "Transfer-Encoding: chunked\r\n\r\n")
        for character in QUERY:
            await raw.send(f"1\r\n{character}\r\n")
        await raw.send("0\r\n\r\n")
        assert without_extensions(json.loads((await raw.answer()).body)) == TYPENAME


async def test_a_body_in_chunks_is_bounded(api: Api, connect: Connect) -> None:
    size = api.services.settings.body_limit // 2 + 1
    async with connect() as raw:
        await raw.send(POST + "Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(2):
            await raw.send(f"{size:x}\r\n" + " " * size + "\r\n")
        answer = await raw.answer()
        assert (answer.status, answer.code) == (413, "CONTENT_TOO_LARGE")
        await raw.send("0\r\n\r\n" + LIVE)
        assert (await raw.answer()).body == ALIVE


async def test_an_anonymous_caller_cannot_send_a_long_request(api: Api, connect: Connect) -> None:
    names = {f"unknown{number}": number for number in range(5_000)}
    query = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } } }"
    long = json.dumps({"query": query, "variables": {"i": names}})
    for token, expected in ((None, (413, "CONTENT_TOO_LARGE")), ("wrong", (413, "CONTENT_TOO_LARGE"))):
        async with connect() as raw:
            authorization = f"Authorization: Bearer {token}\r\n" if token else ""
            await raw.send(POST + authorization + f"Content-Length: {len(long)}\r\n\r\n{long}")
            answer = await raw.answer()
            assert (answer.status, answer.code) == expected, answer.body
    async with connect() as raw:
        authorization = f"Authorization: Bearer {api.alice.token}\r\n"
        await raw.send(POST + authorization + f"Content-Length: {len(long)}\r\n\r\n{long}")
        answer = await raw.answer()
        errors = json.loads(answer.body)["errors"]
        assert len(errors) <= MAX_VARIABLE_ERRORS + 1  # one more says that there are more
        assert all(len(error["message"]) < 1000 for error in errors)


async def test_expect_continue(api: Api, connect: Connect) -> None:
    async with connect() as raw:
        await raw.send(POST + f"Expect: 100-continue\r\nContent-Length: {len(QUERY)}\r\n\r\n")
        assert (await raw.answer()).status == 100
        await raw.send(QUERY)
        assert without_extensions(json.loads((await raw.answer()).body)) == TYPENAME
    async with connect() as raw:
        length = api.services.settings.body_limit + 1
        await raw.send(POST + f"Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n")
        assert (await raw.answer()).status == 413  # without reading the body


async def test_an_offer_of_http_2_is_passed_over(connect: Connect) -> None:
    offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    async with connect() as raw:
        await raw.send(POST + offer + f"Content-Length: {len(QUERY)}\r\n\r\n{QUERY}")
        assert without_extensions(json.loads((await raw.answer()).body)) == TYPENAME
        await raw.send(LIVE[:-2] + offer + "\r\n" + LIVE)
        assert [(await raw.answer()).body for _ in range(2)] == [ALIVE, ALIVE]


async def test_a_client_that_leaves_in_the_middle(connect: Connect) -> None:
    for request_ in (POST + "Content-Length: 100\r\n\r\n{", POST + "Content-", "GET", POST):
        async with connect() as raw:
            await raw.send(request_)
    async with connect() as raw:
        await raw.send(LIVE)
        assert (await raw.answer()).body == ALIVE


async def test_no_answer_has_a_banner_and_all_are_hardened(connect: Connect) -> None:
    async with connect() as raw:
        await raw.send("GET /no/such/path HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = await raw.answer()
        assert (answer.status, answer.code) == (404, "NOT_FOUND")
        await raw.send("DELETE /live HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = await raw.answer()
        assert (answer.status, answer.code, answer.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "GET, HEAD")
        await raw.send("GET /graphql/ HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        assert (await raw.answer()).status == 404  # not a redirect to whatever Host says
        await raw.send(LIVE)
        answer = await raw.answer()
        assert set(answer.headers) == {
            "content-length",
            "content-type",
            "date",
            "x-request-id",
            *(name.decode() for name, _ in security_headers.SECURITY_HEADERS),
        }


async def test_many_slow_connections_do_not_lock_others_out(connect: Connect) -> None:
    async with asyncio.timeout(10), connect() as raw:
        slow = [await asyncio.open_connection(*raw.writer.get_extra_info("peername")) for _ in range(200)]
        for _, writer in slow:
            writer.write(b"GET /live HTTP/1.1\r\nHo")
        await raw.send(LIVE)
        assert (await raw.answer()).body == ALIVE
        for _, writer in slow:
            writer.close()
