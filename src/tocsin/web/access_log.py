"""The access log: one line for each request and WebSocket connection, if the operator enables it.

It omits query strings and the tokens of file links, callback URLs, links in mails and public links, so that reading the
log gives no access.
"""

import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin import telemetry
from tocsin.jobs.file_storage import DOWNLOAD_PATH
from tocsin.jobs.http.callbacks import CALLBACK_PATH
from tocsin.notifications.pages import UNSUBSCRIBE_PATH
from tocsin.public_links.paths import STATUS_PATH, TRIGGER_PATH
from tocsin.telemetry import escape_text

SECRET_PATHS = (DOWNLOAD_PATH, CALLBACK_PATH, UNSUBSCRIBE_PATH, STATUS_PATH, TRIGGER_PATH)
"""Paths that are followed by a token."""
_SECRET_PART = re.compile("|".join(map(re.escape, SECRET_PATHS)), re.IGNORECASE)
"""Where the token begins: not only at the beginning of the path, since a mistyped URL still has it."""
_MAX_PATH_LENGTH = 200
_MAX_METHOD_LENGTH = 20
log = telemetry.get_logger(__name__)


class AccessLogMiddleware:
    """Middleware that logs method, path, status, client and duration at the end of a request or connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or connection."""
        if scope["type"] not in {"http", "websocket"}:
            return await self._app(scope, receive, send)
        began, status = time.perf_counter(), None

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                status = message["status"]
            elif message["type"] == "websocket.accept":
                status = 101
            await send(message)

        try:
            await self._app(scope, receive, send_noting_status)
        finally:
            log.info(
                "request" if scope["type"] == "http" else "websocket",
                method=escape_text(scope.get("method", "GET"), _MAX_METHOD_LENGTH),
                path=_printable_path(scope),
                status=status,
                client=scope["client"][0] if scope.get("client") else None,
                milliseconds=round((time.perf_counter() - began) * 1000, 1),
            )


def _printable_path(scope: Scope) -> str:
    """Return the path in printable ASCII, so that clients cannot forge log lines."""
    path = str(scope["path"])
    if (found := _SECRET_PART.search(path)) is not None:
        path = path[: found.end()]
    shown = path.encode("unicode_escape").decode("ascii")
    whole = found is None and len(shown) <= _MAX_PATH_LENGTH
    return shown if whole else f"{shown[:_MAX_PATH_LENGTH]}…"
