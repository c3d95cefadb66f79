"""A protocol that ends a response where its framing says (RFC 9112 section 6.3), however it is split into packets.

aiohttp's parser treats all bytes of a packet as HTTP. If the bytes after a response are not, it raises and drops the
response, and whether that happens depends on the packets' timing. So the parser gets one head at a time here, and the
response is delivered before the bytes after it are parsed.
"""

import asyncio
import re
import select
import struct
import sys
from typing import Any

from aiohttp import ClientConnectionError, ClientConnectionResetError, ClientPayloadError
from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import _EXC_SENTINEL as _NO_CAUSE
from aiohttp.helpers import TimerNoop
from aiohttp.http import HttpProcessingError, RawResponseMessage
from aiohttp.streams import StreamReader

from tocsin.outbound.framing import TAIL_LENGTH, has_irregular_line_break, has_plain_last_chunk, is_framing_unambiguous
from tocsin.outbound.parse_errors import MAX_HEADER_LINE_BYTES, MAX_HEADERS, TOO_MANY_INTERIM_RESPONSES
from tocsin.outbound.tls import ObservedSslObject

if sys.platform == "linux":
    import fcntl
    import termios

_HEAD_END = re.compile(rb"\n\r?\n")
_OVERLAP = 3  # bytes of the end of a head that may be in the previous packet
_SWITCHING_PROTOCOLS = 101
_NO_TIMER = TimerNoop()  # the client limits the whole request
MAX_INTERIM_RESPONSES = 100
"""Interim responses to one request: an endless series would keep the event loop busy."""

ParsedResponse = tuple[RawResponseMessage, StreamReader]


