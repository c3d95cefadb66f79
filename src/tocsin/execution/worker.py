"""The worker makes the attempts of claimed runs and passes the outcomes to the completer."""

import asyncio
import random
from datetime import datetime

import structlog

from tocsin import clock, telemetry
from tocsin.dispatch.circuit_registry import CircuitRegistry
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.ready_queue import ClaimedRun
from tocsin.dispatch.retry_decision import RunDecision
from tocsin.documents import ErrorKind, RunReason, RunStatus, run_log_ids
from tocsin.execution.completer import Completer
from tocsin.execution.completion import Completion
from tocsin.execution.dependencies import WorkerDependencies
from tocsin.execution.start_recorder import StartRecorder
from tocsin.execution.throughput import Throughput
from tocsin.jobs import registry, results
from tocsin.jobs.base import AttemptError, Outcome

log = telemetry.get_logger(__name__)
_ABORTED = Outcome(error=AttemptError(ErrorKind.CANCELLED, "The attempt was aborted because the run was cancelled."))
_INTERNAL_ERROR = Outcome(
    error=AttemptError(ErrorKind.INTERNAL, "An internal error occurred in Tocsin. See the server log for details.")
)


class Worker:
    """A worker: `make_attempts` makes one attempt at a time, and a process runs it several times concurrently."""

    def __init__(
        self,
        in_flight: InFlightRuns,
        dependencies: WorkerDependencies,
        completer: Completer,
        start_recorder: StartRecorder,
        circuits: CircuitRegistry,
        throughput: Throughput,
    ) -> None:
        self._ready_queue, self._limiter = in_flight.ready_queue, in_flight.limiter
        self._dependencies = dependencies
        self._completer = completer
        self._start_recorder = start_recorder
        self._circuits, self._throughput = circuits, throughput

    async def make_attempts(self) -> None:
        """Make attempts until cancelled."""
        while True:
            await self.execute(await self._ready_queue.get())

    async def execute(self, claimed: ClaimedRun) -> None:
        """Make the attempt of a claimed run. If the worker is stopped meanwhile, the claim is rescued by its fence."""
        started_at = self._start(claimed)
        outcome = await self._perform(claimed)
        completion = self._complete(claimed, outcome, started_at)
        self._report(completion, outcome)
        self._completer.put(completion)
        self._free_place(claimed)

    def _start(self, claimed: ClaimedRun) -> datetime:
        """Mark the attempt as started, and return its start."""
        run = claimed.run
        self._limiter.mark_started(run)
        claimed.attempt_task = asyncio.current_task()
        claimed.started_at = started_at = clock.now()
        if not run.get("begun", True):
            self._start_recorder.record_start(claimed)
        if len(run["attempts"]) == 1:
            telemetry.LATENESS.observe((started_at - run["due_at"]).total_seconds())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**run_log_ids(run["_id"]))
        return started_at

    async def _perform(self, claimed: ClaimedRun) -> Outcome:
        """Return the outcome of the job, also if it raises or is aborted. Only a stop of the worker is raised."""
        run = claimed.run
        try:
            if claimed.aborted:
                return _ABORTED
            job = registry.get_job(run["job"]["kind"])
            outcome = await job.run_attempt(run["job"]["params"], self._dependencies.job_context(run))
            return await results.encode_result(outcome)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not claimed.aborted or task is None:
                raise
            task.uncancel()
            return _ABORTED
        except Exception:
            log.exception("job raised an exception", job=run["job"].get("kind"))
            return _INTERNAL_ERROR

    def _complete(self, claimed: ClaimedRun, outcome: Outcome, started_at: datetime) -> Completion:
        """Decide what becomes of the run after this outcome."""
        run, ended_at = claimed.run, clock.now()
        if outcome is _ABORTED:
            decision = RunDecision(RunStatus.CANCELLED, RunReason.CANCEL_REQUESTED)
        else:
            chance = random.random()  # noqa: S311  jitter, not a secret
            decision = self._dependencies.retry_decider.decide(run, outcome, ended_at, chance)
        return Completion.of_attempt(run, outcome, decision, started_at, ended_at)

    def _report(self, completion: Completion, outcome: Outcome) -> None:
        """Report the outcome to the circuit of its host, and count it."""
        run, attempt = completion.run, completion.attempt
        self._circuits.record_outcome(run, outcome)
        self._throughput.record_attempt(run, attempt["finished_at"])
        kind, seconds = run["job"]["kind"], (attempt["finished_at"] - attempt["started_at"]).total_seconds()
        telemetry.ATTEMPTS.labels(kind, attempt["outcome"]).inc()
        telemetry.ATTEMPT_DURATION.labels(kind).observe(seconds)

    def _free_place(self, claimed: ClaimedRun) -> None:
        claimed.attempt_task = None
        self._limiter.mark_ended(claimed.run)
        self._ready_queue.finish_attempt(claimed.run)
