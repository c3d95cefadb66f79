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
from tocsin.documents import Database, Doc, is_unavailable, owner_of, run_ids
from tocsin.ending import end_tasks
from tocsin.workflows.firing import Firing
from tocsin.workflows.move_lanes import MoveLane
from tocsin.workflows.moving import Mover

SWEEP_SECONDS = 1.0
LOOK_SECONDS = 15.0
"""Seconds between two looks at what time has come, and at all that is open: news of it may have been lost."""
_MOVERS, _OF_OWNER = 16, 8
"""Workflow runs that are moved at once, and those of one owner: whoever comes anew finds a mover free."""
_HEAVY_MOVERS, _HEAVY_OF_OWNER = 6, 2
"""The same of those with a value that takes long to evaluate, for which the others don't wait."""
_SWEPT = 500
"""Open workflow runs of one owner that one sweep looks at; the next one goes on with the others."""
_BYTES_A_SECOND = 20 * 1024 * 1024
"""How much of large workflow runs one mover reads and writes."""
_BACKOFF = 0.5
_MOST_FAILURES = 8
"""Looks in a row at one workflow run that may fail for a reason of Tocsin's own: about a minute of them, since each
waits twice as long as the one before. Then the run is ended."""
log = telemetry.logger(__name__)


class WorkflowEngine:
    """The workflows of one process. `touch` may be called as often as one likes."""

    def __init__(self, database: Database, mover: Mover, firing: Firing) -> None:
        self._database = database
        self._mover = mover
        self._firing = firing
        self._light = MoveLane(_MOVERS, _OF_OWNER, at_once=True)
        self._heavy = MoveLane(_HEAVY_MOVERS, _HEAVY_OF_OWNER, at_once=False)
        self._moving: set[str] = set()
        self._touched_meanwhile: set[str] = set()
        self._failures: dict[str, int] = {}
        self._swept: dict[str, str] = {}
        self._due = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def start(self) -> None:
        """Begin to move workflow runs, those first that a crash left."""
        movers = [self._move_forever(lane) for lane in (self._light, self._heavy) for _ in range(lane.movers)]
        loops = (*movers, self._sweep_forever(), self._fire_forever())
        self._tasks = [asyncio.create_task(loop, name="workflows") for loop in loops]

    async def stop(self) -> None:
        """Stop. What was decided and not done is done by the next process."""
        for timer in self._timers.values():
            timer.cancel()
        await end_tasks(*self._tasks)

    def touch(self, workflow_run: str) -> None:
        """Something happened to this workflow run, or to a run of its steps."""
        if workflow_run in self._moving:
            self._touched_meanwhile.add(workflow_run)
            return
        self._light.add(workflow_run)

    def due(self, at: datetime | None) -> None:
        """A workflow has this due time."""
        self._at("schedules", at, self._due.set)

    # --- loops ------------------------------------------------------------------------------------------------------

    async def _move_forever(self, lane: MoveLane) -> None:
        while True:
            workflow_run = await lane.next()
            self._moving.add(workflow_run)
            is_heavy = False
            try:
                is_heavy = await self._move(workflow_run, at_once=lane.at_once)
            except Exception as error:
                await (self._wait_for_database if is_unavailable(error) else self._note_failure)(workflow_run, error)
            finally:
                lane.end(workflow_run)
            if is_heavy:  # until then it counts as being moved
                self._heavy.add(workflow_run)
            else:
                self._end(workflow_run)

    def _end(self, workflow_run: str) -> None:
        self._moving.discard(workflow_run)
        if workflow_run in self._touched_meanwhile:
            self._touched_meanwhile.discard(workflow_run)
            self.touch(workflow_run)

    async def _move(self, workflow_run: str, *, at_once: bool) -> bool:
        """Move a run. Returns whether that takes too long to be done at once."""
        moved = await self._mover.move(workflow_run, at_once=at_once)
        if moved.again:
            self.touch(workflow_run)
        if moved.next_run is not None:
            self.touch(moved.next_run)
        self._at(workflow_run, moved.wake_at, lambda: self.touch(workflow_run))
        self._failures.pop(workflow_run, None)
        if not at_once:
            await asyncio.sleep(moved.weight / _BYTES_A_SECOND)
        return moved.is_heavy

    async def _note_failure(self, workflow_run: str, error: Exception) -> None:
        """Look again later, without holding up the others; end the run when that is no use."""
        failures = self._failures.pop(workflow_run, 0) + 1
        details = {"failures": failures, "error": repr(error)[:300]}
        told_whole = error if failures in {1, _MOST_FAILURES} else None
        log.error("a workflow run could not be moved on", **run_ids(workflow_run), **details, exc_info=told_whole)
        if failures >= _MOST_FAILURES and await self._gave_up(workflow_run):
            return
        self._failures[workflow_run] = failures
        wait = _BACKOFF * 2.0 ** min(failures - 1, _MOST_FAILURES)
        self._at(workflow_run, clock.now() + timedelta(seconds=wait), lambda: self.touch(workflow_run), always=True)

    async def _gave_up(self, workflow_run: str) -> bool:
        try:
            await self._mover.give_up(workflow_run)
        except Exception as error:
            log.warning("a workflow run could not be ended", **run_ids(workflow_run), error=repr(error)[:300])
            return False
        return True

    async def _wait_for_database(self, workflow_run: str, error: Exception) -> None:
        log.warning("a workflow run waits for the database", **run_ids(workflow_run), error=str(error)[:300])
        asyncio.get_running_loop().call_later(_BACKOFF, self.touch, workflow_run)

    async def _sweep_forever(self) -> None:
        looked_at = clock.EPOCH
        while True:
            try:
                now = clock.now()
                if abs(now - looked_at) > timedelta(seconds=LOOK_SECONDS):
                    await self._look_round()
                    looked_at = now
                await self._look({"open": True, "wake_at": {"$gt": clock.EPOCH, "$lte": now}})
            except PyMongoError as error:
                log.warning("workflows wait for the database", error=str(error)[:300])
            except Exception:
                log.exception("a look at the workflows failed")
            await asyncio.sleep(SWEEP_SECONDS)

    async def _look(self, which: Doc) -> None:
        async for found in self._database.workflow_runs.find(which, {"_id": 1}):
            self.touch(found["_id"])

    async def _look_round(self) -> None:
        """Look at what is open, at a part of it where one owner has very much."""
        open_runs: dict[str, list[str]] = {}
        async for found in self._database.workflow_runs.find({"open": True}, {"_id": 1}):
            open_runs.setdefault(owner_of(found["_id"]), []).append(found["_id"])
        swept: dict[str, str] = {}
        for owner, found_open in open_runs.items():
            part = _part(found_open, self._swept.get(owner, ""))
            if len(part) < len(found_open):
                swept[owner] = part[-1]
            for run_id in part:
                self.touch(run_id)
        self._swept = swept

    async def _fire_forever(self) -> None:
        """Fire slice by slice while more is due, then when the next due time comes."""
        while True:
            self._due.clear()
            try:
                await self._fire(clock.now())
            except PyMongoError as error:
                log.warning("workflows wait for the database", error=str(error)[:300])
            except Exception:
                log.exception("the due workflows could not be fired")
            else:
                if self._firing.has_more:
                    continue
            try:
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._due.wait()
            except TimeoutError:
                pass

    async def _fire(self, now: datetime) -> None:
        for workflow_run in await self._firing.fire(now):
            self.touch(workflow_run)
        if not self._firing.has_more:
            self.due(await self._firing.soonest(now, timedelta(seconds=2 * SWEEP_SECONDS)))

    # --- timers -----------------------------------------------------------------------------------------------------

    def _at(self, name: str, moment: datetime | None, act: Callable[[], Any], *, always: bool = False) -> None:
        """Act at this moment, unless it is so far off that the sweep sees it in time."""
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()
        seconds = None if moment is None else (moment - clock.now()).total_seconds()
        if seconds is not None and (always or seconds <= 2 * SWEEP_SECONDS):
            loop = asyncio.get_running_loop()
            self._timers[name] = loop.call_later(max(seconds, 0) + 0.001, self._ring, name, act)

    def _ring(self, name: str, act: Callable[[], Any]) -> None:
        self._timers.pop(name, None)
        act()


def _part(open_runs: list[str], last: str) -> list[str]:
    """Those that one sweep looks at: what comes after the last one that was looked at, then from the beginning."""
    return sorted(open_runs, key=lambda run_id: (run_id <= last, run_id))[:_SWEPT]
