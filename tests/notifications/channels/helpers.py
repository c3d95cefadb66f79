"""Parts of the tests of channels that speak HTTP: a notice, and services on loopback with TLS and their own names."""

import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import trustme
from aiohttp.abc import ResolveResult

from tests.outbound.servers import FixedResolver, Server, answering, open_shared_client
from tocsin.notifications.channels.configurable import ConfigurableChannel
from tocsin.notifications.channels.notice import Notice, Severity
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.http_client import HttpClient

PAGE = "https://tocsin.example/runs?id=1&tab=log"
NOTICE = Notice(
    id="u1/t1:0:failed",
    kind="TASK_FAILED",
    owner="u1",
    at=datetime(2026, 11, 22, 9, 0, 11, tzinfo=UTC),
    subject='Task "Nightly backup" has failed',
    text="The server answered 503.\nAttempts: 3",
    severity=Severity.ERROR,
    page=PAGE,
    incident="u1/t1:0",
    data={
        "event": "FAILED_FOR_GOOD",
        "taskId": "VGFzazp1MS90MQ==",
        "runId": "UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=",
        "errorKind": "HTTP_STATUS",
        "errorMessage": "The server answered 503.",
        "statusCode": 503,
        "attempts": 3,
        "dueAt": "2026-11-22T09:00:00Z",
        "reason": "RETRIES_USED_UP",
    },
)
RULES = ConnectionRules()
HOSTILE = "<!channel> @everyone @here <@U1> <b>&amp; *bold* [x](https://evil.example) `code`"
FAMILY = "👨‍👩‍👧‍👦"


def notice(**changes: Any) -> Notice:
    return replace(NOTICE, **changes)


class PortResolver(FixedResolver):
    """A resolver that leads every name to one port of loopback."""

    def __init__(self, port: int) -> None:
        super().__init__("127.0.0.1")
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return await super().resolve(host, self._port, family)


_AUTHORITY = trustme.CA()


@contextlib.asynccontextmanager
async def service(host: str, *answers: bytes) -> AsyncIterator[tuple[Server, HttpClient]]:
    """Start a server with a certificate for `host` and these answers, and a client that reaches it by that name."""
    tls, trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    _AUTHORITY.issue_cert(host).configure_cert(tls)
    _AUTHORITY.configure_trust(trust)
    async with (
        answering(*answers, tls=tls) as server,
        open_shared_client(ssl_context=trust, resolver=PortResolver(server.port)) as http,
    ):
        yield server, http


async def received(
    channel: ConfigurableChannel[Any], given: dict[str, Any], host: str, answer: bytes, told: Notice = NOTICE
) -> bytes:
    """Deliver a notice, and return the bytes of the request."""
    settings = channel.parse_settings(given, RULES)
    async with service(host, answer) as (server, http):
        await channel.deliver(told, settings, http)
    (seen,) = server.seen
    return seen


def request_line(seen: bytes) -> str:
    return seen.split(b"\r\n", 1)[0].decode()


def headers_of(seen: bytes) -> dict[str, str]:
    lines = seen.split(b"\r\n\r\n", 1)[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def body_of(seen: bytes) -> bytes:
    return seen.split(b"\r\n\r\n", 1)[1]


def json_of(seen: bytes) -> Any:
    assert headers_of(seen)["content-type"] == "application/json"
    return json.loads(body_of(seen))


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
