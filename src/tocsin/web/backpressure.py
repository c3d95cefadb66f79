"""Backpressure: requests start one after the other, so that a flood of them does not make runs late."""

import asyncio
import time
from collections import deque

from starlette.types import ASGIApp, Receive, Scope, Send

from tocsin.web.connections import Connection

MAX_LOOP_SHARE = 0.6
"""The share of time that the event loop may be busy before further requests wait. The rest keeps runs on time."""
KNOWN_LOOP_SHARE = 0.9
"""The same for connections whose last request a user has authenticated, whose requests are limited by their cost."""
_WINDOW_SECONDS = 0.05
_CHECK_SECONDS = 0.005
_MAX_DELAY_SECONDS = 0.02
"""Seconds: how long the loop may be busy without a break before requests wait, the interval of checks, and the time
after which a request always starts."""


class EventLoopLoad:
    """The load of the event loop's thread: how far its processor time exceeds a share of the wall time.

    The excess is paid off while the thread is idle, so that the thread is as busy as the share, however long single
    requests take. It is bounded, so that requests do not wait long for what was done before.
    """

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.thread_time()
        self._excess = 0.0

    def exceeds(self, share: float) -> bool:
        """Tell whether the load is above this share, the same in all calls. Call it in the loop's own thread."""
        wall, processor = time.perf_counter(), time.thread_time()
        tolerated = _WINDOW_SECONDS * (1 - share)
        excess = self._excess + (processor - self._processor) - share * (wall - self._wall)
        self._wall, self._processor = wall, processor
        self._excess = min(max(excess, 0.0), 2 * tolerated)
        return self._excess > tolerated


class RequestPacer:
    """Admits callers in order of arrival: one per iteration of the event loop, fewer while it is busier than `share`.

    `share` is from 0 to 1.
    """

    def __init__(self, share: float = MAX_LOOP_SHARE) -> None:
        self._most = share
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_taken = False
        self._load = EventLoopLoad()
        self._admitted_at = 0.0

    async def acquire(self) -> None:
        """Wait until the caller may start: immediately if no other did in this iteration and the loop is not busy."""
        loop = asyncio.get_running_loop()
        if not self._is_taken and not self._must_wait():
            self._admit(loop)
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        if not self._is_taken:
            self._is_taken = True
            loop.call_later(_CHECK_SECONDS, self._admit_next)
        await turn

    def _admit(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_taken, self._admitted_at = True, time.perf_counter()
        loop.call_soon(self._admit_next)

    def _must_wait(self) -> bool:
        return self._load.exceeds(self._most) and time.perf_counter() - self._admitted_at < _MAX_DELAY_SECONDS

    def _admit_next(self) -> None:
        """Admit the next caller, in a new iteration of the loop."""
        loop = asyncio.get_running_loop()
        while self._waiting and self._waiting[0].done():  # cancelled while waiting
            self._waiting.popleft()
        if not self._waiting:
            self._is_taken = False
        elif self._must_wait():
            loop.call_later(_CHECK_SECONDS, self._admit_next)
        else:
            self._waiting.popleft().set_result(None)
            self._admit(loop)


class BackpressureMiddleware:
    """Middleware that delays requests while the event loop is busy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._strangers, self._known = RequestPacer(), RequestPacer(KNOWN_LOOP_SHARE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or connection."""
        connection: Connection | None = scope.get("state", {}).get("connection")
        is_known = connection is not None and connection.begin_request()
        await (self._known if is_known else self._strangers).acquire()
        await self._app(scope, receive, send)
