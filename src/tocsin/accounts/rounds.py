"""A duty that is done again and again."""

import asyncio
from collections.abc import Awaitable, Callable

from pymongo.errors import PyMongoError

from tocsin import telemetry
from tocsin.ending import end_tasks
from tocsin.errors import TocsinError

PATIENCE = 5.0
log = telemetry.logger(__name__)


class Rounds:
    """Does a duty every so many seconds, first after those.

    A stop waits some seconds for the duty to end; only then it is cancelled.
    """

    def __init__(self, duty: Callable[[], Awaitable[None]], seconds: float) -> None:
        self._duty, self._seconds = duty, seconds
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._told = ""

    def start(self) -> None:
        """Begin the first wait."""
        self._task = asyncio.create_task(self._run(), name="rounds")

    async def stop(self) -> None:
        """Do it no more."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=PATIENCE)
            await end_tasks(self._task)

    async def _run(self) -> None:
        while not await self._stopped():
            try:
                await self._duty()
                self._told = ""
            except PyMongoError:
                continue  # others say that the database is away
            except TocsinError as error:
                self._tell(str(error))
            except Exception:
                log.exception("a duty failed, trying again", seconds=self._seconds)

    async def _stopped(self) -> bool:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._stopping.wait()
        except TimeoutError:
            return False

    def _tell(self, message: str) -> None:
        """Say what is wrong once, not each time."""
        if message != self._told:
            self._told = message
            log.error(message)
