"""The HTTP client through which every request to users' targets leaves; one for the whole process.

It uses no proxies, which would connect past the guard, and keeps no cookies beyond one request, which could reach
another user. Connections, TLS sessions and looked-up names are separate for each owner as well.
"""

import asyncio
import ssl
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import cast

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError
from yarl import URL

from tocsin import clock
from tocsin.config import IPNetwork
from tocsin.documents import ErrorKind
from tocsin.outbound.apprise_sender import AppriseSender
from tocsin.outbound.connector import GuardedConnector
from tocsin.outbound.content_codings import DecodingError
from tocsin.outbound.cookies import RequestCookies
from tocsin.outbound.exchanges import HttpExchange, HttpRequest
from tocsin.outbound.failures import HttpFailure, classify_error
from tocsin.outbound.guard import CONNECTION_CONTEXT, ConnectionContext, ConnectionRules
from tocsin.outbound.host_patterns import find_host_refusal
from tocsin.outbound.host_rates import HostRates
from tocsin.outbound.outgoing_request import Destination, closes_connection, complete_headers, serialize_request
from tocsin.outbound.own_services import OwnServices
from tocsin.outbound.protocol import StrictResponseHandler
from tocsin.outbound.redirects import REDIRECT_STATUSES, Headers, Hop, follow_redirect
from tocsin.outbound.resolvers import CachingResolver, SystemResolver
from tocsin.outbound.responses import IncomingResponse, decode_body, max_retry_after, read_body, record_headers
from tocsin.outbound.tls import make_client_context
from tocsin.outbound.urls import parse_url, target_key

_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})


@dataclass(slots=True)
class _RequestState:
    """The state of a request in progress, kept for when it fails halfway."""

    request: HttpRequest
    hop: Hop
    connecting: ConnectionContext
    counted: str | None
    begun: float = field(default_factory=time.perf_counter)
    response: IncomingResponse | None = None
    first_byte: float | None = None
    body: bytearray = field(default_factory=bytearray)
    truncated: bool = False
    redirects: int = 0
    failure: HttpFailure | None = None
    sent_headers: Headers = ()
    cookies: RequestCookies = field(default_factory=RequestCookies)


