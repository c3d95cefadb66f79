"""The workflow engine: advances workflow runs when one of their runs ends, a wait is due, or a person decides.

Each advance writes its decision in one update, conditional on `rev`, and then creates the runs under deterministic ids.
After a crash in between, the next advance finds the runs missing and creates them. What this process wrote, it need not
read: see `docs/adr/0043-advances-plan-from-memory.md`.
"""

import asyncio
from datetime import datetime, timedelta
from functools import partial

from tocsin import clock, telemetry
from tocsin.cancellation import cancel_and_wait
from tocsin.documents import SETTLED_STATUSES, Database, RunDocument, is_unavailable, run_log_ids
from tocsin.periodic import Periodic
from tocsin.workflows.engine.advance_queue import AdvanceQueue
from tocsin.workflows.engine.end_notices import EndNotices
from tocsin.workflows.engine.runner import WorkflowRunner
from tocsin.workflows.engine.scheduler import WorkflowScheduler
from tocsin.workflows.engine.states import StepRunOutcome
from tocsin.workflows.engine.step_reports import StepReports
from tocsin.workflows.engine.sweeper import WorkflowSweeper
from tocsin.workflows.engine.timers import Timers
from tocsin.workflows.pending_approvals import PendingApprovals

SWEEP_INTERVAL = 5.0
"""Seconds between two sweeps of the workflow runs that are due until the next one, for each of which a timer is set."""
_CONCURRENCY, _OWNER_CONCURRENCY = 16, 8
"""Workflow runs that are advanced concurrently, and those of one owner: a new owner always finds a free slot."""
_HEAVY_CONCURRENCY, _HEAVY_OWNER_CONCURRENCY = 6, 2
"""The same for workflow runs that are expensive to evaluate, which have slots apart from the others."""
_BYTES_PER_SECOND = 20 * 1024 * 1024
"""Maximum rate at which one slot of the heavy queue reads and writes workflow runs."""
_BACKOFF = 0.5
_MAX_FAILURES = 8
"""Internal errors in a row after which a workflow run is abandoned: about a minute, as the delay doubles each time."""
log = telemetry.get_logger(__name__)


