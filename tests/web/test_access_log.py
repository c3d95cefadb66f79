"""The access log: one line for each request and connection, without anything that gives access."""

import asyncio
from typing import Any

import pytest
import structlog
from fastapi import APIRouter
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from tests.harness import UNUSED, make_settings
from tocsin.web.access_log import SECRET_PATHS, AccessLogMiddleware
from tocsin.web.app import create_app


async def line_of(path: str, app: Any = None, **scope: Any) -> dict[str, Any]:
    """Return the log line of a request."""

    async def send(message: Message) -> None:
        await asyncio.sleep(0)

    with structlog.testing.capture_logs() as lines:
        given = {"type": "http", "method": "GET", "path": path, "client": ("192.0.2.1", 5), "headers": [], **scope}
        await AccessLogMiddleware(app or PlainTextResponse("x", 201))(given, None, send)  # type: ignore[arg-type]
    (line,) = lines
    return dict(line)


async def test_a_request() -> None:
    line = await line_of("/graphql", query_string=b"query={viewer{id}}&token=secret")
    assert (line["event"], line["method"], line["path"], line["status"]) == ("request", "GET", "/graphql", 201)
    assert line["client"] == "192.0.2.1"
    assert line["milliseconds"] >= 0
    assert "secret" not in str(line)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/files/eyJ0b2tlbiI", "/files/…"),
        ("/callbacks/YWxpY2U.1.0123", "/callbacks/…"),
        ("/unsubscribe/u1.APPROVAL..1.0123", "/unsubscribe/…"),
        ("/status/c2VyaWFs/badge.svg", "/status/…"),
        ("/triggers/c2VyaWFs", "/triggers/…"),
        ("//triggers/c2VyaWFs", "//triggers/…"),
        ("/tocsin/Triggers/c2VyaWFs/", "/tocsin/Triggers/…"),
        ("/a\nINFO forged", "/a\\nINFO forged"),
        ("/\x1b[31mred\u202e", "/\\x1b[31mred\\u202e"),
        ("/" + "a" * 500, "/" + "a" * 199 + "…"),
    ],
)
async def test_a_path_is_shown_so_that_it_does_no_harm(path: str, shown: str) -> None:
    assert (await line_of(path))["path"] == shown


def test_no_path_with_a_token_in_it_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    paths, add = list[str](), APIRouter.add_api_route

    def note(self: APIRouter, path: str, *given: Any, **options: Any) -> None:
        paths.append(path)
        add(self, path, *given, **options)

    monkeypatch.setattr(APIRouter, "add_api_route", note)
    create_app(UNUSED, make_settings(), UNUSED, UNUSED)
    with_parameter = {path.partition("{")[0] for path in paths if "{" in path}
    assert with_parameter == {*SECRET_PATHS, "/assets/"}


async def test_a_request_that_fails_is_logged_too() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    with structlog.testing.capture_logs() as lines, pytest.raises(ZeroDivisionError):
        await AccessLogMiddleware(failing)({"type": "http", "path": "/"}, None, None)  # type: ignore[arg-type]
    assert [line["status"] for line in lines] == [None]
