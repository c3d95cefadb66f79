"""Moves workflow runs on: whenever a run of theirs has ended, a time has come, or a person has decided.

One conditional update, on `rev`, writes what was decided; then the runs that it speaks of are made, under ids that
anyone would derive. Whoever dies in between leaves a decision whose runs are missing, and the next look makes them.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.documents import Database, Doc, run_ids
from tocsin.ending import end_tasks
from tocsin.workflows.firing import Firing
from tocsin.workflows.moving import Mover
from tocsin.workflows.turns import OwnerTurns

SWEEP_SECONDS = 1.0
LOOK_SECONDS = 15.0
"""Seconds between two looks at what time has come, and at all that is open: news of it may have been lost."""
_AT_ONCE = 16
_SHARE = 8
"""Workflow runs that are moved at once, in all and of one owner."""
_HEAVY_AT_ONCE = 2
_HEAVY_SHARE = 1
"""The same of those that have a value to evaluate that takes long."""
_BACKOFF = 0.5
log = telemetry.logger(__name__)


class WorkflowEngine:
    """The workflows of one process. `touch` may be called as often as one likes."""

    def __init__(self, database: Database, mover: Mover, firing: Firing) -> None:
        self._database = database
        self._mover = mover
        self._firing = firing
        self._light = OwnerTurns(_SHARE)
        self._heavy = OwnerTurns(_HEAVY_SHARE)
        self._moving: set[str] = set()
        self._woken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def start(self) -> None:
        """Begin to move workflow runs, those first that a crash left."""
        loops = [self._move_forever(self._light, at_once=True) for _ in range(_AT_ONCE)]
        loops += [self._move_forever(self._heavy, at_once=False) for _ in range(_HEAVY_AT_ONCE)]
        self._tasks = [asyncio.create_task(loop, name="workflows") for loop in (*loops, self._sweep_forever())]

    async def stop(self) -> None:
        """Stop. What was decided and not done is done by the next process."""
        for timer in self._timers.values():
            timer.cancel()
        await end_tasks(*self._tasks)

    def touch(self, workflow_run: str) -> None:
        """Something happened to this workflow run, or to a run of its steps."""
        self._light.put(workflow_run)
        self._woken.set()

    def due(self, at: datetime | None) -> None:
        """A workflow has this due time."""
        self._at("schedules", at, self._woken_to_fire)

    # --- loops ------------------------------------------------------------------------------------------------------

    async def _move_forever(self, turns: OwnerTurns, *, at_once: bool) -> None:
        while True:
            workflow_run = await self._next(turns)
            try:
                await self._move(workflow_run, at_once=at_once)
            except PyMongoError as error:
                log.warning("a workflow run waits for the database", **run_ids(workflow_run), error=str(error)[:300])
                self._try_later(workflow_run)
            except Exception:
                log.exception("a workflow run could not be moved on", **run_ids(workflow_run))
                self._try_later(workflow_run)
            finally:
                self._moving.discard(workflow_run)
                turns.end(workflow_run)
                self._woken.set()  # it may have been touched while it was moved, and another of its owner's may go on

    async def _next(self, turns: OwnerTurns) -> str:
        while True:
            if (workflow_run := turns.take(self._moving)) is not None:
                self._moving.add(workflow_run)
                return workflow_run
            self._woken.clear()
            await self._woken.wait()

    async def _move(self, workflow_run: str, *, at_once: bool) -> None:
        moved = await self._mover.move(workflow_run, at_once=at_once)
        if moved.is_heavy:
            self._heavy.put(workflow_run)
            return
        if moved.again:
            self.touch(workflow_run)
        if moved.next_run is not None:
            self.touch(moved.next_run)
        self._at(workflow_run, moved.wake_at, lambda: self.touch(workflow_run))

    def _try_later(self, workflow_run: str) -> None:
        asyncio.get_running_loop().call_later(_BACKOFF, self.touch, workflow_run)

    async def _sweep_forever(self) -> None:
        looked_at = clock.EPOCH
        while True:
            try:
                now = clock.now()
                if abs(now - looked_at) > timedelta(seconds=LOOK_SECONDS):
                    await self._look({"open": True})
                    looked_at = now
                await self._look({"open": True, "wake_at": {"$gt": clock.EPOCH, "$lte": now}})
                await self._fire(now)
            except PyMongoError as error:
                log.warning("workflows wait for the database", error=str(error)[:300])
            except Exception:
                log.exception("a look at the workflows failed")
            await asyncio.sleep(SWEEP_SECONDS)

    async def _look(self, which: Doc) -> None:
        async for found in self._database.workflow_runs.find(which, {"_id": 1}):
            self.touch(found["_id"])

    async def _fire(self, now: datetime) -> None:
        for workflow_run in await self._firing.fire(now):
            self.touch(workflow_run)
        self.due(await self._firing.soonest(now, timedelta(seconds=2 * SWEEP_SECONDS)))

    # --- timers -----------------------------------------------------------------------------------------------------

    def _woken_to_fire(self) -> None:
        task = asyncio.create_task(self._fire_safely(), name="workflow schedules")
        self._tasks = [*(task for task in self._tasks if not task.done()), task]

    async def _fire_safely(self) -> None:
        try:
            await self._fire(clock.now())
        except PyMongoError as error:
            log.warning("workflows wait for the database", error=str(error)[:300])

    def _at(self, name: str, moment: datetime | None, act: Callable[[], Any]) -> None:
        """Act at this moment, unless it is so far off that the sweep sees it in time."""
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()
        seconds = None if moment is None else (moment - clock.now()).total_seconds()
        if seconds is not None and seconds <= 2 * SWEEP_SECONDS:
            loop = asyncio.get_running_loop()
            self._timers[name] = loop.call_later(max(seconds, 0) + 0.001, self._ring, name, act)

    def _ring(self, name: str, act: Callable[[], Any]) -> None:
        self._timers.pop(name, None)
        act()
