"""uvicorn's protocols, with limits on the size of a request and the time in which it must arrive.

Requests that exceed them are refused before the application sees them, with the usual error response: JSON with a
code and the security headers.
"""

import asyncio
import sys
from collections.abc import Callable
from enum import Enum
from typing import Any

import httptools
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from tocsin.web.connections import Connection, ConnectionRefusal, ConnectionTable
from tocsin.web.raw_responses import raw_response

HEAD_LIMIT = 32 * 1024
"""Maximum bytes of the request line and headers. One read (up to 256 KiB) is parsed before it is measured."""
URL_LIMIT = 16 * 1024
HEADER_LIMIT = 100
"""Maximum number of headers of a request."""
UPGRADE_LINE_LIMIT = 8000
"""Maximum bytes of a line in a WebSocket handshake; the parser's own limit is hardly higher."""
HEAD_SECONDS = 10.0
"""Maximum time for the head of a request, from the connection or from the first byte of a later request."""
BODY_SECONDS = 30.0
"""Maximum time from the head until the body is complete."""
LINGER_SECONDS = 2.0
"""Time for a refused client to read the response: closing while it still sends would reset the connection."""
DRAIN_LIMIT = 8 * 1024 * 1024
"""Maximum bytes of a body to discard after the response, so that the connection can be reused."""


_UPGRADE_HEADERS = {b"connection", b"upgrade", b"http2-settings"}


class _Phase(Enum):
    HEAD = "head"
    BODY = "body"
    BETWEEN = "between two requests, or during a response"


class ServerConfig(uvicorn.Config):
    """uvicorn's configuration, with the table in which each connection takes a place."""

    def __init__(self, app: ASGIApp, connections: ConnectionTable, **options: Any) -> None:
        self.connections = connections
        super().__init__(app, **options)


