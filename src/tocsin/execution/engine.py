"""The engine: all parts of a process that execute runs."""

import asyncio
import os
import socket
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from bson import ObjectId
from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.cancellation import cancel_and_wait
from tocsin.config import Settings
from tocsin.dispatch import circuit_registry, dispatcher, membership, permit_exchange, settings_sync
from tocsin.dispatch.circuit_breaker import CircuitConfig
from tocsin.dispatch.circuit_registry import CircuitRegistry
from tocsin.dispatch.claims import release_runs
from tocsin.dispatch.dispatcher import Dispatcher
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.limits import ProcessLimits
from tocsin.dispatch.membership import Membership
from tocsin.dispatch.permit_exchange import PermitExchange
from tocsin.dispatch.permit_store import PermitStore
from tocsin.dispatch.prefetch import TICK_SECONDS
from tocsin.dispatch.settings_sync import SettingsSync
from tocsin.dispatch.transport import LocalTransport
from tocsin.dispatch.wait_reasons import COMPUTE_WAIT, WaitReason, find_wait_reason
from tocsin.documents import Database, RunDocument
from tocsin.execution.completer import Completer
from tocsin.execution.dependencies import WorkerDependencies
from tocsin.execution.leases import WorkerLease
from tocsin.execution.progress_recorder import WRITE_INTERVAL_SECONDS as PROGRESS_SECONDS
from tocsin.execution.progress_recorder import ProgressRecorder
from tocsin.execution.rescuer import Rescuer, recover_at_start, rescue_all, runs_claimed_by
from tocsin.execution.start_recorder import WRITE_INTERVAL_SECONDS, StartRecorder
from tocsin.execution.throughput import Throughput
from tocsin.execution.worker import Worker
from tocsin.periodic import Periodic
from tocsin.tasks.deferred_writes import write_deferred
from tocsin.wakeups import Wakeups

EMBEDDED_PREFETCH = 2_500
"""The default prefetch with the embedded database. A burst is inserted as RUNNING, which saves the claims."""
_STOPPED = "The worker was stopped during this attempt."
log = telemetry.get_logger(__name__)