class HttpClient:
    """An HTTP client for the requests of all owners. Call `open` and `close` inside the running event loop.

    `connect_timeout` is in seconds, `response_limit` in bytes. `max_idle` is the maximum number of idle connections;
    those in use are bounded by the callers. `contact` is added to the User-Agent. `ssl_context` and `resolver` replace
    the system's trusted certificates and name lookup. `apprise` sends by Apprise, if that is turned on.
    """

    def __init__(
        self,
        *,
        allowed_networks: Sequence[IPNetwork],
        denied_ports: Collection[int],
        connect_timeout: float,
        response_limit: int,
        max_redirects: int,
        max_idle: int,
        rates: HostRates | None = None,
        own: OwnServices | None = None,
        contact: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        resolver: AbstractResolver | None = None,
        apprise: bool = False,
    ) -> None:
        self.rates = rates or HostRates()
        self._rules = ConnectionRules(tuple(allowed_networks), frozenset(denied_ports), own or OwnServices(), apprise)
        self.apprise = AppriseSender(self._rules) if apprise else None
        self._contact = contact
        self._connect_timeout = connect_timeout
        self._response_limit = response_limit
        self._max_redirects = max_redirects
        self._max_idle = max_idle
        self._ssl_context = ssl_context
        self._inner_resolver = resolver
        self._resolver: AbstractResolver | None = None
        self._connector: GuardedConnector | None = None

    async def open(self) -> None:
        """Create the connector. Nothing is sent yet."""
        self._resolver = CachingResolver(self._inner_resolver or SystemResolver())
        self._connector = GuardedConnector(
            self._rules,
            self._resolver,
            max_idle=self._max_idle,
            ssl_context=make_client_context(self._ssl_context),
        )

    async def close(self) -> None:
        """Close all connections, including those in use."""
        connector, resolver = self._connector, self._resolver
        self._connector = self._resolver = None
        if connector is not None:
            await connector.close()
        if resolver is not None:
            await resolver.close()

    def for_owner(self, owner: str, counted: str | None = None) -> "OwnerHttpClient":
        """Return a client for one attempt. Its first call to the target `counted` has been counted already."""
        return OwnerHttpClient(self, owner, counted)

    async def request(self, request: HttpRequest, owner: str, counted: str | None = None) -> HttpExchange:
        """Send a request for this owner, follow its redirects, and read the response up to the limit.

        External failures are returned as values. Cancellation closes the connection.
        """
        url = parse_url(request.url)
        if isinstance(url, str):
            return HttpExchange(HttpFailure.url_invalid(f"The URL cannot be called. {url}"))
        hop = Hop(request.method, url, request.headers, request.body)
        state = _RequestState(request, hop, ConnectionContext(owner), counted)
        token = CONNECTION_CONTEXT.set(state.connecting)
        try:
            async with asyncio.timeout(request.timeout) as deadline:
                await self._follow_redirects(state)
        except DecodingError as error:
            state.failure = HttpFailure.decoding_failed(str(error), state.hop.url)
        except (aiohttp.ClientError, HttpProcessingError, OSError) as error:
            state.failure = _explain(state, error, is_late=deadline.expired())
        finally:
            CONNECTION_CONTEXT.reset(token)
            if state.response is not None:
                state.response.release()
        return _to_exchange(state)

    async def _follow_redirects(self, state: _RequestState) -> None:
        while True:
            state.response = None
            if state.request.named_secrets and (refusal := _find_secret_refusal(state)) is not None:
                state.failure = refusal
                return
            wait = self._reserve_call(state)
            if wait is None:
                state.failure = HttpFailure.host_rate_exceeded(state.hop.url)
                return
            if wait:
                await asyncio.sleep(wait)
            response = state.response = await self._send(state)
            state.first_byte = time.perf_counter()
            following = self._next_hop(state, response)
            if following is None:
                state.truncated = await read_body(response, state.body, self._response_limit)
                return
            response.release()
            if isinstance(following, HttpFailure):
                state.failure = following
                return
            state.hop = following
            state.redirects += 1

    def _reserve_call(self, state: _RequestState) -> float | None:
        """Return the seconds until the owner's rate allows the call; None if too many calls are waiting."""
        target = target_key(state.hop.url)
        if state.counted == target:
            state.counted = None
            return 0.0
        return self.rates.reserve_call(state.connecting.owner, target, clock.epoch_milliseconds(clock.now()))

    def _next_hop(self, state: _RequestState, response: IncomingResponse) -> Hop | HttpFailure | None:
        follows = state.request.follows_redirects and self._max_redirects > 0
        if response.status not in REDIRECT_STATUSES or not follows:
            return None
        locations = response.headers.getall("Location", [])
        if not locations:
            return None
        if state.redirects >= self._max_redirects:
            return HttpFailure.too_many_redirects(self._max_redirects, state.hop.url)
        if len(set(locations)) > 1:
            return HttpFailure.locations_conflict(state.hop.url)
        state.cookies.store(state.hop.url, response.headers.getall("Set-Cookie", []))
        return follow_redirect(state.hop, response.status, locations[0], state.request.secret_names)

    async def _send(self, state: _RequestState) -> IncomingResponse:
        try:
            return await self._send_once(state)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, HttpProcessingError):
            # A server may close an idle connection just when it is reused (RFC 9112 section 9.3.1), or send leftovers
            # of the previous response.
            if state.connecting.fresh or state.hop.method not in _IDEMPOTENT:
                raise
        return await self._send_once(state)

    async def _send_once(self, state: _RequestState) -> IncomingResponse:
        if self._connector is None:
            raise RuntimeError("The HTTP client is not open.")
        state.connecting.fresh = state.connecting.certificate_requested = False
        hop = state.hop
        connect = state.request.connect_timeout or self._connect_timeout
        headers = complete_headers(hop.method, hop.url, state.cookies.headers_for(hop), hop.body, self._contact)
        state.sent_headers = state.sent_headers or headers
        destination = Destination(hop.url, state.connecting.owner)
        connection = await self._connector.open(destination, connect)
        try:
            return await _exchange(hop, headers, connection)
        except BaseException:
            connection.close()
            raise


