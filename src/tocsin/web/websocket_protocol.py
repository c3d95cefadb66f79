"""uvicorn's WebSocket protocol, with JSON for refusals, and a way to send the same frames to many connections."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.datastructures import Headers
from websockets.http11 import Response
from websockets.protocol import State

from tocsin.web.error_responses import error_body
from tocsin.web.protocols import Callbacks
from tocsin.web.raw_responses import raw_response, response_headers


class JsonWebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, which answers failed handshakes with JSON.

    The application finds it as `socket` of the connection's state, and can send what it has encoded for many.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.app_state = {**self.app_state, "socket": self}
        self._on_writable = Callbacks()
        self.conn.reject = _reject_handshake  # type: ignore[method-assign]  # the one place where all refusals are made

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the place that was taken before the handshake."""
        self.app_state["connection"].close()
        super().connection_lost(exc)
        self._on_writable.call()

    def resume_writing(self) -> None:
        """Continue to send, because the client has read most of what was sent."""
        super().resume_writing()
        self._on_writable.call()

    @property
    def is_writable(self) -> bool:
        """Whether the client has read most of what was sent."""
        return self.writable.is_set()

    def write_frames(self, frames: bytes) -> None:
        """Send complete frames without waiting, unless the connection is closing."""
        if self.conn.state is State.OPEN and not self.close_sent and not self.transport.is_closing():
            self.transport.write(frames)

    def call_when_writable(self, callback: Callable[[], None]) -> None:
        """Call the callback once, when the client has read most of what was sent, or the connection was lost."""
        self._on_writable.add(callback)

    def data_received(self, data: bytes) -> None:
        """Parse data. The handshake arrives in one piece; where it is invalid, uvicorn would never respond."""
        super().data_received(data)
        if not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(raw_response(400, "This is not a valid WebSocket handshake."))
            self.transport.close()

    def shutdown(self) -> None:
        """Close with the server. Without a handshake uvicorn's own shutdown raises, which would stop the server's."""
        if self.handshake_initiated:
            super().shutdown()
        else:
            self.transport.close()


def _reject_handshake(status: HTTPStatus | int, text: str) -> Response:
    status = HTTPStatus(status)
    message = text.strip().partition("\n")[0] or "No WebSocket is served at this path or to pages of this origin."
    body = error_body(status, message)
    return Response(status, status.phrase, Headers(response_headers(body)), body)