class RunEngine:
    """The parts of a process that execute queued runs and store their outcomes."""

    def __init__(
        self, database: Database, settings: Settings, dependencies: WorkerDependencies, wakeups: Wakeups
    ) -> None:
        self._database, self._settings, self.dependencies = database, settings, dependencies
        worker = f"{socket.gethostname()}-{os.getpid()}-{str(ObjectId())[-6:]}"
        self.limiter = RunLimiter(limits := _limits(settings), dependencies.http.rates)
        self.in_flight = InFlightRuns(worker, _in_flight_limit(limits), self.limiter)
        self.transport = LocalTransport(self.in_flight, wakeups, asyncio.get_running_loop())
        self._completer = Completer(
            database,
            self.in_flight,
            wakeups,
            dependencies.meter,
            dependencies.reachability,
            dependencies.statistics,
        )
        self.step_run_stored = self._completer.step_run_stored
        self.circuits = CircuitRegistry(
            database, self.in_flight, CircuitConfig(settings.circuit_failures, settings.circuit_seconds)
        )
        self._throughput = Throughput()
        self._start_recorder = StartRecorder(database, self.in_flight, wakeups)
        self._progress = ProgressRecorder(database)
        self._worker = Worker(
            self.in_flight,
            dependencies,
            self._completer,
            self._start_recorder,
            self.circuits,
            self._throughput,
            self._progress,
        )
        store, embedded = PermitStore(database), settings.uses_embedded_database
        lease = timedelta(seconds=settings.lease_seconds)
        self.membership = Membership(database, self.in_flight, store, lease, embedded=embedded)
        self._permits = PermitExchange(self.limiter, self.membership, store)
        self._dispatcher = Dispatcher(database, self.in_flight, self.transport, self.circuits, self.membership)
        self.settings_sync = SettingsSync(database, self.in_flight, self.circuits, wakeups, self.membership)
        rescuer = Rescuer(database, self.in_flight, wakeups)
        self._lease = WorkerLease(database, self.in_flight, lease, self._throughput, rescuer, embedded=embedded)
        self._leases = self._lease.make_periodics()
        self._dispatching = Periodic("dispatcher", self._dispatch, dispatcher.POLL_SECONDS, first_delay=0)
        self._upkeep = self._make_upkeep()
        self._connect_wakeups(wakeups)
        self._workers: list[asyncio.Task[None]] = []
        self._completing: asyncio.Task[None] | None = None

    def _make_upkeep(self) -> dict[str, Periodic]:
        return {
            "circuits": Periodic("circuits", self.circuits.save, circuit_registry.SAVE_SECONDS),
            "settings-sync": Periodic("settings-sync", self.settings_sync.sync, settings_sync.POLL_SECONDS),
            "membership": Periodic("membership", self.membership.beat, membership.BEAT_SECONDS),
            "permits": Periodic("permits", self._permits.exchange, permit_exchange.IDLE_SECONDS),
            "start-recorder": Periodic("start-recorder", self._start_recorder.write, WRITE_INTERVAL_SECONDS),
            "progress": Periodic("progress", self._progress.write, PROGRESS_SECONDS),
            "late-runs": Periodic("late-runs", self._start_recorder.withdraw_late, TICK_SECONDS),
        }

    def _connect_wakeups(self, wakeups: Wakeups) -> None:
        self.in_flight.room_freed.connect(self._dispatching.trigger)
        wakeups.runs_queued.connect(self._dispatching.trigger)
        wakeups.queues_changed.connect(self._upkeep["settings-sync"].trigger)
        self.circuits.changed.connect(self._upkeep["circuits"].trigger)
        self._permits.granted.connect(self._dispatching.trigger)
        self.in_flight.room_freed.connect(self._return_permits)
        self.membership.changed.connect(self._serve_partitions)

    def _serve_partitions(self) -> None:
        """Look for the runs of the partitions that are now this process's."""
        self._dispatcher.invalidate()
        self._dispatching.trigger()
        self._upkeep["settings-sync"].trigger()

    def _return_permits(self) -> None:
        """Return the permits of ended runs, and take others, if some are waited for."""
        if self.limiter.permit_wait()[0]:
            self._upkeep["permits"].trigger()

    async def _dispatch(self) -> float:
        """Claim queued runs, and take the permits that some lack."""
        wait = await self._dispatcher.dispatch()
        if self.limiter.needs_permits:
            self._upkeep["permits"].trigger()
        return wait

    async def start(self) -> None:
        """Recover from a crash, if there was one, then start all loops."""
        if self._settings.uses_embedded_database:
            await recover_at_start(self._database)
        await self._lease.renew()
        await self.membership.start()
        await self.circuits.load(alone=self._settings.uses_embedded_database)
        await self.settings_sync.sync()
        self._completing = _start_task(self._completer.store_batches(), "completer")
        self._workers = [
            _start_task(self._worker.make_attempts(), "worker") for _ in range(self._settings.max_concurrency)
        ]
        for periodic in self._all_periodics():
            periodic.start()

    def _all_periodics(self) -> list[Periodic]:
        return [*self._leases, *self._upkeep.values(), self._dispatching]

    @property
    def is_healthy(self) -> bool:
        """False once a worker or the completer has ended before the stop, which only a bug can cause."""
        return not any(task is not None and task.done() for task in (*self._workers, self._completing))

    def find_wait_reason(self, run: RunDocument) -> WaitReason | None:
        """Return what this run waits for, or None."""
        if run["_id"] in self.dependencies.waiting_for_compute:
            return COMPUTE_WAIT
        return find_wait_reason(run, self.limiter, self.circuits, clock.now())

    def abort_run(self, run_id: str) -> None:
        """Abort the attempt of a cancelled run, if this process is making it."""
        if (claimed := self.in_flight.runs.get(run_id)) is not None:
            claimed.abort()
            self._start_recorder.withdraw(claimed)

    async def stop(self) -> bool:
        """Accept no new runs, wait for running ones up to the grace period, and return the rest to the queue.

        Return whether that is stored. Without a database, the remaining runs are rescued when the lease expires.
        """
        self.in_flight.is_draining = True
        await self._dispatching.stop()
        is_stored = False
        try:
            async with asyncio.timeout(self._settings.shutdown_grace + 10):
                await self._drain()
            is_stored = True
        except (TimeoutError, PyMongoError) as error:
            log.warning("stopped with runs in flight; they are rescued when the lease expires", error=str(error)[:300])
        await cancel_and_wait(*self._workers, self._completing)
        await asyncio.gather(*(periodic.stop() for periodic in self._all_periodics()))
        return is_stored

    async def _drain(self) -> None:
        await write_deferred(self._database, self._database.deferred.all())
        waiting = self.in_flight.withdraw_waiting()
        await release_runs(self._database, waiting)
        self.in_flight.remove(waiting)
        await self._wait_for_idle(self._settings.shutdown_grace)
        await cancel_and_wait(*self._workers)
        while not self._completer.is_idle:
            await asyncio.sleep(0.005)
        await rescue_all(self._database, runs_claimed_by(self.in_flight.worker_id), clock.now(), _STOPPED, counts=False)
        await asyncio.gather(*(periodic.stop() for periodic in self._leases))  # a renewal would restore the lease
        await self._lease.release()

    async def _wait_for_idle(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while self.in_flight.runs:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            log.info("grace period over, aborting attempts", runs=len(self.in_flight.runs))


def _in_flight_limit(limits: ProcessLimits) -> int:
    """Return the maximum of runs that wait, run, or have ended and are being stored meanwhile."""
    return limits.prefetch + 2 * limits.concurrency


def _prefetch(settings: Settings) -> int:
    """Return the setting, or its default: small where another process could have started the waiting runs."""
    if settings.prefetch is not None:
        return settings.prefetch
    return EMBEDDED_PREFETCH if settings.uses_embedded_database else settings.max_concurrency // 10


def _limits(settings: Settings) -> ProcessLimits:
    return ProcessLimits(
        settings.max_concurrency,
        settings.host_concurrency,
        settings.host_rate,
        _prefetch(settings),
        settings.owner_share,
        settings.default_timeout("http"),
    )


def _start_task(work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_report)
    return task


def _report(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("background loop failed", loop=task.get_name(), exc_info=error)
