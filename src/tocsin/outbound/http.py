"""The HTTP client through which every request to users' targets leaves; one for the whole process.

It uses no proxies, which would connect past the guard, and keeps no cookies beyond one request, which could reach
another user. Connections, TLS sessions and looked-up names are separate for each owner as well.
"""

import asyncio
import ssl
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from tocsin import clock
from tocsin.config import Network
from tocsin.outbound.answers import decode_body, longest_wait, media_type, recorded_headers
from tocsin.outbound.bodies import read_body
from tocsin.outbound.connector import GuardedConnector
from tocsin.outbound.cookies import RequestCookies
from tocsin.outbound.decoding import Undecodable
from tocsin.outbound.exchanges import HttpExchange, HttpRequest
from tocsin.outbound.failures import (
    ErrorKind,
    HttpFailure,
    bad_url,
    failure_of,
    several_locations,
    timed_out,
    too_many_redirects,
    too_often,
    undecodable,
    wants_certificate,
)
from tocsin.outbound.guard import CONNECTING, Connecting, Rules
from tocsin.outbound.lookups import RememberingResolver, SystemResolver
from tocsin.outbound.own_services import OwnServices
from tocsin.outbound.parse_faults import HEADER_COUNT_LIMIT, HEADER_LINE_LIMIT
from tocsin.outbound.rates import HostRates
from tocsin.outbound.redirects import STATUSES, Headers, Hop, next_hop
from tocsin.outbound.sending import OutgoingRequest, complete_headers
from tocsin.outbound.timings import measure
from tocsin.outbound.tls import client_context
from tocsin.outbound.urls import parse_url, target_of

__all__ = ["HttpDoor", "HttpExchange", "HttpRequest", "OwnersHttp"]

_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
_NEVER_ROUND_UP = 1e9  # aiohttp rounds timeouts above its threshold up to whole seconds


@dataclass(slots=True)
class _Trip:
    """The state of a request in progress, kept for when it fails halfway."""

    request: HttpRequest
    hop: Hop
    timeout: aiohttp.ClientTimeout
    begun: float
    connecting: Connecting
    counted: str | None
    answer: aiohttp.ClientResponse | None = None
    first_byte: float | None = None
    body: bytearray = field(default_factory=bytearray)
    truncated: bool = False
    redirects: int = 0
    failure: HttpFailure | None = None
    sent_headers: Headers = ()
    cookies: RequestCookies = field(default_factory=RequestCookies)