@dataclass(slots=True)
class OwnerHttpClient:
    """An HTTP client for one owner's attempt. Its first request to `counted` is not counted again."""

    _client: HttpClient
    _owner: str
    _counted: str | None = None

    async def request(self, request: HttpRequest) -> HttpExchange:
        """Send a request as `HttpClient.request` does."""
        counted, self._counted = self._counted, None
        return await self._client.request(request, self._owner, counted)


async def _exchange(hop: Hop, headers: Headers, connection: Connection) -> IncomingResponse:
    """Send a request, and return its response once the head is complete."""
    protocol = cast("StrictResponseHandler", connection.protocol)
    if closes_connection(hop.method, hop.body):
        protocol.force_close()
    data = serialize_request(hop.method, hop.url, headers, hop.body)
    protocol.send_request(data, has_body=bool(hop.body), skips_body=hop.method == "HEAD")
    message, content = await protocol.read_response()
    return IncomingResponse(message, content, connection)


def _find_secret_refusal(state: _RequestState) -> HttpFailure | None:
    """Return why the named secrets of a request keep it from its next hop; None if they do not."""
    url, first = state.hop.url, parse_url(state.request.url)
    if url.scheme == "http" and isinstance(first, URL) and first.scheme == "https":
        return HttpFailure.secret_downgraded(url)
    return find_host_refusal(url, state.request.named_secrets)


def _explain(state: _RequestState, error: Exception, *, is_late: bool) -> HttpFailure:
    if is_late:
        doing = "waiting for a response" if state.response is None else "reading the response"
        return HttpFailure.timed_out(state.request.timeout, state.hop.url, doing)
    failure = classify_error(error, state.hop.url)
    if failure.kind is ErrorKind.CONNECT and state.response is None and state.connecting.certificate_requested:
        return HttpFailure.client_certificate_required(state.hop.url)
    return failure


def _to_exchange(state: _RequestState) -> HttpExchange:
    response = state.response
    timings = _measure_timings(state)
    if response is None:
        return HttpExchange(
            state.failure,
            request_headers=state.sent_headers,
            redirects=state.redirects,
            timings=timings,
            cookies=state.cookies.secret_headers(),
        )
    headers = response.headers
    waits = headers.getall("Retry-After", ())
    content_type = headers.getall("Content-Type", [None])[-1]  # the last of several, as the Fetch standard demands
    whole = not state.truncated and state.failure is None
    return HttpExchange(
        failure=state.failure,
        status=response.status,
        headers=record_headers(response.raw_headers),
        request_headers=state.sent_headers,
        body=decode_body(bytes(state.body), content_type, whole=whole),
        truncated=state.truncated,
        redirects=state.redirects,
        retry_after=max_retry_after(waits, clock.now()) if waits else None,
        timings=timings,
        cookies=state.cookies.secret_headers(),
    )


def _measure_timings(state: _RequestState) -> dict[str, float]:
    connecting = state.connecting
    seconds = {"total": time.perf_counter() - state.begun}
    if connecting.dns_seconds:
        seconds["dns"] = connecting.dns_seconds
    if connecting.connect_seconds:
        seconds["connect"] = max(connecting.connect_seconds - connecting.dns_seconds, 0.0)
    if state.first_byte is not None:
        seconds["first_byte"] = state.first_byte - state.begun
    return {name: round(value * 1000, 3) for name, value in seconds.items()}
