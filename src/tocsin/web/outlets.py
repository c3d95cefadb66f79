"""The ends of subscriptions at the transports, which send results that many subscriptions share."""

import json
import struct
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from tocsin.graphql.sharing.delivery import Payloads
from tocsin.web.protocols import BoundedHttpProtocol
from tocsin.web.websocket_protocol import JsonWebSocketProtocol

_TEXT = 0x81
"""The first byte of a text frame that is a complete message and not compressed (RFC 6455 section 5.2)."""


class OperationOutlet:
    """An operation on a WebSocket. Operations with the same ID, on any connection, get the same bytes."""

    def __init__(self, socket: JsonWebSocketProtocol, operation_id: str) -> None:
        self._socket = socket
        self._start = f'{{"id":{json.dumps(operation_id)},"type":"next","payload":'.encode()

    @property
    def is_writable(self) -> bool:
        """Whether the client has read nearly everything that was sent before."""
        return self._socket.is_writable

    def write(self, payloads: Payloads) -> None:
        """Send one message for each result."""
        self._socket.write_frames(payloads.in_form(self._start, encode_messages))

    def call_when_writable(self, callback: Callable[[], None]) -> None:
        """Call the callback once, when the outlet has become writable or the connection was lost."""
        self._socket.call_when_writable(callback)


class StreamOutlet:
    """A stream of server-sent events. All of them get the same bytes."""

    def __init__(self, http: BoundedHttpProtocol, response: RequestResponseCycle) -> None:
        self._http, self._response = http, response

    @property
    def is_writable(self) -> bool:
        """Whether the client has read nearly everything that was sent before."""
        return self._http.is_writable

    def write(self, payloads: Payloads) -> None:
        """Send one event for each result."""
        self._http.write_chunks(self._response, payloads.in_form(b"sse", encode_events))

    def call_when_writable(self, callback: Callable[[], None]) -> None:
        """Call the callback once, when the outlet has become writable or the connection was lost."""
        self._http.call_when_writable(callback)


def encode_events(_: bytes, payloads: Payloads) -> bytes:
    """Return a chunk of a response (RFC 9112 section 7.1) with a `next` event for each result, which is one line.

    The cursor is its ID: a client that reconnects sends the last one as `Last-Event-ID`.
    """
    ids = [b"id: %b\r\n" % cursor.encode() for cursor in payloads.cursors] or [b""] * len(payloads)
    parts = (
        b"event: next\r\n%bdata: %b\r\n\r\n" % (id_, result) for id_, result in zip(ids, payloads.results, strict=True)
    )
    events = b"".join(parts)
    return b"%x\r\n%b\r\n" % (len(events), events)


def encode_messages(start: bytes, payloads: Payloads) -> bytes:
    """Return a frame for each result: a message that begins with `start`, an object without its end."""
    parts: list[bytes] = []
    for result in payloads.results:
        length = len(start) + len(result) + 1
        parts += (frame_head(length), start, result, b"}")
    return b"".join(parts)


def frame_head(length: int) -> bytes:
    """Return the head of a server's text frame with so many bytes."""
    if length < 126:
        return bytes((_TEXT, length))
    return struct.pack("!BBH", _TEXT, 126, length) if length < 65_536 else struct.pack("!BBQ", _TEXT, 127, length)
