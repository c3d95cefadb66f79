"""The outermost middleware: a request id and security headers on every response, and no stack traces."""

import asyncio
import re
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin import telemetry
from tocsin.web.error_responses import INTERNAL_MESSAGE, error_response

SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (
        b"content-security-policy",
        b"default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cache-control", b"no-store"),
]
"""Default headers. A response may set its own, as pages do for their Content-Security-Policy and caching."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
log = telemetry.get_logger(__name__)


class SecurityHeadersMiddleware:
    """Middleware around the whole application, which adds security headers and a request id.

    An exception that nobody caught is logged and answered with 500.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or connection."""
        request_id = _set_request_id(scope)
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = _add_headers(list(message.get("headers", ())), request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except asyncio.CancelledError:  # the server has waited long enough
            if not started:
                await error_response(503, "Tocsin is shutting down. Try again.")(scope, receive, send_with_headers)
        except Exception:
            log.exception("a request failed", request_id=request_id)
            if not started:
                await error_response(500, INTERNAL_MESSAGE)(scope, receive, send_with_headers)


def _set_request_id(scope: Scope) -> str:
    """Set and return the request id: the client's X-Request-Id if it is safe to log, else a new one."""
    requested = next((value for name, value in scope.get("headers", ()) if name == b"x-request-id"), b"").decode(
        "latin-1"
    )
    request_id = requested if _REQUEST_ID.fullmatch(requested) else uuid4().hex
    scope.setdefault("state", {})["request_id"] = request_id
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def _add_headers(headers: list[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in headers}
    own = [header for header in SECURITY_HEADERS if header[0] not in present]
    return [*headers, *own, (b"x-request-id", request_id.encode())]
