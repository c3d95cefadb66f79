"""The outermost middleware: the headers that it adds, and uncaught exceptions."""

import asyncio
import json
from typing import Any

import pytest
import structlog
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.web.security_headers import SECURITY_HEADERS, SecurityHeadersMiddleware

Head = dict[bytes, bytes]


async def call(app: ASGIApp, **headers: str) -> tuple[int, Head, bytes]:
    """Return the response of the application behind the middleware."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": raw}
    await SecurityHeadersMiddleware(app)(scope, None, send)  # type: ignore[arg-type]  # nothing is received
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent[1:])


async def failing(scope: Scope, receive: Receive, send: Send) -> None:
    raise ZeroDivisionError("a secret detail")


async def test_every_answer_gets_the_headers() -> None:
    _, headers, _ = await call(PlainTextResponse("x"))
    assert {name: headers[name] for name, _ in SECURITY_HEADERS} == dict(SECURITY_HEADERS)


async def test_an_answer_that_is_opened_as_a_page_loads_and_sends_nothing() -> None:
    _, headers, _ = await call(PlainTextResponse("x"))
    policy = headers[b"content-security-policy"].decode().split("; ")
    for directive in ("default-src", "object-src", "base-uri", "form-action", "frame-ancestors"):
        assert f"{directive} 'none'" in policy


async def test_an_answer_keeps_its_own() -> None:
    own = {"Content-Security-Policy": "default-src 'self'", "Cache-Control": "max-age=1"}
    _, headers, _ = await call(Response(b"", headers=own))
    assert headers[b"content-security-policy"] == b"default-src 'self'"
    assert headers[b"cache-control"] == b"max-age=1"
    assert headers[b"x-frame-options"] == b"DENY"


@pytest.mark.parametrize(("given", "kept"), [("abc-1", True), ("a b", False), ("", False), ("a" * 65, False)])
async def test_the_request_id_is_the_clients_if_it_can_stand_in_a_log(given: str, kept: bool) -> None:
    _, headers, _ = await call(PlainTextResponse("x"), x_request_id=given)
    assert (headers[b"x-request-id"] == given.encode()) is kept
    assert headers[b"x-request-id"]


async def test_a_fault_is_hidden_and_logged_with_the_id_of_the_answer() -> None:
    with structlog.testing.capture_logs() as logged:
        status, headers, body = await call(failing)
    assert (status, json.loads(body)["errors"][0]["extensions"]["code"]) == (500, "INTERNAL")
    assert b"secret" not in body
    (line,) = logged
    assert line["request_id"].encode() == headers[b"x-request-id"]
    assert line["exc_info"]


async def test_an_answer_that_has_begun_is_not_begun_again() -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await failing(scope, receive, send)

    with structlog.testing.capture_logs():
        status, _, body = await call(half)
    assert (status, body) == (200, b"")


async def test_a_request_that_the_server_cuts_off_is_503() -> None:
    begun = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await asyncio.Event().wait()

    task: asyncio.Task[tuple[int, Any, bytes]] = asyncio.create_task(call(endless))
    await begun.wait()
    task.cancel()
    status, _, body = await task
    assert (status, json.loads(body)["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
