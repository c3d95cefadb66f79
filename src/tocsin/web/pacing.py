"""Requests take turns, so that runs never wait for many of them: a flood of requests must not make schedules late."""

import asyncio
import time
from collections import deque

from starlette.types import ASGIApp, Receive, Scope, Send

SHARE = 0.6
"""How much of its time the event loop may be busy before further requests wait. The rest keeps runs on time."""
_WINDOW = 0.05
_LOOK = 0.005
_AT_LEAST = 0.02
"""Seconds over which that is measured, after which it is asked again, and in which one request begins all the same."""


class Load:
    """How busy the event loop's thread is: its processor time as a share of the time that passed."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.thread_time()
        self._share = 0.0

    def is_high(self) -> bool:
        """Whether it was busier than `SHARE` in the last window. Asked from the loop's own thread."""
        wall = time.perf_counter()
        if (passed := wall - self._wall) >= _WINDOW:
            processor = time.thread_time()
            self._share = (processor - self._processor) / passed
            self._wall, self._processor = wall, processor
        return self._share > SHARE


class Turns:
    """Lets those who wait go on in the order they came: one in each turn of the event loop, fewer while it is busy."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken = False
        self._load = Load()
        self._began = 0.0

    async def take(self) -> None:
        """Return when it is the caller's turn: at once, if nobody has had this one and the loop is not busy."""
        loop = asyncio.get_running_loop()
        if not self._taken and not self._must_wait():
            self._begin(loop)
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        if not self._taken:
            self._taken = True
            loop.call_later(_LOOK, self._next)
        await turn

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._taken, self._began = True, time.perf_counter()
        loop.call_soon(self._next)

    def _must_wait(self) -> bool:
        return self._load.is_high() and time.perf_counter() - self._began < _AT_LEAST

    def _next(self) -> None:
        """A new turn of the loop has begun."""
        loop = asyncio.get_running_loop()
        while self._waiting and self._waiting[0].done():  # he who waited was cancelled
            self._waiting.popleft()
        if not self._waiting:
            self._taken = False
        elif self._must_wait():
            loop.call_later(_LOOK, self._next)
        else:
            self._waiting.popleft().set_result(None)
            self._begin(loop)


class Paced:
    """The application, begun for one request at a time."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._turns = Turns()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        await self._turns.take()
        await self._app(scope, receive, send)
