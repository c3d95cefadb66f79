"""The workflow engine: advances workflow runs when one of their runs ends, a wait is due, or a person decides.

Each advance writes its decision in one update, conditional on `rev`, and then creates the runs under deterministic ids.
After a crash in between, the next advance finds the runs missing and creates them.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.cancellation import cancel_and_wait
from tocsin.documents import Database, Doc, is_unavailable, owner_of, run_log_ids
from tocsin.workflows.engine.advance_queue import AdvanceQueue
from tocsin.workflows.engine.runner import WorkflowRunner
from tocsin.workflows.engine.scheduler import WorkflowScheduler

SWEEP_INTERVAL = 1.0
FULL_SWEEP_INTERVAL = 15.0
"""Seconds between two sweeps of what is due, and of all open workflow runs, whose events may have been lost."""
_MOVERS, _OF_OWNER = 16, 8
"""Workflow runs that are advanced concurrently, and those of one owner: a new owner always finds a free slot."""
_HEAVY_MOVERS, _HEAVY_OF_OWNER = 6, 2
"""The same for workflow runs that are expensive to evaluate, which have slots apart from the others."""
_SWEPT = 500
"""Maximum number of open workflow runs of one owner per sweep. The next sweep continues after them."""
_BYTES_A_SECOND = 20 * 1024 * 1024
"""Maximum rate at which one slot of the heavy lane reads and writes workflow runs."""
_BACKOFF = 0.5
_MOST_FAILURES = 8
"""Internal errors in a row after which a workflow run is abandoned: about a minute, as the delay doubles each time."""
log = telemetry.get_logger(__name__)


class WorkflowEngine:
    """Advances and schedules the workflow runs of one process. `touch` is idempotent and cheap."""

    def __init__(self, database: Database, mover: WorkflowRunner, firing: WorkflowScheduler) -> None:
        self._database = database
        self._mover = mover
        self._firing = firing
        self._light = AdvanceQueue(_MOVERS, _OF_OWNER, at_once=True)
        self._heavy = AdvanceQueue(_HEAVY_MOVERS, _HEAVY_OF_OWNER, at_once=False)
        self._moving: set[str] = set()
        self._touched_meanwhile: set[str] = set()
        self._failures: dict[str, int] = {}
        self._swept: dict[str, str] = {}
        self._due = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def start(self) -> None:
        """Start the loops. Workflow runs that a crash left behind come first."""
        movers = [self._move_forever(lane) for lane in (self._light, self._heavy) for _ in range(lane.concurrency)]
        loops = (*movers, self._sweep_forever(), self._fire_forever())
        self._tasks = [asyncio.create_task(loop, name="workflows") for loop in loops]

    async def stop(self) -> None:
        """Stop the loops. The next process carries out what was decided but not done."""
        for timer in self._timers.values():
            timer.cancel()
        await cancel_and_wait(*self._tasks)

    def request_advance(self, workflow_run: str) -> None:
        """Have a workflow run advanced soon, because it or one of its runs has changed."""
        if workflow_run in self._moving:
            self._touched_meanwhile.add(workflow_run)
            return
        self._light.push(workflow_run)

    def expect_due(self, at: datetime | None) -> None:
        """Wake up at the due time of a workflow."""
        self._at("schedules", at, self._due.set)

    # --- loops ------------------------------------------------------------------------------------------------------

    async def _move_forever(self, lane: AdvanceQueue) -> None:
        while True:
            workflow_run = await lane.pop()
            self._moving.add(workflow_run)
            is_heavy = False
            try:
                is_heavy = await self._move(workflow_run, at_once=lane.is_light)
            except Exception as error:
                await (self._wait_for_database if is_unavailable(error) else self._note_failure)(workflow_run, error)
            finally:
                lane.release(workflow_run)
            if is_heavy:  # until here it counts as being advanced
                self._heavy.push(workflow_run)
            else:
                self._end(workflow_run)

    def _end(self, workflow_run: str) -> None:
        self._moving.discard(workflow_run)
        if workflow_run in self._touched_meanwhile:
            self._touched_meanwhile.discard(workflow_run)
            self.request_advance(workflow_run)

    async def _move(self, workflow_run: str, *, at_once: bool) -> bool:
        """Advance a workflow run. Returns True if it is too expensive for the light lane."""
        moved = await self._mover.advance(workflow_run, at_once=at_once)
        if moved.has_more:
            self.request_advance(workflow_run)
        if moved.next_run_id is not None:
            self.request_advance(moved.next_run_id)
        self._at(workflow_run, moved.wake_at, lambda: self.request_advance(workflow_run))
        self._failures.pop(workflow_run, None)
        if not at_once:
            await asyncio.sleep(moved.size / _BYTES_A_SECOND)
        return moved.is_heavy

    async def _note_failure(self, workflow_run: str, error: Exception) -> None:
        """Retry later with a growing delay, and abandon the workflow run after too many failures."""
        failures = self._failures.pop(workflow_run, 0) + 1
        details = {"failures": failures, "error": repr(error)[:300]}
        traced = error if failures in {1, _MOST_FAILURES} else None
        log.error("a workflow run could not be advanced", **run_log_ids(workflow_run), **details, exc_info=traced)
        if failures >= _MOST_FAILURES and await self._could_abandon(workflow_run):
            return
        self._failures[workflow_run] = failures
        wait = _BACKOFF * 2.0 ** min(failures - 1, _MOST_FAILURES)
        self._at(
            workflow_run, clock.now() + timedelta(seconds=wait), lambda: self.request_advance(workflow_run), always=True
        )

    async def _could_abandon(self, workflow_run: str) -> bool:
        try:
            await self._mover.abandon(workflow_run)
        except Exception as error:
            log.warning("a workflow run could not be abandoned", **run_log_ids(workflow_run), error=repr(error)[:300])
            return False
        return True

    async def _wait_for_database(self, workflow_run: str, error: Exception) -> None:
        log.warning("a workflow run waits for the database", **run_log_ids(workflow_run), error=str(error)[:300])
        asyncio.get_running_loop().call_later(_BACKOFF, self.request_advance, workflow_run)

    async def _sweep_forever(self) -> None:
        swept_at = clock.EPOCH
        while True:
            try:
                now = clock.now()
                if abs(now - swept_at) > timedelta(seconds=FULL_SWEEP_INTERVAL):
                    await self._sweep_open()
                    swept_at = now
                await self._touch_matching({"open": True, "wake_at": {"$gt": clock.EPOCH, "$lte": now}})
            except PyMongoError as error:
                log.warning("workflows wait for the database", error=str(error)[:300])
            except Exception:
                log.exception("the sweep of workflow runs failed")
            await asyncio.sleep(SWEEP_INTERVAL)

    async def _touch_matching(self, which: Doc) -> None:
        async for found in self._database.workflow_runs.find(which, {"_id": 1}):
            self.request_advance(found["_id"])

    async def _sweep_open(self) -> None:
        """Sweep the open workflow runs, in parts where an owner has very many."""
        open_runs: dict[str, list[str]] = {}
        async for found in self._database.workflow_runs.find({"open": True}, {"_id": 1}):
            open_runs.setdefault(owner_of(found["_id"]), []).append(found["_id"])
        swept: dict[str, str] = {}
        for owner, found_open in open_runs.items():
            part = _next_part(found_open, self._swept.get(owner, ""))
            if len(part) < len(found_open):
                swept[owner] = part[-1]
            for run_id in part:
                self.request_advance(run_id)
        self._swept = swept

    async def _fire_forever(self) -> None:
        """Start due workflows slice by slice, then sleep until the next due time."""
        while True:
            self._due.clear()
            try:
                await self._fire(clock.now())
            except PyMongoError as error:
                log.warning("workflows wait for the database", error=str(error)[:300])
            except Exception:
                log.exception("the due workflows could not be started")
            else:
                if self._firing.has_more:
                    continue
            try:
                async with asyncio.timeout(SWEEP_INTERVAL):
                    await self._due.wait()
            except TimeoutError:
                pass

    async def _fire(self, now: datetime) -> None:
        for workflow_run in await self._firing.fire_due(now):
            self.request_advance(workflow_run)
        if not self._firing.has_more:
            self.expect_due(await self._firing.find_next_due(now, timedelta(seconds=2 * SWEEP_INTERVAL)))

    # --- timers -----------------------------------------------------------------------------------------------------

    def _at(self, name: str, moment: datetime | None, act: Callable[[], Any], *, always: bool = False) -> None:
        """Set a timer, unless the moment is so far off that a sweep will see it in time."""
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()
        seconds = None if moment is None else (moment - clock.now()).total_seconds()
        if seconds is not None and (always or seconds <= 2 * SWEEP_INTERVAL):
            loop = asyncio.get_running_loop()
            self._timers[name] = loop.call_later(max(seconds, 0) + 0.001, self._ring, name, act)

    def _ring(self, name: str, act: Callable[[], Any]) -> None:
        self._timers.pop(name, None)
        act()


def _next_part(open_runs: list[str], last: str) -> list[str]:
    """Return the workflow runs of this sweep: those after `last`, then from the beginning."""
    return sorted(open_runs, key=lambda run_id: (run_id <= last, run_id))[:_SWEPT]
