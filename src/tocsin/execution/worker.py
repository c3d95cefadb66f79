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
from tocsin.documents import (
    AttemptDocument,
    AttemptOutcome,
    ErrorDocument,
    RunDocument,
    RunReason,
    RunStatus,
    run_log_ids,
)
from tocsin.execution.completer import Completer
from tocsin.execution.completion import Completion
from tocsin.execution.dependencies import WorkerDependencies
from tocsin.execution.start_recorder import StartRecorder
from tocsin.execution.throughput import Throughput
from tocsin.jobs import registry, results
from tocsin.jobs.base import AttemptError, ErrorKind, Outcome

log = telemetry.get_logger(__name__)
_CANCELLED = AttemptError(ErrorKind.CANCELLED, "The attempt was aborted because the run was cancelled.")
_INTERNAL = AttemptError(ErrorKind.INTERNAL, "An internal error occurred in Tocsin. See the server log for details.")


class Worker:
    """A worker: `run` makes one attempt at a time, and a process runs it several times concurrently."""

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

    async def run(self) -> None:
        """Make attempts until cancelled."""
        while True:
            await self.execute(await self._ready_queue.get())

    async def execute(self, claimed: ClaimedRun) -> None:
        """Make the attempt of a claimed run. If the worker is stopped meanwhile, the claim is rescued by its fence."""
        run = claimed.run
        started_at = self._start(claimed)
        outcome = await self._perform(claimed)
        ended_at = clock.now()
        decision = self._decide(claimed, outcome, ended_at)
        attempt = build_attempt_record(run["attempts"][-1], outcome, started_at, ended_at)
        self._record_outcome(run, outcome, attempt)
        self._completer.put(Completion(run, attempt, decision, outcome.result, outcome.response_body))
        self._finish(claimed)

    def _start(self, claimed: ClaimedRun) -> datetime:
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
                return Outcome(error=_CANCELLED)
            job = registry.get_job(run["job"]["kind"])
            outcome = await job.run_attempt(run["job"]["params"], self._dependencies.job_context(run))
            return await results.encode_result(outcome)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not claimed.aborted or task is None:
                raise
            task.uncancel()
            return Outcome(error=_CANCELLED)
        except Exception:
            log.exception("job raised an exception", job=run["job"].get("kind"))
            return Outcome(error=_INTERNAL)

    def _decide(self, claimed: ClaimedRun, outcome: Outcome, ended_at: datetime) -> RunDecision:
        if claimed.aborted and outcome.error is _CANCELLED:
            return RunDecision(RunStatus.CANCELLED, RunReason.CANCEL_REQUESTED)
        chance = random.random()  # noqa: S311  jitter, not a secret
        return self._dependencies.retry_decider.decide(claimed.run, outcome, ended_at, chance)

    def _record_outcome(self, run: RunDocument, outcome: Outcome, attempt: AttemptDocument) -> None:
        self._circuits.record_outcome(run, outcome)
        self._throughput.record_attempt(run, attempt["finished_at"])
        kind, seconds = run["job"]["kind"], (attempt["finished_at"] - attempt["started_at"]).total_seconds()
        telemetry.ATTEMPTS.labels(kind, attempt["outcome"]).inc()
        telemetry.ATTEMPT_DURATION.labels(kind).observe(seconds)

    def _finish(self, claimed: ClaimedRun) -> None:
        claimed.attempt_task = None
        self._limiter.mark_ended(claimed.run)
        self._ready_queue.finish_attempt(claimed.run)


def build_attempt_record(
    claimed: AttemptDocument, outcome: Outcome, started_at: datetime, ended_at: datetime
) -> AttemptDocument:
    """Return the stored form of an ended attempt."""
    return {
        **claimed,
        "started_at": started_at,
        "finished_at": ended_at,
        "outcome": _kind(outcome),
        "request": outcome.request,
        "status_code": outcome.status_code,
        "response_headers": [list(pair) for pair in outcome.response_headers],
        "response_truncated": outcome.response_truncated,
        "has_body": bool(outcome.response_body),
        "body_bytes": len(outcome.response_body.encode("utf-8", "replace")) if outcome.response_body else 0,
        "redirects": outcome.redirects,
        "timings": outcome.timings,
        "error": _error(outcome.error),
    }


def _kind(outcome: Outcome) -> AttemptOutcome:
    if outcome.error is None:
        return AttemptOutcome.COMPLETED
    return AttemptOutcome.CANCELLED if outcome.error is _CANCELLED else AttemptOutcome.FAILED


def _error(error: AttemptError | None) -> ErrorDocument | None:
    if error is None:
        return None
    return {"kind": error.kind, "message": error.message, "hint": error.hint}
