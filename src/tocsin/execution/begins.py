"""What is stored of claimed runs that did not begin at once: that they have begun, or wait in the queue again.

A run is claimed while others are before it, so that workers never wait for the database; it says RUNNING and when it
started only once its attempt has begun. Most attempts are over before that is worth a write: their outcome says it.
"""

import asyncio

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.documents import Database, Doc, RunStatus
from tocsin.documents.updates import both, change_when, equals
from tocsin.execution.claims import give_back
from tocsin.execution.flow import TICK_SECONDS
from tocsin.execution.hand import Held, WorkerHand
from tocsin.tasks import ending

WRITE_SECONDS = 0.1
"""An attempt that is over by then is not written twice."""
log = telemetry.logger(__name__)


class Begins:
    """Notes attempts that begin after others, and writes that they have; gives back what waits in hand too long."""

    def __init__(self, database: Database, hand: WorkerHand) -> None:
        self._database = database
        self._hand = hand
        self._noted: list[Held] = []
        self._late: list[Doc] = []

    def note(self, held: Held) -> None:
        """The attempt of a run begins that is stored as waiting."""
        self._noted.append(held)

    def give_up(self, held: Held) -> None:
        """This run is not to begin any more, if it has not."""
        if self._hand.withdraw(held):
            self._late.append(held.run)

    async def run(self) -> None:
        """Write until cancelled."""
        ticks = round(TICK_SECONDS / WRITE_SECONDS)
        while True:
            for number in range(ticks):
                await asyncio.sleep(WRITE_SECONDS)
                if number == 0:
                    self._late += [held.run for held in self._hand.late()]
                try:
                    await self._write()
                except PyMongoError as error:
                    log.warning("runs that begin or wait not stored yet, trying again", error=str(error)[:300])

    async def _write(self) -> None:
        await self._write_begun()
        if late := list(self._late):
            await give_back(self._database, late)
            self._late = self._late[len(late) :]
            self._hand.done(late)
            self._hand.wake()

    async def _write_begun(self) -> None:
        self._noted = [held for held in self._noted if held.doer is not None]
        if not (noted := list(self._noted)):
            return
        runs = [begun(held) for held in noted]
        await self._database.runs.bulk_write([_begin(run) for run in runs], ordered=False)
        going = [run for held, run in zip(noted, runs, strict=True) if held.doer is not None]
        if updates := ending.on_tasks(going):
            await self._database.tasks.bulk_write(updates, ordered=False)
        self._noted = self._noted[len(noted) :]


def begun(held: Held) -> Doc:
    """The run as it is since its attempt has begun."""
    run, began_at = held.run, held.began_at or clock.now()
    last = run["attempts"][-1] | {"started_at": began_at}
    return run | {
        "begun": True,
        "started_at": run.get("started_at") or began_at,
        "attempts": [*run["attempts"][:-1], last],
    }


def _begin(run: Doc) -> UpdateOne:
    unchanged = both(equals("status", RunStatus.RUNNING.value), equals("fence", run["fence"]))
    changes = {key: run[key] for key in ("begun", "started_at", "attempts")}
    return UpdateOne({"_id": run["_id"]}, [change_when(unchanged, changes)])