class HttpDoor:
    """An HTTP client for the requests of all owners. Call `open` and `close` inside the running event loop.

    `connect_timeout` is in seconds, `response_limit` in bytes. `concurrency` is the maximum number of requests in
    progress, and of idle connections. `contact` is added to the User-Agent. `ssl_context` and `resolver` replace the
    system's trusted certificates and name lookup.
    """

    def __init__(
        self,
        *,
        allowed_networks: Sequence[Network],
        denied_ports: Collection[int],
        connect_timeout: float,
        response_limit: int,
        max_redirects: int,
        concurrency: int,
        rates: HostRates | None = None,
        own: OwnServices | None = None,
        contact: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self.rates = rates or HostRates()
        self._rules = Rules(tuple(allowed_networks), frozenset(denied_ports), own or OwnServices())
        self._contact = contact
        self._connect_timeout = connect_timeout
        self._response_limit = response_limit
        self._max_redirects = max_redirects
        self._concurrency = concurrency
        self._ssl_context = ssl_context
        self._inner_resolver = resolver
        self._resolver: AbstractResolver | None = None
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Create the session. Nothing is sent yet."""
        self._resolver = RememberingResolver(self._inner_resolver or SystemResolver())
        self._session = aiohttp.ClientSession(
            connector=GuardedConnector(
                self._rules,
                self._resolver,
                limit=self._concurrency * 2,  # waiting for a connection would count towards the target's timeout
                kept=self._concurrency,
                ssl_context=client_context(self._ssl_context),
            ),
            request_class=OutgoingRequest,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            max_line_size=HEADER_LINE_LIMIT,
            max_field_size=HEADER_LINE_LIMIT,
            max_headers=HEADER_COUNT_LIMIT,
        )
        # aiohttp repeats any unanswered GET, even on a new connection. `_send` does so only where it is safe.
        self._session._retry_connection = False

    async def close(self) -> None:
        """Close all connections, including those in use."""
        session, resolver = self._session, self._resolver
        self._session = self._resolver = None
        if session is not None:
            await session.close()
        if resolver is not None:
            await resolver.close()

    def for_owner(self, owner: str, counted: str | None = None) -> "OwnersHttp":
        """Return a client for one attempt. Its first call to the target `counted` has been counted already."""
        return OwnersHttp(self, owner, counted)

    async def request(self, request: HttpRequest, owner: str, counted: str | None = None) -> HttpExchange:
        """Send a request for this owner, follow its redirects, and read the response up to the limit.

        External failures are returned as values. Cancellation closes the connection.
        """
        url = parse_url(request.url)
        if isinstance(url, str):
            return HttpExchange(bad_url(f"The URL cannot be called. {url}"))
        trip = self._trip(request, url, owner, counted)
        token = CONNECTING.set(trip.connecting)
        try:
            await self._travel(trip)
        finally:
            CONNECTING.reset(token)
            if trip.answer is not None:
                trip.answer.close()
        return _exchange(trip)

    def _trip(self, request: HttpRequest, url: URL, owner: str, counted: str | None) -> _Trip:
        hop = Hop(request.method, url, request.headers, request.body)
        connect = request.connect_timeout or self._connect_timeout
        timeout = aiohttp.ClientTimeout(connect=connect, ceil_threshold=_NEVER_ROUND_UP)
        return _Trip(request, hop, timeout, time.perf_counter(), Connecting(owner), counted)

    async def _travel(self, trip: _Trip) -> None:
        try:
            async with asyncio.timeout(trip.request.timeout) as deadline:
                await self._follow(trip)
        except (aiohttp.ClientError, OSError) as error:
            if deadline.expired():
                doing = "waiting for a response" if trip.answer is None else "reading the response"
                trip.failure = timed_out(trip.request.timeout, trip.hop.url, doing)
            else:
                trip.failure = self._explain(trip, error)

    def _explain(self, trip: _Trip, error: Exception) -> HttpFailure:
        failure = failure_of(error, trip.hop.url)
        if failure.kind is ErrorKind.CONNECT and trip.answer is None and trip.connecting.asks_for_certificate:
            return wants_certificate(trip.hop.url)
        return failure

    async def _follow(self, trip: _Trip) -> None:
        while True:
            trip.answer = None
            wait = self._take_turn(trip)
            if wait is None:
                trip.failure = too_often(trip.hop.url)
                return None
            if wait:
                await asyncio.sleep(wait)
            answer = trip.answer = await self._send(trip)
            trip.first_byte = time.perf_counter()
            following = self._following(trip, answer)
            if following is None:
                return await self._read(trip, answer)
            answer.release()
            if isinstance(following, HttpFailure):
                trip.failure = following
                return None
            trip.hop = following
            trip.redirects += 1

    def _take_turn(self, trip: _Trip) -> float | None:
        """Return the seconds until the owner's rate allows the call; None if too many calls are waiting."""
        target = target_of(trip.hop.url)
        if trip.counted == target:
            trip.counted = None
            return 0.0
        return self.rates.reserve(trip.connecting.owner, target, clock.epoch_milliseconds(clock.now()))

    def _following(self, trip: _Trip, answer: aiohttp.ClientResponse) -> Hop | HttpFailure | None:
        if answer.status not in STATUSES or self._max_redirects == 0:
            return None
        locations = answer.headers.getall("Location", [])
        if not locations:
            return None
        if trip.redirects >= self._max_redirects:
            return too_many_redirects(self._max_redirects, trip.hop.url)
        if len(set(locations)) > 1:
            return several_locations(trip.hop.url)
        trip.cookies.keep(trip.hop.url, answer.headers.getall("Set-Cookie", []))
        return next_hop(trip.hop, answer.status, locations[0], trip.request.secret_names)

    async def _send(self, trip: _Trip) -> aiohttp.ClientResponse:
        try:
            return await self._send_once(trip)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientResponseError):
            # A server may close an idle connection just when it is reused (RFC 9112 section 9.3.1), or send leftovers
            # of the previous response.
            if trip.connecting.fresh or trip.hop.method not in _IDEMPOTENT:
                raise
        return await self._send_once(trip)

    async def _send_once(self, trip: _Trip) -> aiohttp.ClientResponse:
        if self._session is None:
            raise RuntimeError("The HTTP client is not open.")
        trip.connecting.fresh = trip.connecting.asks_for_certificate = False
        hop = trip.hop
        headers = complete_headers(hop.method, hop.url, trip.cookies.headers_for(hop), hop.body, self._contact)
        trip.sent_headers = trip.sent_headers or headers
        return await self._session.request(
            hop.method,
            hop.url,
            headers=headers,
            data=hop.body,
            allow_redirects=False,
            timeout=trip.timeout,
        )

    async def _read(self, trip: _Trip, answer: aiohttp.ClientResponse) -> None:
        try:
            trip.truncated = await read_body(answer, trip.body, self._response_limit)
        except Undecodable as error:
            trip.failure = undecodable(str(error), trip.hop.url)


@dataclass(slots=True)
class OwnersHttp:
    """An HTTP client for one owner's attempt. Its first request to `counted` is not counted again."""

    _door: HttpDoor
    _owner: str
    _counted: str | None = None

    async def request(self, request: HttpRequest) -> HttpExchange:
        """Send a request as `HttpDoor.request` does."""
        counted, self._counted = self._counted, None
        return await self._door.request(request, self._owner, counted)


def _exchange(trip: _Trip) -> HttpExchange:
    answer = trip.answer
    timings = measure(trip.connecting, trip.begun, trip.first_byte, time.perf_counter())
    if answer is None:
        return HttpExchange(
            trip.failure,
            request_headers=trip.sent_headers,
            redirects=trip.redirects,
            timings=timings,
            cookies=trip.cookies.secrets(),
        )
    headers = answer.headers
    whole = not trip.truncated and trip.failure is None
    return HttpExchange(
        failure=trip.failure,
        status=answer.status,
        headers=recorded_headers(answer.raw_headers),
        request_headers=trip.sent_headers,
        body=decode_body(bytes(trip.body), media_type(headers.getall("Content-Type", [])), whole=whole),
        truncated=trip.truncated,
        redirects=trip.redirects,
        retry_after=longest_wait(headers.getall("Retry-After", []), clock.now()),
        timings=timings,
        cookies=trip.cookies.secrets(),
    )
