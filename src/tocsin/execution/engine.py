"""The engine: all parts of a process that execute runs."""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Protocol

from bson import ObjectId
from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.cancellation import end_tasks
from tocsin.config import Settings
from tocsin.dispatch.circuit_breaker import Rules
from tocsin.dispatch.circuit_registry import Circuits
from tocsin.dispatch.claims import give_back
from tocsin.dispatch.dispatcher import Dispatcher
from tocsin.dispatch.in_flight import WorkerHand
from tocsin.dispatch.limiter import Gate
from tocsin.dispatch.owner_share import Limits
from tocsin.dispatch.settings_sync import Order
from tocsin.dispatch.wait_reasons import WAITS_FOR_COMPUTE, Waiting, explain
from tocsin.documents import Database, Doc
from tocsin.execution.completer import Settler
from tocsin.execution.leases import Leases, held_by, recover_alone, take_back
from tocsin.execution.start_recorder import Begins
from tocsin.execution.throughput import Throughput
from tocsin.execution.worker import Tools, Worker
from tocsin.jobs.base import Outcome
from tocsin.maintenance.pruner import Retention
from tocsin.maintenance.replayer import Replaying
from tocsin.maintenance.usage_keeper import UsageKeeping
from tocsin.quotas import Quotas

ALONE_LIMIT = 2_500
"""Maximum in-flight runs with the embedded database. A burst is inserted as RUNNING, which saves the claims."""
_ADD_RUNS = frozenset({"dispatcher", "replaying"})
_STOPPED = "The worker was stopped during this attempt."
log = telemetry.logger(__name__)


class _Loop(Protocol):
    async def run(self) -> None: ...


class Engine:
    """The parts of a process that execute queued runs and store their outcomes."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        tools: Tools,
        *,
        on_retry: Callable[[datetime], None],
        on_follow: Callable[[], None],
        on_step: Callable[[str], None] = lambda _: None,
        quotas: Quotas | None = None,
    ) -> None:
        worker = f"{socket.gethostname()}-{os.getpid()}-{str(ObjectId())[-6:]}"
        limit = max(ALONE_LIMIT, settings.max_concurrency) if settings.embedded else settings.max_concurrency * 2
        self.gate = Gate(_limits(settings, limit), tools.http.rates)
        self.hand = WorkerHand(worker, limit, asyncio.get_running_loop(), self.gate)
        self._database = database
        self._settings = settings
        self.tools = tools
        self.quotas = quotas or Quotas(database, settings)
        meter = self.quotas.meter
        self._completer = Settler(database, self.hand, on_retry, on_follow, on_step, meter)
        self.circuits = Circuits(database, self.hand, Rules(settings.circuit_failures, settings.circuit_seconds))
        self._throughput = Throughput()
        self._start_recorder = Begins(database, self.hand)
        self._worker = Worker(
            self.hand,
            self._completer,
            tools,
            on_outcome=self._record_outcome,
            on_begin=self._start_recorder.note,
            meter=meter,
        )
        self._dispatcher = Dispatcher(database, self.hand, self.circuits)
        self.order = Order(database, self.hand, self.circuits)
        self._leases = Leases(database, self.hand, timedelta(seconds=settings.lease_seconds), self._throughput)
        self._replayer = Replaying(database, self.hand.wake, meter=meter)
        runs, tasks = timedelta(days=settings.retention_days), timedelta(days=settings.task_retention_days)
        self._pruner = Retention(database, runs, tasks, timedelta(days=settings.audit_retention_days), meter)
        self._usage_keeper = UsageKeeping(database, self.quotas, self._pruner, runs)
        self._workers: list[asyncio.Task[None]] = []
        self._loops: list[asyncio.Task[None]] = []
        self._completing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Recover from a crash, if there was one, then start all loops."""
        if self._settings.embedded:
            await recover_alone(self._database)
        await self._leases.renew()
        await self.circuits.load(alone=self._settings.embedded)
        await self.order.load()
        self._completing = _start_task(self._completer.run(), "settler")
        self._workers = [_start_task(self._worker.run(), "worker") for _ in range(self._settings.max_concurrency)]
        loops: dict[str, _Loop] = {
            "dispatcher": self._dispatcher, "leases": self._leases, "retention": self._pruner,
            "order": self.order, "circuits": self.circuits, "replaying": self._replayer,
            "begins": self._start_recorder, "usage": self._usage_keeper,
        }  # fmt: skip
        self._loops = [_start_task(loop.run(), name) for name, loop in loops.items()]

    def _record_outcome(self, run: Doc, outcome: Outcome) -> None:
        self.circuits.note(run, outcome)
        self._throughput.note(run, clock.now())

    def explain(self, run: Doc) -> Waiting | None:
        """Return what this run waits for, or None."""
        if run["_id"] in self.tools.waiting:
            return WAITS_FOR_COMPUTE
        return explain(run, self.gate, self.circuits, clock.now())

    def abort(self, run_id: str) -> None:
        """Abort the attempt of a cancelled run, if this process is making it."""
        if (claimed := self.hand.held.get(run_id)) is not None:
            claimed.abort()
            self._start_recorder.give_up(claimed)

    async def stop(self) -> None:
        """Accept no new runs, wait for running ones up to the grace period, and return the rest to the queue.

        Without a database, the remaining runs are rescued when the lease expires.
        """
        self.hand.draining = True
        await end_tasks(*(loop for loop in self._loops if loop.get_name() in _ADD_RUNS))
        try:
            async with asyncio.timeout(self._settings.shutdown_grace + 10):
                await self._drain()
        except (TimeoutError, PyMongoError) as error:
            log.warning("stopped with runs in flight; they are rescued when the lease expires", error=str(error)[:300])
        await end_tasks(*self._workers, *self._loops, self._completing)

    async def _drain(self) -> None:
        unbegun = [claimed.run for claimed in self.hand.unbegun()]
        await give_back(self._database, unbegun)
        self.hand.done(unbegun)
        await self._wait_for_idle(self._settings.shutdown_grace)
        await end_tasks(*self._workers)
        while not self._completer.idle:
            await asyncio.sleep(0.005)
        await take_back(self._database, held_by(self.hand.worker), clock.now(), _STOPPED, counts=False)
        await self._leases.leave()
        await self._usage_keeper.round()

    async def _wait_for_idle(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while self.hand.held:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            log.info("grace period over, aborting attempts", runs=len(self.hand.held))


def _limits(settings: Settings, max_in_flight: int) -> Limits:
    return Limits(
        settings.max_concurrency,
        settings.host_concurrency,
        settings.host_rate,
        max_in_flight,
        settings.owner_share,
        settings.timeout_of("http"),
    )


def _start_task(work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_report)
    return task


def _report(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("background loop failed", loop=task.get_name(), exc_info=error)
