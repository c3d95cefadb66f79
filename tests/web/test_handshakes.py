"""Failed WebSocket handshakes are answered with JSON and a code, like any other error."""

import base64
import logging

import pytest

from tests.web.conftest import Connect
from tocsin.web import protocols

HANDSHAKE = {
    "Host": "a",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(b"k" * 16).decode(),
    "Sec-WebSocket-Protocol": "graphql-transport-ws",
}


def handshake(path: str = "/graphql", **changes: str | None) -> str:
    """Return a handshake with some headers changed or removed."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    headers = {name: value for name, value in (HANDSHAKE | named).items() if value is not None}
    return f"GET {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"


WRONG_HANDSHAKES = [
    (handshake(Sec_WebSocket_Key=None), 400),
    (handshake(Sec_WebSocket_Key="short"), 400),
    (handshake(Sec_WebSocket_Version="12"), 400),
    (handshake(Sec_WebSocket_Version=None), 400),
    (handshake().replace("GET", "POST"), 405),
    (handshake("/nothing"), 403),
    (handshake(Origin="https://evil.example"), 403),
    (handshake(Origin="null"), 403),
    (handshake(X="a" * protocols.UPGRADE_LINE_LIMIT), 431),
    (handshake("/graphql?" + "a" * protocols.UPGRADE_LINE_LIMIT), 431),
    (handshake()[:-2] + "X: a\r\n" * protocols.HEADER_LIMIT + "\r\n", 431),
    (handshake("/graphql?\xff"), 400),
]


@pytest.mark.parametrize(("request_", "status"), WRONG_HANDSHAKES)
async def test_handshakes_that_fail_are_answered_with_json(
    connect: Connect, caplog: pytest.LogCaptureFixture, request_: str, status: int
) -> None:
    async with connect() as raw:
        await raw.send(request_.encode("latin-1"))
        answer = await raw.answer()
        assert answer.status == status
        assert answer.code
        assert await raw.rest() == b""
    assert [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info] == []


async def test_handshakes_of_our_own_pages_succeed(connect: Connect) -> None:
    for origin in ("http://a", None):
        async with connect() as raw:
            await raw.send(handshake(Origin=origin))
            answer = await raw.answer(bodiless=True)
            assert (answer.status, answer.headers["sec-websocket-protocol"]) == (101, "graphql-transport-ws")
            assert "server" not in answer.headers