class StrictResponseHandler(ResponseHandler):
    """A connection that delivers exactly one response for each request.

    It is closed, at once or before it is reused, by bytes after the response, by a response whose end is ambiguous, and
    by a response that arrives before its request is sent.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._head_tail = b""
        self._body: StreamReader | None = None  # of the response, once its head is complete
        self._answered = False
        self._chunks_end: bytes | None = None  # the last bytes of a chunked body
        self._is_sent = self._has_request_body = self._skips_body = False  # about the request
        self._interim = 0  # responses before the final one
        self._poll: select.poll | None = None
        self.certificate_requested = False  # during the handshake, for one of ours

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Record whether the server asked for a certificate during the TLS handshake."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        self.certificate_requested = isinstance(tls, ObservedSslObject) and tls.certificate_requested

    def send_request(self, data: bytes, *, has_body: bool, skips_body: bool) -> None:
        """Send a whole request, and expect its response, which has no body if `skips_body`.

        Raises ClientConnectionResetError if the connection is closing.
        """
        self._head_tail, self._body, self._answered, self._interim = b"", None, False, 0
        self._chunks_end, self._is_sent = None, False
        self._has_request_body, self._skips_body = has_body, skips_body
        self._renew_parser()
        if self.transport is None or self.transport.is_closing():
            raise ClientConnectionResetError("The connection is closing.")
        self.transport.write(data)
        self._is_sent = True

    async def read_response(self) -> ParsedResponse:
        """Return the final response as soon as its head is complete. Raises what broke it off."""
        while True:
            message, body = await self.read()
            if _is_final(message):
                return message, body

    def is_connected(self) -> bool:
        """Tell whether the connection can carry a request.

        Unread bytes between two requests, or the end of the connection, would be taken for the next response.
        """
        return super().is_connected() and not (self._answered and self._is_readable())

    def data_received(self, data: bytes) -> None:
        """Parse the heads one by one, then the body."""
        if self._parser is None or self._upgraded:
            self.force_close()  # no request is open
            super().data_received(data)
        elif self._answered:
            if data:
                self._drop_rest()
        else:
            rest = data if self._body is not None else self._receive_heads(data)
            if self._body is not None:
                self._receive_body(self._body, rest)

    def feed_data(self, data: ParsedResponse, size: int = 0) -> None:
        """Deliver a response whose head is complete. Only the one after the interim responses is final."""
        super().feed_data(data, size)
        message, body = data
        if not is_framing_unambiguous(message):
            self.force_close()
        if _is_final(message):
            self._body = body
            self._chunks_end = b"" if message.chunked else None
            if not self._is_sent or (self.transport is not None and self._has_unsent()):
                self.force_close()
            return
        self._interim += 1
        if self._interim > MAX_INTERIM_RESPONSES:
            self.set_exception(HttpProcessingError(code=message.code, message=TOO_MANY_INTERIM_RESPONSES))
            self._drop_rest()
        elif message.should_close:  # its parser would refuse the final response
            self._renew_parser()

    def set_exception(self, exc: BaseException, exc_cause: BaseException = _NO_CAUSE) -> None:
        """Fail the request, except when only its body could not be written to the end.

        The server may have responded already, or explained why it closed the connection.
        """
        is_end = self._connection_lost_called or not isinstance(exc, ClientConnectionError)
        if is_end or self.transport is None or not self.transport.is_closing():
            super().set_exception(exc, exc_cause)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Fail a body that is delimited by the end of the connection if that end is an error."""
        body = self._body
        if exc is not None and body is not None and not body.is_eof():
            self._fail_body(body, exc)
        super().connection_lost(exc)

    def _renew_parser(self) -> None:
        self.set_response_params(
            timer=_NO_TIMER,
            skip_payload=self._skips_body,
            read_until_eof=True,
            auto_decompress=False,
            max_line_size=MAX_HEADER_LINE_BYTES,
            max_field_size=MAX_HEADER_LINE_BYTES,
            max_headers=MAX_HEADERS,
        )

    def _receive_heads(self, data: bytes) -> bytes:
        while data and self._body is None and self._exception is None:
            if not self._head_tail:
                data = data.lstrip(b"\r\n")  # empty lines before a head
            before = self._head_tail
            head, data = self._cut_head(data)
            if has_irregular_line_break(before, head):
                self.force_close()
            super().data_received(head)
        return data

    def _cut_head(self, data: bytes) -> tuple[bytes, bytes]:
        tail = self._head_tail
        found = _HEAD_END.search(tail + data if tail else data)
        if found is None:
            self._head_tail = (tail + data)[-_OVERLAP:]
            return data, b""
        self._head_tail = b""
        length = found.end() - len(tail)
        return data[:length], data[length:]

    def _receive_body(self, body: StreamReader, data: bytes) -> None:
        follows = bool(data)
        if not body.is_eof():
            follows = self._parse_body(body, data)
            if self._chunks_end is not None:
                self._chunks_end = (self._chunks_end + data[-TAIL_LENGTH:])[-TAIL_LENGTH:]
            if not body.is_eof():
                return
            follows = follows or (self._chunks_end is not None and not has_plain_last_chunk(self._chunks_end))
        self._answered = True
        if follows:
            self._drop_rest()

    def _parse_body(self, body: StreamReader, data: bytes) -> bool:
        """Parse bytes of the body, and tell whether bytes after its end were received."""
        parser: Any = self._parser
        try:
            following, _, _ = parser.feed_data(data)
            return body.is_eof() and (bool(following) or parser.feed_eof() is not None)
        except Exception as error:
            if not body.is_eof():
                self._fail_body(body, error)
                self._drop_rest()
            return True

    def _drop_rest(self) -> None:
        self._answered = True
        self.force_close()
        if self.transport is not None:
            self.transport.close()

    def _fail_body(self, body: StreamReader, cause: BaseException) -> None:
        error = ClientPayloadError(str(cause))
        error.__cause__ = cause
        body.set_exception(error)

    def _has_unsent(self) -> bool:
        """Tell whether part of the request's body is still buffered here, or was not acknowledged by the server."""
        transport: Any = self.transport
        if transport.get_write_buffer_size():
            return True
        if not self._has_request_body:
            return False
        connection = transport.get_extra_info("socket")
        return connection is not None and _count_unacknowledged_bytes(connection.fileno()) > 0

    def _is_readable(self) -> bool:
        if self._poll is None:
            connection: Any = self.transport and self.transport.get_extra_info("socket")
            if connection is None or not hasattr(select, "poll"):
                return False
            self._poll = select.poll()
            self._poll.register(connection.fileno(), select.POLLIN)
        return bool(self._poll.poll(0))


def _is_final(message: RawResponseMessage) -> bool:
    return not 100 <= message.code < 200 or message.code == _SWITCHING_PROTOCOLS


def _count_unacknowledged_bytes(descriptor: int) -> int:
    """Return the sent bytes that the server has not acknowledged (SIOCOUTQ, tcp(7)); 0 where that is unknown."""
    if sys.platform != "linux":
        return 0
    try:
        answer = fcntl.ioctl(descriptor, termios.TIOCOUTQ, struct.pack("i", 0))
    except OSError:
        return 0
    return int(struct.unpack("i", answer)[0])


def read_unread_bytes(body: StreamReader) -> bytes:
    """Return the bytes of a failed body that were received and not read yet."""
    body._exception = None
    return body.read_nowait()
