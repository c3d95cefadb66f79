"""Requests take turns: at most one begins in each turn of the event loop, so that runs never wait for many of them."""

import asyncio
from collections import deque

from starlette.types import ASGIApp, Receive, Scope, Send


class Turns:
    """Lets those who wait go on in the order they came, one in each turn of the event loop."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken = False

    async def take(self) -> None:
        """Return when it is the caller's turn: at once, if nobody has had this one."""
        loop = asyncio.get_running_loop()
        if not self._taken:
            self._taken = True
            loop.call_soon(self._next)
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _next(self) -> None:
        """A new turn of the loop has begun."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # else he who waited was cancelled
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._next)
                return
        self._taken = False


class Paced:
    """The application, begun for one request at a time."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._turns = Turns()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        await self._turns.take()
        await self._app(scope, receive, send)
