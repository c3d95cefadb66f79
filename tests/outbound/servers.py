"""Servers on loopback with scripted responses, valid or not."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network

from aiohttp.abc import AbstractResolver, ResolveResult

from tocsin.documents import ErrorKind
from tocsin.outbound.exchanges import HttpExchange, HttpRequest
from tocsin.outbound.http_client import HttpClient, OwnerHttpClient

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Talk = Callable[[Reader, Writer], Awaitable[None]]
LOOPBACK = (ip_network("127.0.0.0/8"),)


@dataclass
class Server:
    """A running server: its address, its responses, the requests received, and the number of connections."""

    port: int = 0
    answers: Sequence[bytes] = ()
    seen: list[bytes] = field(default_factory=list)
    connections: int = 0
    broken_off: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


def response(status: str = "200 OK", body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def read_request(reader: Reader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.partition(b":")[2]))
    return head


@contextlib.asynccontextmanager
async def talking(
    talk: Talk, tls: ssl.SSLContext | None = None, hosts: Sequence[str] = ("127.0.0.1",), port: int = 0
) -> AsyncIterator[Server]:
    """Start a server that calls `talk` on each connection, then closes it."""
    server = Server()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        server.connections += 1
        with contextlib.suppress(OSError, RuntimeError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await talk(reader, writer)
        server.broken_off.set()
        writer.close()

    listening = await asyncio.start_server(serve, hosts, port, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def answering(
    *answers: bytes, tls: ssl.SSLContext | None = None, hosts: Sequence[str] = ("127.0.0.1",), port: int = 0
) -> AsyncIterator[Server]:
    """Start a server that answers the nth request with the nth of `answers`, or the last, and keeps connections."""
    seen: list[bytes] = []

    async def talk(reader: Reader, writer: Writer) -> None:
        while True:
            seen.append(await read_request(reader))
            writer.write(server.answers[min(len(seen), len(server.answers)) - 1])
            await writer.drain()

    async with talking(talk, tls, hosts, port) as server:
        server.seen, server.answers = seen, answers
        yield server


@contextlib.asynccontextmanager
async def open_client(**options: object) -> AsyncIterator[OwnerHttpClient]:
    """Open a client for Alice, who may call loopback unless `options` say otherwise."""
    async with open_shared_client(**options) as client:
        yield client.for_owner("alice")


@contextlib.asynccontextmanager
async def open_shared_client(**options: object) -> AsyncIterator[HttpClient]:
    """Open a client for all owners."""
    defaults: dict[str, object] = {
        "allowed_networks": LOOPBACK,
        "denied_ports": (),
        "connect_timeout": 2.0,
        "response_limit": 65_536,
        "max_redirects": 5,
        "max_idle": 10,
    }
    client = HttpClient(**{**defaults, **options})  # type: ignore[arg-type]
    await client.open()
    try:
        yield client
    finally:
        await client.close()


class FixedResolver(AbstractResolver):
    """A resolver that returns the same addresses for every name."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host=a, port=port, family=0, proto=0, flags=0) for a in self.addresses]

    async def close(self) -> None:
        pass


def get(url: str, timeout: float = 5.0, **more: object) -> HttpRequest:
    return HttpRequest("GET", url, timeout, **more)  # type: ignore[arg-type]


def kind(exchange: HttpExchange) -> ErrorKind | None:
    if exchange.failure is None:
        return None
    assert exchange.failure.message.endswith(".")
    assert exchange.failure.hint
    return exchange.failure.kind
