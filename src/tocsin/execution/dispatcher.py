"""The order of work: takes queued runs by rank into this process's hand."""

import asyncio

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.documents import Database
from tocsin.execution.claims import claim, find_queued
from tocsin.execution.hand import WorkerHand

BATCH = 500
LOOK_SECONDS = 1.0
"""It looks into the database by the clock, however busy it is: runs that were given back must not wait for a lull."""
log = telemetry.logger(__name__)


class Dispatcher:
    """Claims queued runs whenever it is woken, and each second."""

    def __init__(self, database: Database, hand: WorkerHand) -> None:
        self._database = database
        self._hand = hand

    async def run(self) -> None:
        """Dispatch until cancelled."""
        while True:
            try:
                await self._look()
            except Exception as error:
                unknown = not isinstance(error, PyMongoError)
                log.warning("queued runs not claimed, trying again", error=str(error)[:300], exc_info=unknown)
                await asyncio.sleep(LOOK_SECONDS)
                continue
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._hand.woken.wait()
            except TimeoutError:
                pass

    async def _look(self) -> None:
        self._hand.woken.clear()
        while room := self._hand.reserve_for_queued(BATCH):
            claimed = 0
            try:
                found = await find_queued(self._database, room)
                runs = await claim(self._database, self._hand, found, clock.now()) if found else []
                claimed = len(runs)
                self._hand.add(runs)
            finally:
                self._hand.release(room - claimed)
            self._hand.backlog = len(found) == room
            if not self._hand.backlog:
                return
        self._hand.backlog = not self._hand.draining  # the hand is full: look again before newer runs are born into it
