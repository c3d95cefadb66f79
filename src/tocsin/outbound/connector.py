"""Connections to allowed destinations, each reserved for the requests of one owner."""

import functools
import socket
import ssl
import time
from collections import Counter
from typing import Any, cast

from aiohttp import ClientRequest, ClientTimeout, ConnectionTimeoutError, TCPConnector
from aiohttp.abc import AbstractResolver
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from tocsin.outbound.guard import CONNECTION_CONTEXT, ConnectionContext, ConnectionRules
from tocsin.outbound.outgoing_request import Destination, connection_owner
from tocsin.outbound.protocol import StrictResponseHandler
from tocsin.outbound.resolvers import GuardedResolver

# Seconds; below the 5 s after which common servers close idle connections, so that requests rarely meet a closing one.
_KEEP_ALIVE = 4.0
_NEVER_ROUND_UP = 1e9  # aiohttp rounds timeouts above its threshold up to whole seconds
AddrInfo = tuple[Any, ...]


class GuardedConnector(TCPConnector):
    """A connector that opens sockets only where the rules allow it, and records the time taken in `CONNECTION_CONTEXT`.

    A connection is reused only for the owner whose request opened it (`Destination.connection_key`): leftovers of
    one owner's response must not become part of another's. `max_idle` limits the idle connections of all owners.
    """

    def __init__(
        self,
        rules: ConnectionRules,
        resolver: AbstractResolver,
        *,
        max_idle: int,
        ssl_context: ssl.SSLContext,
    ) -> None:
        super().__init__(
            resolver=GuardedResolver(resolver, rules),
            use_dns_cache=False,  # it would be shared by all owners
            socket_factory=self._open_socket,
            ssl=ssl_context,
            limit=0,  # waiting for a connection would count towards the target's timeout
            keepalive_timeout=_KEEP_ALIVE,
        )
        self._rules = rules
        self._inner_resolver = resolver
        self._max_idle = max_idle
        self._factory = functools.partial(StrictResponseHandler, loop=self._loop)  # type: ignore[assignment]

    async def open(self, destination: Destination, seconds: float) -> Connection:
        """Return an idle connection, or a new one made within `seconds`. Raises aiohttp.ClientError."""
        try:
            return await self.connect(cast("ClientRequest", destination), [], _make_timeout(seconds))
        except TimeoutError as error:
            raise ConnectionTimeoutError(f"{destination.url.host} was not reached in time") from error

    def _open_socket(self, info: AddrInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        self._rules.check_destination(str(address[0]), int(address[1]))
        return socket.socket(family=family, type=kind, proto=protocol)

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109  # aiohttp's
    ) -> ResponseHandler:
        connecting = CONNECTION_CONTEXT.get() or ConnectionContext("")
        connecting.fresh = True
        begun = time.perf_counter()
        try:
            if req.url.port in self._rules.own_services.server_ports:
                await self._rules.own_services.resolve_servers(req.url.port, self._inner_resolver)
            protocol = await super()._create_connection(req, traces, timeout)
            connecting.certificate_requested = (
                isinstance(protocol, StrictResponseHandler) and protocol.certificate_requested
            )
            return protocol
        finally:
            connecting.connect_seconds += time.perf_counter() - begun

    def _release(self, key: Any, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        super()._release(key, protocol, should_close=should_close)
        while sum(map(len, self._conns.values())) > self._max_idle:
            self._close_one()

    def _close_one(self) -> None:
        """Close the least recently used idle connection of the owner who has the most."""
        counts: Counter[str | None] = Counter()
        for key, idle in self._conns.items():
            counts[connection_owner(key)] += len(idle)
        greedy = max(counts, key=lambda owner: counts[owner])
        since = {key: idle[0][1] for key, idle in self._conns.items() if idle and connection_owner(key) == greedy}
        oldest = min(since, key=lambda key: since[key])
        self._conns[oldest].popleft()[0].close()
        if not self._conns[oldest]:
            del self._conns[oldest]


@functools.lru_cache(maxsize=100)
def _make_timeout(seconds: float) -> ClientTimeout:
    return ClientTimeout(connect=seconds, ceil_threshold=_NEVER_ROUND_UP)