class Callbacks:
    """Callbacks that are called once."""

    def __init__(self) -> None:
        self._callbacks: set[Callable[[], None]] = set()

    def add(self, callback: Callable[[], None]) -> None:
        """Add a callback, unless it is there."""
        self._callbacks.add(callback)

    def call(self) -> None:
        """Call the callbacks and forget them."""
        callbacks, self._callbacks = self._callbacks, set()
        for callback in callbacks:
            callback()


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with limits.

    The application finds it as `http` of the connection's state, and can send what it has encoded for many streams.
    """

    config: ServerConfig
    _place: Connection | None = None
    _phase = _Phase.HEAD
    _completed_requests = 0
    """Requests that were received completely."""
    _is_begun = False
    """Whether any part of the next request was received."""
    _timed_state: tuple[int, _Phase] | None = None
    _deadline: asyncio.TimerHandle | None = None
    _data = b""
    """The bytes that were received last."""
    _declines_upgrade = False
    """Whether the current request offers an upgrade to a protocol that is not supported."""
    _refusal: tuple[int, str] | None = None
    _is_refused = False
    _sizes = (0, 0, 0)
    """Bytes of the current head: the URL, the longest header, all headers."""
    _received = 0
    """Bytes received of an incomplete head, or of a body."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Take a place and wait for a request. Without a place, respond with the reason and close."""
        super().connection_made(transport)
        place = self.config.connections.open(self.client[0] if self.client else "", transport.abort)
        if isinstance(place, ConnectionRefusal):
            self._is_refused = True
            transport.write(raw_response(place.status, place.message))
            transport.close()
            return
        self._place = place
        self._on_writable = Callbacks()
        self.app_state = {**self.app_state, "connection": place, "http": self}
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer and release the place."""
        self._stop_timer()
        if self._place is not None:
            self._place.close()
            self._on_writable.call()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """Continue to send, because the client has read most of what was sent."""
        super().resume_writing()
        self._on_writable.call()

    @property
    def is_writable(self) -> bool:
        """Whether the client has read most of what was sent."""
        return not self.flow.write_paused

    def call_when_writable(self, callback: Callable[[], None]) -> None:
        """Call the callback once, when the client has read most of what was sent, or the connection was lost."""
        self._on_writable.add(callback)

    def find_stream(self) -> RequestResponseCycle | None:
        """Return the response in progress if it is one without a length that has begun."""
        cycle = self.cycle
        return cycle if cycle is not None and cycle.response_started and cycle.chunked_encoding else None

    def write_chunks(self, cycle: RequestResponseCycle, chunks: bytes) -> None:
        """Send complete chunks of a response without waiting, unless it has ended."""
        if not (cycle.response_complete or cycle.disconnected or self.transport.is_closing()):
            self.transport.write(chunks)

    def data_received(self, data: bytes) -> None:
        """Parse data, unless the connection was refused."""
        if self._is_refused:
            return
        if self._phase is _Phase.BETWEEN:
            self._phase = _Phase.HEAD  # also for empty lines, which the parser skips silently
        before = (self._completed_requests, self._phase)
        self._data = data
        super().data_received(data)
        if (self._completed_requests, self._phase) == before == (self._completed_requests, _Phase.HEAD):
            self._received += len(data)
            if self._received > HEAD_LIMIT:
                self._refuse(*self._too_large_refusal())
        self._start_timer()

    def on_message_begin(self) -> None:
        """Reset the state for a new request."""
        super().on_message_begin()
        self._phase, self._is_begun, self._received, self._sizes = _Phase.HEAD, True, 0, (0, 0, 0)

    def on_url(self, url: bytes) -> None:
        """Measure a part of the URL."""
        super().on_url(url)
        self._sizes = (len(self.url), *self._sizes[1:])

    def on_header(self, name: bytes, value: bytes) -> None:
        """Measure a header."""
        super().on_header(name, value)
        url, longest, total = self._sizes
        size = len(name) + len(value) + 4
        self._sizes = (url, max(longest, size), total + size)

    def on_headers_complete(self) -> None:
        """Serve the request if its head is acceptable."""
        self._phase, self._received = _Phase.BODY, 0
        self._refusal = self._check_head()
        if self._refusal is not None:
            raise ValueError(self._refusal)  # makes the parser stop, and uvicorn call send_400_response
        self._declines_upgrade = self.parser.should_upgrade() and not self._should_upgrade()
        if not self._declines_upgrade:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass on a part of the body. After the response it is discarded, up to `DRAIN_LIMIT`."""
        super().on_body(body)
        if self.cycle is not None and self.cycle.response_complete:
            self._received += len(body)
            if self._received > DRAIN_LIMIT:
                self.transport.abort()

    def on_message_complete(self) -> None:
        """Complete a request."""
        if self._declines_upgrade:
            return
        super().on_message_complete()
        self._completed_requests += 1
        self._phase, self._is_begun, self._received = _Phase.BETWEEN, False, 0

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's message is plain text
        """Refuse a request that the parser rejected or that `on_headers_complete` stopped."""
        self._refuse(*(self._refusal or (400, "This is not a valid HTTP request.")))

    def _unsupported_upgrade_warning(self) -> None:
        """Decline an upgrade by parsing the request again without the upgrade headers.

        Java's client offers HTTP/2 with its first request, and the parser would treat the body as HTTP/2 data.
        """
        offset = sys.exception().args[0]  # type: ignore[union-attr]  # called while HttpParserUpgrade is handled
        headers = [(name, value) for name, value in self.headers if name not in _UPGRADE_HEADERS]
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/1.1", *(b": ".join(pair) for pair in headers)]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
        super().data_received(b"\r\n".join([*lines, b"", b""]) + self._data[offset:])

    def shutdown(self) -> None:
        """Close with the server: immediately if this is a stream, which would not end by itself."""
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self._abandon()
            self.transport.close()
        else:
            super().shutdown()

    def _check_head(self) -> tuple[int, str] | None:
        url, longest, total = self._sizes
        is_upgrade = self.parser.should_upgrade() and self._should_upgrade()
        too_long_a_line = is_upgrade and max(url, longest) > UPGRADE_LINE_LIMIT
        if url > URL_LIMIT or url + total > HEAD_LIMIT or len(self.headers) > HEADER_LIMIT or too_long_a_line:
            return self._too_large_refusal()
        version, method = self.parser.get_http_version(), self.parser.get_method()
        if version not in {"1.0", "1.1"}:
            return 505, "This server supports HTTP/1.0 and HTTP/1.1."
        if method == b"CONNECT":
            return 400, "This server is not a proxy."
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and version == "1.1"):
            return 400, "The request must have exactly one Host header."
        return None

    def _too_large_refusal(self) -> tuple[int, str]:
        if self._sizes[0] > URL_LIMIT or not self.headers:
            return 414, f"The URL is longer than {URL_LIMIT} bytes; send the operation in a POST request."
        return 431, f"The request has more than {HEADER_LIMIT} headers, or more than {HEAD_LIMIT} bytes of them."

    def _start_timer(self) -> None:
        """Start the timer of the current phase, unless it is running."""
        state = (self._completed_requests, self._phase)
        if state == self._timed_state:
            return
        self._stop_timer()
        self._timed_state = state
        seconds = {_Phase.HEAD: HEAD_SECONDS, _Phase.BODY: BODY_SECONDS}.get(self._phase)
        if seconds is not None and not self._is_refused:
            self._deadline = self.loop.call_later(seconds, self._on_timeout)

    def _stop_timer(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_timeout(self) -> None:
        answered = self.cycle is None or self.cycle.response_complete
        if answered and (self._phase is _Phase.BODY or not self._is_begun):
            self.transport.close()
        elif self._phase is _Phase.BODY:
            self._refuse(408, f"The request's body did not arrive within {BODY_SECONDS:g} seconds.")
        else:
            self._refuse(408, f"The request's headers did not arrive within {HEAD_SECONDS:g} seconds.")

    def _refuse(self, status: int, message: str) -> None:
        """Respond in place of the application, and close the connection."""
        if self._is_refused or self.transport.is_closing():
            return
        self._is_refused = True
        self._stop_timer()
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body and self._phase is not _Phase.BODY:
                cycle.keep_alive = False  # finish the response in progress, then close
                return
            self._abandon()
            if cycle.response_started or self.pipeline:
                self.transport.close()
                return
        self.transport.write(raw_response(status, message))
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _abandon(self) -> None:
        """Tell the application that the client has disconnected."""
        self.cycle.disconnected = True
        self.cycle.message_event.set()
