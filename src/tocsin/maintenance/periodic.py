"""Periodic background work."""

import asyncio
from collections.abc import Awaitable, Callable

from pymongo.errors import PyMongoError

from tocsin import telemetry
from tocsin.cancellation import cancel_and_wait
from tocsin.errors import TocsinError

STOP_SECONDS = 5.0
log = telemetry.get_logger(__name__)


class Periodic:
    """A coroutine function that is called every `seconds`, for the first time after that interval.

    `stop` waits up to 5 seconds for a call in progress before it cancels it.
    """

    def __init__(self, duty: Callable[[], Awaitable[None]], seconds: float) -> None:
        self._work, self._seconds = duty, seconds
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._logged_error = ""

    def start(self) -> None:
        """Start the background task."""
        self._task = asyncio.create_task(self._run(), name="rounds")

    async def stop(self) -> None:
        """Stop the background task."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=STOP_SECONDS)
            await cancel_and_wait(self._task)

    async def _run(self) -> None:
        while not await self._wait_for_stop():
            try:
                await self._work()
                self._logged_error = ""
            except PyMongoError:
                continue  # reported elsewhere: the database is unavailable
            except TocsinError as error:
                self._log_once(str(error))
            except Exception:
                log.exception("periodic work failed, trying again", seconds=self._seconds)

    async def _wait_for_stop(self) -> bool:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._stopping.wait()
        except TimeoutError:
            return False

    def _log_once(self, message: str) -> None:
        """Log an error when it first occurs, not each time."""
        if message != self._logged_error:
            self._logged_error = message
            log.error(message)
