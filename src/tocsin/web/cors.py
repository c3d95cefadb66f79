"""Cross-origin resource sharing: only for origins that the operator allows, only for the API, without cookies."""

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = "GET, POST"
_ALLOWED_HEADERS = "Accept, Authorization, Content-Type, X-Request-Id"
_EXPOSED_HEADERS = "Retry-After, X-Request-Id"
_PREFLIGHT_SECONDS = 7200
"""How long a browser may cache a preflight; no browser caches one for longer."""


class CorsMiddleware:
    """Middleware that answers preflights and adds CORS headers for these origins, at one path only."""

    def __init__(self, app: ASGIApp, path: str, origins: Collection[str]) -> None:
        self._app = app
        self._path = path
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or connection."""
        if not self._origins or scope["type"] != "http" or scope["path"] != self._path:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        if origin in self._origins and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight_response(origin)(scope, receive, send)
            return
        await self._app(scope, receive, self._add_headers(origin, send))

    def _add_headers(self, origin: str, send: Send) -> Send:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.add_vary_header("Origin")
                if origin in self._origins:
                    headers["Access-Control-Allow-Origin"] = origin
                    headers["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS
            await send(message)

        return marked


def _preflight_response(origin: str) -> Response:
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
            "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
            "Vary": "Origin",
        },
    )
