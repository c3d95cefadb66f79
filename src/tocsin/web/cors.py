"""Cross-origin resource sharing: only for origins that the operator allows, only for the API, without cookies."""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_PREFLIGHT_SECONDS = 7200
"""How long a browser may cache a preflight; no browser caches one for longer."""


class PathCorsMiddleware:
    """Starlette's CORS middleware for one path. Other paths are for pages of the same origin."""

    def __init__(self, app: ASGIApp, path: str, origins: Collection[str]) -> None:
        self._app, self._path = app, path
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST"),
            allow_headers=("Accept", "Authorization", "Content-Type", "Last-Event-ID", "X-Request-Id"),
            expose_headers=("Retry-After", "X-Request-Id"),
            max_age=_PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or connection."""
        is_shared = scope["type"] == "http" and scope["path"] == self._path
        await (self._shared if is_shared else self._app)(scope, receive, send)
