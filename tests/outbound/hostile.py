"""A stage for attacks: 127.0.0.1 stands for the public Internet, 127.0.0.2 and ::1 at its port for protected hosts.

Names are resolved by the resolvers here.
"""

import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from tests.outbound.servers import Server, answering, get, kind, open_client, response
from tocsin.documents import ErrorKind
from tocsin.errors import InvalidInput
from tocsin.jobs.http.input import HttpInput, prepare_http_params
from tocsin.outbound.exchanges import HttpExchange
from tocsin.security.secret_box import SecretBox

PUBLIC = (ip_network("127.0.0.1/32"),)
ALL = (ip_network("0.0.0.0/0"), ip_network("::/0"))
PRIVATE = "127.0.0.2"


def result(host: str, address: str, port: int) -> ResolveResult:
    return ResolveResult(hostname=host, host=address, port=port, family=socket.AF_UNSPEC, proto=0, flags=0)


class Answering(AbstractResolver):
    """A resolver that answers the nth query with the nth of `answers`, or the last, and records the queries."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        addresses = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return [result(host, address, port) for address in addresses]

    async def close(self) -> None:
        pass


class Gullible(Answering):
    """A resolver that reads 127.2 and 0x7f000002 as addresses, as the C library does; other names are private."""

    def __init__(self) -> None:
        super().__init__([PRIVATE])

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        with contextlib.suppress(OSError):
            self.asked.append(host)
            return [result(host, socket.inet_ntoa(socket.inet_aton(host)), port)]
        return [result(host, PRIVATE, port)]


class Shifting(dict[str, object]):
    """A result whose address changes after the first read: one is checked, the other would be connected to."""

    def __init__(self, first: str, then: str, host: str, port: int) -> None:
        super().__init__(result(host, first, port))
        self._addresses = iter([first])
        self._then = then

    def __getitem__(self, key: str) -> object:
        return next(self._addresses, self._then) if key == "host" else super().__getitem__(key)


@dataclass
class Stage:
    """The two servers, and a client for them."""

    public: Server
    protected: Server
    resolver: AbstractResolver
    client_options: dict[str, object]

    @property
    def asked(self) -> list[str]:
        """Return the names that were looked up."""
        assert isinstance(self.resolver, Answering)
        return self.resolver.asked

    async def call(self, url: str, **more: Any) -> HttpExchange:
        """Call `url`, in which PORT stands for the servers' port."""
        options = {"allowed_networks": PUBLIC, "resolver": self.resolver, **self.client_options}
        async with open_client(**options) as client:
            return await client.request(get(url.replace("PORT", str(self.public.port)), **more))

    async def refused(self, url: str, **more: Any) -> ErrorKind | None:
        """Return why calling `url` failed, and check that no server was reached."""
        found = kind(await self.call(url, **more))
        assert self.protected.connections == 0
        assert self.public.connections == 0
        return found


@contextlib.asynccontextmanager
async def stage(
    *answers: bytes, resolver: AbstractResolver | None = None, **door_options: object
) -> AsyncIterator[Stage]:
    """Yield a stage whose public server responds with `answers`."""
    async with contextlib.AsyncExitStack() as stack:
        public = await stack.enter_async_context(answering(*answers or [response(body=b"public")]))
        while (protected := await _open_protected(stack, public.port)) is None:
            public = await stack.enter_async_context(answering(*answers or [response(body=b"public")]))
        yield Stage(public, protected, resolver or Gullible(), door_options)


async def _open_protected(stack: contextlib.AsyncExitStack, port: int) -> Server | None:
    """Open the protected server at a port; None if a connection of another test holds the port on its hosts."""
    hosts = [PRIVATE, "::1"] if socket.has_ipv6 else [PRIVATE]
    try:
        return await stack.enter_async_context(answering(response(body=b"protected"), hosts=hosts, port=port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return None


def saving(url: str) -> str | None:
    """Return why a task with this URL is refused when it is saved; None if it is accepted."""
    try:
        prepare_http_params(HttpInput(url=url.replace("PORT", "8080")), SecretBox(bytes(32)), "alice")
    except InvalidInput as error:
        return f"{error.path[0]}: {error.message}"
    return None
