"""Timers by name: a new one replaces the one of the same name."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from tocsin import clock


class Timers:
    """Calls functions at their times. Not thread-safe: set timers on the event loop."""

    def __init__(self) -> None:
        self._handles: dict[str, asyncio.TimerHandle] = {}

    def set(self, name: str, at: datetime | None, act: Callable[[], object], *, within: float | None = None) -> None:
        """Call `act` at this time, unless that is None or more than `within` seconds away."""
        if (previous := self._handles.pop(name, None)) is not None:
            previous.cancel()
        if at is None:
            return
        seconds = (at - clock.now()).total_seconds()
        if within is None or seconds <= within:
            loop = asyncio.get_running_loop()
            self._handles[name] = loop.call_later(max(seconds, 0) + 0.001, self._call, name, act)

    def cancel_all(self) -> None:
        """Cancel all timers."""
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()

    def _call(self, name: str, act: Callable[[], object]) -> None:
        self._handles.pop(name, None)
        act()
