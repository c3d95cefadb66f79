"""A duty that a process repeats until it stops."""

import asyncio
from collections.abc import Awaitable, Callable

from pymongo.errors import PyMongoError

from tocsin import telemetry
from tocsin.cancellation import cancel_and_wait
from tocsin.errors import TocsinError

STOP_SECONDS = 5.0
log = telemetry.get_logger(__name__)


class Periodic:
    """Repeats a duty at an interval, and at once when it is triggered.

    The duty may return the seconds until its next call; None stands for the interval. A call that fails is logged,
    the same failure only once in a row, and repeated after the interval, or, with a `backoff` of (first, longest)
    seconds, after delays that double. All delays are in seconds. Not thread-safe: trigger it on the event loop.
    """

    def __init__(
        self,
        name: str,
        duty: Callable[[], Awaitable[float | None]],
        interval: float,
        *,
        first_delay: float | None = None,
        min_delay: float = 0.0,
        backoff: tuple[float, float] | None = None,
    ) -> None:
        self._name, self._duty, self._interval = name, duty, interval
        self._first_delay = interval if first_delay is None else first_delay
        self._min_delay, self._backoff = min_delay, backoff
        self._failures, self._reported = 0, ""
        self._stopping, self._triggered = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the first delay."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    def trigger(self) -> None:
        """Call the duty as soon as possible: now, or when the call under way has ended."""
        self._triggered.set()

    async def stop(self) -> None:
        """Wait a few seconds for a call under way, then cancel it."""
        self._stopping.set()
        self._triggered.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=STOP_SECONDS)
            await cancel_and_wait(self._task)

    async def _run(self) -> None:
        delay = self._first_delay
        while not await self._stops_within(delay):
            self._triggered.clear()
            try:
                delay = self._next_delay(await self._duty())
            except Exception as error:
                delay = self._delay_after(error)

    async def _stops_within(self, delay: float) -> bool:
        if self._min_delay and not self._stopping.is_set():
            await asyncio.sleep(self._min_delay)
        try:
            async with asyncio.timeout(delay):
                await self._triggered.wait()
        except TimeoutError:
            pass
        return self._stopping.is_set()

    def _next_delay(self, returned: float | None) -> float:
        self._failures, self._reported = 0, ""
        return self._interval if returned is None else returned

    def _delay_after(self, error: Exception) -> float:
        delay = self._interval
        if self._backoff is not None:
            first, longest = self._backoff
            delay = min(first * 2.0**self._failures, longest)
        self._failures = min(self._failures + 1, 60)
        self._report(error)
        return delay

    def _report(self, error: Exception) -> None:
        if (message := f"{type(error).__name__}: {error}"[:300]) == self._reported:
            return
        self._reported = message
        if isinstance(error, TocsinError):
            log.error(str(error), duty=self._name)
        elif isinstance(error, PyMongoError):
            log.warning("waiting for the database", duty=self._name, error=message)
        else:
            log.error("periodic work failed, trying again", duty=self._name, exc_info=error)
