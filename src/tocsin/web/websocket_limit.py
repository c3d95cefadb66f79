"""The limit on WebSockets of one client address behind a proxy."""

from starlette.types import ASGIApp, Receive, Scope, Send

from tocsin.web.connections import Connection, ConnectionRefusal
from tocsin.web.error_responses import error_body


class WebSocketLimitMiddleware:
    """Middleware that limits WebSockets per client address behind a proxy, before the handshake."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or connection, or refuse a handshake with 429."""
        connection: Connection | None = scope.get("state", {}).get("connection")
        is_new = scope["type"] == "websocket" and connection is not None and connection.is_from_proxy
        if not is_new or connection is None or connection.assign_address(scope["client"][0]):
            await self._app(scope, receive, send)
            return
        await receive()
        refusal = ConnectionRefusal.ADDRESS_LIMIT
        body = error_body(refusal.status, refusal.message)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": body})
