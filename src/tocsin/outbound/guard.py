"""The gate that every connection passes when its socket is opened, redirects and rebound names included.

aiohttp asks the resolver only for names, so `GuardedResolver` is for a clear error and for names with several
addresses; the socket factory is what always runs, and it sees the very address that is connected to.
"""

import asyncio
import functools
import socket
import ssl
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from aiohttp import ClientRequest, ClientTimeout, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.tracing import Trace

from tocsin.config import Network, Settings
from tocsin.outbound.protocol import AnswerHandler
from tocsin.security.addresses import is_allowed

# Seconds; less than the 5 s after which common servers hang up: a request rarely meets a closing connection.
_KEEP_ALIVE = 4.0
_LOOKUP_THREADS = 16
_ADDRCONFIG = getattr(socket, "AI_ADDRCONFIG", 0)
_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
ANYWHERE: tuple[Network, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))
AddrInfo = tuple[Any, ...]


class BlockedAddress(OSError):
    """A connection to an address that is not public and that the operator has not allowed."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} may not be called")
        self.address = address


class DeniedPort(OSError):
    """A connection to a port that the operator has closed for tasks."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} may not be called")
        self.port = port


@dataclass(frozen=True, slots=True)
class Rules:
    """Whom Tocsin connects to: public addresses and those in `allowed`, at all ports but the `denied_ports`."""

    allowed: Sequence[Network] = ()
    denied_ports: Collection[int] = ()

    @classmethod
    def of(cls, settings: Settings) -> "Rules":
        """Those of this installation."""
        return cls(tuple(settings.allowed_networks), settings.denied_ports)

    def check_port(self, port: int) -> None:
        """Raise DeniedPort if it is one."""
        if port in self.denied_ports:
            raise DeniedPort(port)

    def check(self, address: str, port: int) -> None:
        """Raise BlockedAddress or DeniedPort if this address, a literal, may not be connected to at this port."""
        if not is_allowed(address, self.allowed):
            raise BlockedAddress(address)
        self.check_port(port)


@dataclass(slots=True)
class Connecting:
    """The seconds that a request's connection took. `fresh` is false when a kept connection was used;
    `asks_for_certificate` says whether the server of a fresh one wants to know who calls.
    """

    fresh: bool = False
    asks_for_certificate: bool = False
    dns: float = 0.0
    connect: float = 0.0


CONNECTING: ContextVar[Connecting | None] = ContextVar("connecting", default=None)


class SystemResolver(AbstractResolver):
    """The machine's own name lookup, in threads of its own: slow names hold up nothing but other names."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of `host`. Raises OSError."""
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _lookup, host, port, family)
        return [_result(host, port, item[0], str(item[4][0])) for item in found]

    async def close(self) -> None:
        """Let go of the threads; a lookup that hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class GuardedResolver(AbstractResolver):
    """Another resolver's answers without the addresses that may not be called. Raises BlockedAddress if none
    is left, and DeniedPort before anything is looked up.
    """

    def __init__(self, inner: AbstractResolver, rules: Rules) -> None:
        self._inner = inner
        self._rules = rules

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of `host` that may be called. Raises OSError."""
        self._rules.check_port(port)
        begun = time.perf_counter()
        try:
            found = await self._inner.resolve(host, port, family)
        finally:
            if (connecting := CONNECTING.get()) is not None:
                connecting.dns += time.perf_counter() - begun
        return self._callable(found)

    def _callable(self, found: list[ResolveResult]) -> list[ResolveResult]:
        kept = [result for result in found if is_allowed(result["host"], self._rules.allowed)]
        if found and not kept:
            raise BlockedAddress(found[0]["host"])
        if not kept:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        return kept

    async def close(self) -> None:
        """Close the inner resolver."""
        await self._inner.close()


class GuardedConnector(TCPConnector):
    """Opens sockets only where the rules allow it, and notes in `CONNECTING` what that took."""

    def __init__(self, rules: Rules, resolver: GuardedResolver, limit: int, ssl_context: ssl.SSLContext) -> None:
        super().__init__(
            resolver=resolver,
            socket_factory=self._open_socket,
            ssl=ssl_context,
            limit=limit,
            keepalive_timeout=_KEEP_ALIVE,
        )
        self._rules = rules
        self._factory = functools.partial(AnswerHandler, loop=self._loop)  # type: ignore[assignment]

    def _open_socket(self, info: AddrInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        self._rules.check(str(address[0]), int(address[1]))
        return socket.socket(family=family, type=kind, proto=protocol)

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109  # aiohttp's
    ) -> ResponseHandler:
        connecting = CONNECTING.get() or Connecting()
        connecting.fresh = True
        begun = time.perf_counter()
        try:
            protocol = await super()._create_connection(req, traces, timeout)
            connecting.asks_for_certificate = isinstance(protocol, AnswerHandler) and protocol.asks_for_certificate
            return protocol
        finally:
            connecting.connect += time.perf_counter() - begun


def _lookup(host: str, port: int, family: int) -> list[AddrInfo]:
    try:
        return list(socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, _ADDRCONFIG))
    except ValueError as error:  # a label that is empty or too long is a UnicodeError
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from None


def _result(host: str, port: int, family: int, address: str) -> ResolveResult:
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=_NUMERIC)