class WorkflowEngine:
    """Advances and schedules the workflow runs of one process. `request_advance` is idempotent and cheap."""

    def __init__(self, database: Database, runner: WorkflowRunner, scheduler: WorkflowScheduler) -> None:
        self._runner = runner
        self._scheduler = scheduler
        self._sweeper = WorkflowSweeper(database)
        self._ends = EndNotices(database)
        self._approvals = PendingApprovals(database)
        self._light = AdvanceQueue(_CONCURRENCY, _OWNER_CONCURRENCY, is_light=True)
        self._heavy = AdvanceQueue(_HEAVY_CONCURRENCY, _HEAVY_OWNER_CONCURRENCY, is_light=False)
        self._advancing: set[str] = set()
        self._requested_meanwhile: set[str] = set()
        self._changed: set[str] = set()
        self._reports = StepReports(self.request_advance)
        self._failures: dict[str, int] = {}
        self._timers = Timers()
        self._sweeping = Periodic("workflow-sweep", self._sweep, SWEEP_INTERVAL, first_delay=0)
        self._scheduling = Periodic("workflow-scheduler", self._schedule, SWEEP_INTERVAL, first_delay=0)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start the loops. Workflow runs that a crash left behind come first."""
        for queue in (self._light, self._heavy):
            loops = [self._advance_forever(queue) for _ in range(queue.concurrency)]
            self._tasks += [asyncio.create_task(loop, name="workflow-advance") for loop in loops]
        self._sweeping.start()
        self._scheduling.start()

    async def stop(self) -> None:
        """Stop the loops. The next process carries out what was decided but not done."""
        self._timers.cancel_all()
        await asyncio.gather(self._sweeping.stop(), self._scheduling.stop(), cancel_and_wait(*self._tasks))

    def request_advance(self, workflow_run: str) -> None:
        """Have a workflow run advanced soon, because it or one of its runs has changed."""
        self._changed.add(workflow_run)
        self._push(workflow_run)

    def report_step_run(self, run: RunDocument) -> None:
        """Have a workflow run advanced soon, because this process has stored this outcome of one of its runs."""
        if run["status"] not in SETTLED_STATUSES:
            self.request_advance(run["task"])
            return
        self._reports.add(run)
        self._push(run["task"])

    def hint_step_run(self, run_id: str) -> None:
        """Have the workflow run of an ended run advanced, unless the run is reported."""
        self._reports.hint(run_id)

    def request_start(self, workflow_run: str) -> None:
        """Have a new workflow run advanced soon, unless this process is advancing it."""
        if workflow_run not in self._advancing and not self._runner.knows(workflow_run):
            self.request_advance(workflow_run)

    def _push(self, workflow_run: str) -> None:
        if workflow_run in self._advancing:
            self._requested_meanwhile.add(workflow_run)
            return
        self._light.push(workflow_run)

    def expect_due(self, at: datetime | None) -> None:
        """Wake up at the due time of a workflow."""
        self._timers.set("schedules", at, self._scheduling.trigger, within=2 * SWEEP_INTERVAL)

    async def _advance_forever(self, queue: AdvanceQueue) -> None:
        while True:
            workflow_run = await queue.pop()
            self._advancing.add(workflow_run)
            is_heavy = False
            try:
                outcomes = self._take_outcomes(workflow_run)
                result = await self._runner.advance(workflow_run, is_light=queue.is_light, outcomes=outcomes)
                self._failures.pop(workflow_run, None)
                is_heavy = result.is_heavy
                if result.has_more:
                    self._requested_meanwhile.add(workflow_run)
                if result.next_run_id is not None:
                    self.request_advance(result.next_run_id)
                request = partial(self.request_advance, workflow_run)
                self._timers.set(workflow_run, result.wake_at, request, within=2 * SWEEP_INTERVAL)
                if not queue.is_light:
                    await asyncio.sleep(result.size / _BYTES_PER_SECOND)
            except Exception as error:
                await self._note_failure(workflow_run, error)
            finally:
                queue.release(workflow_run)
            if is_heavy:  # until it is advanced in the heavy queue, it counts as being advanced
                self._heavy.push(workflow_run)
                continue
            self._advancing.discard(workflow_run)
            if workflow_run in self._requested_meanwhile:
                self._requested_meanwhile.discard(workflow_run)
                self._push(workflow_run)

    def _take_outcomes(self, workflow_run: str) -> dict[str, StepRunOutcome] | None:
        """Return the outcomes since the last advance; None if anything else has changed."""
        outcomes = self._reports.take(workflow_run)
        if workflow_run not in self._changed:
            return outcomes
        self._changed.discard(workflow_run)
        return None

    async def _note_failure(self, workflow_run: str, error: Exception) -> None:
        """Retry later with a growing delay, and abandon the workflow run after too many failures."""
        request = partial(self.request_advance, workflow_run)
        if is_unavailable(error):
            log.warning("a workflow run waits for the database", **run_log_ids(workflow_run), error=str(error)[:300])
            asyncio.get_running_loop().call_later(_BACKOFF, request)
            return
        failures = self._failures[workflow_run] = self._failures.get(workflow_run, 0) + 1
        details = {"failures": failures, "error": repr(error)[:300]}
        traced = error if failures in {1, _MAX_FAILURES} else None
        log.error("a workflow run could not be advanced", **run_log_ids(workflow_run), **details, exc_info=traced)
        if failures >= _MAX_FAILURES and await self._abandon(workflow_run):
            self._failures.pop(workflow_run, None)
            return
        wait = timedelta(seconds=_BACKOFF * 2.0 ** min(failures - 1, _MAX_FAILURES))
        self._timers.set(workflow_run, clock.now() + wait, request)

    async def _abandon(self, workflow_run: str) -> bool:
        """Abandon a workflow run. Returns False if the next failure has to do so."""
        try:
            return await self._runner.abandon(workflow_run)
        except Exception as reason:
            ids = run_log_ids(workflow_run)
            log.warning("a workflow run could not be abandoned", **ids, error=repr(reason)[:300])
            return False

    async def _sweep(self) -> None:
        """Request advances of the workflow runs that are due, and now and then of all open ones. Tell untold ends."""
        now = clock.now()
        async for workflow_run, at in self._sweeper.find_due(now, timedelta(seconds=SWEEP_INTERVAL)):
            if at <= now:
                self.request_advance(workflow_run)
            else:
                self._timers.set(workflow_run, at, partial(self.request_advance, workflow_run))
        await self._ends.repair()
        await self._approvals.repair(now)

    async def _schedule(self) -> float | None:
        """Start the next slice of due workflows. Returns 0 if there are more."""
        now = clock.now()
        for workflow_run in await self._scheduler.fire_due(now):
            self.request_advance(workflow_run)
        if self._scheduler.has_more:
            return 0
        self.expect_due(await self._scheduler.find_next_due(now, timedelta(seconds=2 * SWEEP_INTERVAL)))
        return None
