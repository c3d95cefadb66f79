"""The scheduler of a process: APScheduler's thread, made to survive store failures, and its link to the event loop."""

import asyncio
import threading
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import STATE_STOPPED

from tocsin import clock, schedules, telemetry
from tocsin.dispatch.partitions import ALL_PARTITIONS, Partitions
from tocsin.dispatch.transport import Transport
from tocsin.documents import Database, RunDocument, TaskDocument, connect_sync
from tocsin.quotas.meter import UsageMeter
from tocsin.scheduling.job_store import DueJobExecutor, DueJobStore
from tocsin.scheduling.planning import MAX_OPEN_RUNS
from tocsin.tasks import reconciliation, run_effects
from tocsin.tasks.failure_pauses import complete_pauses

MAX_SLEEP_SECONDS = 30.0
"""Maximum seconds between passes, which also limits the effect of a clock that was set."""
log = telemetry.get_logger(__name__)


class _RetryingScheduler(BackgroundScheduler):  # type: ignore[misc]
    """An APScheduler that retries a failed pass. The main loop of 3.11 ends for good when a store raises during one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(timezone=UTC, **options)
        self.failures = 0

    def _process_jobs(self) -> float | None:
        if self.state == STATE_STOPPED:
            return None  # the main loop makes one more pass after shutdown(), over a closed client
        try:
            wait: float | None = super()._process_jobs()
        except Exception as error:
            self.failures += 1
            wait = min(0.25 * 2 ** min(self.failures - 1, 10), 5.0)
            log.warning("scheduler pass failed, retrying", error=str(error)[:300], seconds=wait)
            return wait
        self.failures = 0
        return MAX_SLEEP_SECONDS if wait is None else min(wait, MAX_SLEEP_SECONDS)


class Scheduler:
    """Turns due times into runs. Call `start` and `stop` in the event loop; `expect_due` is thread-safe."""

    def __init__(
        self,
        database: Database,
        transport: Transport,
        max_open: int = MAX_OPEN_RUNS,
        meter: UsageMeter | None = None,
        partitions: Partitions = ALL_PARTITIONS,
        *,
        deferring_worker: str | None = None,
    ) -> None:
        """`deferring_worker` names the worker of this process if it is alone, so that its runs may be deferred."""
        self._partitions = partitions
        self._database = database
        self._deferring_worker = deferring_worker
        self._transport = transport
        self._max_open = max_open
        self._meter = meter
        self._passes = _RetryingScheduler()
        self._store: DueJobStore | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._afterwards: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start the scheduler's thread."""
        self._loop = asyncio.get_running_loop()
        self._store = DueJobStore(
            connect_sync(self._database.uri, self._database.name, self._database.changes),
            self._transport,
            self,
            self._max_open,
            self._meter,
            self._partitions,
            self._database.changes,
            self._database.deferred,
            self._deferring_worker,
        )
        self._passes.add_jobstore(self._store)
        self._passes.add_executor(DueJobExecutor(self._store))
        self._passes.start()

    async def stop(self) -> None:
        """Stop making runs. A pass in progress is finished first, or given up if the database is unavailable."""
        if self._loop is not None:
            await asyncio.to_thread(self._passes.shutdown)
            self._loop = None
        if self._afterwards:
            await asyncio.wait(self._afterwards, timeout=5)

    @property
    def is_healthy(self) -> bool:
        """True if the thread is alive and its last pass succeeded."""
        alive = any(thread.name == "APScheduler" and thread.is_alive() for thread in threading.enumerate())
        return self._loop is not None and alive and self._passes.failures == 0

    def expect_due(self, at: datetime | None) -> None:
        """Note that something due at this time was written. None is ignored."""
        if at is not None and self._store is not None:
            self._store.expect_due(at)
            sleeps_until = self._store.sleeps_until
            if sleeps_until is None or at < sleeps_until:
                self._passes.wakeup()

    def look_again(self) -> None:
        """Read all that is due: the partitions of this process have changed."""
        self.expect_due(clock.EPOCH)

    # --- called from the scheduler's thread -------------------------------------------------------------------------

    def apply_effects(self, runs: list[RunDocument]) -> None:
        """Apply the effects of ended runs: on their tasks, on mails, on runs that wait for them."""
        if runs:
            self._run_soon(self._apply_effects(runs))

    def align_stale_runs(self, runs: list[RunDocument]) -> None:
        """Align runs that were made from an outdated version of their task."""
        self._run_soon(self._align_stale_runs(runs))

    def _run_soon(self, work: Coroutine[Any, Any, None]) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            work.close()  # the next start repairs what is left undone
            return
        loop.call_soon_threadsafe(self._start_task, work)

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._afterwards.add(task)
        task.add_done_callback(self._log_failure)

    def _log_failure(self, task: "asyncio.Task[None]") -> None:
        self._afterwards.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("effects of a scheduler pass failed; the next start repairs them", error=str(error)[:300])

    async def _apply_effects(self, runs: list[RunDocument]) -> None:
        if await run_effects.apply_effects(self._database, runs):
            self._transport.wake_dispatcher()
        await complete_pauses(self._database, runs)

    async def _align_stale_runs(self, runs: list[RunDocument]) -> None:
        """Give runs whose due time is still valid the new settings, and settle the others."""
        ids = list({run["task"] for run in runs})
        fields = {"next_run_at": 1, "schedule": 1}
        tasks = {task["_id"]: task async for task in self._database.tasks.find({"_id": {"$in": ids}}, fields)}
        now = clock.now()
        moved = [run for run in runs if run["task"] in tasks and not _is_due_time(tasks[run["task"]], run["due_at"])]
        await reconciliation.cancel_moved_runs(self._database, moved, now)
        await reconciliation.align_stale_runs(self._database, [run for run in runs if run not in moved], now)
        self._transport.wake_dispatcher()


def _is_due_time(task: TaskDocument, due_at: datetime) -> bool:
    """Return whether a due time is still valid for the task, or the task has no due time ahead."""
    ahead: datetime | None = task["next_run_at"]
    if ahead is None or ahead >= due_at:
        return ahead in (None, due_at)
    return schedules.latest_due(schedules.schedule_from_document(task["schedule"]), due_at) == due_at
