"""The worker makes the attempts of claimed runs and passes the outcomes to the completer."""

import asyncio
import random
from datetime import datetime
from functools import partial

from tocsin import clock, telemetry
from tocsin.dispatch.circuit_registry import CircuitRegistry
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.ready_queue import ClaimedRun
from tocsin.dispatch.retry_decision import RunDecision, judge_while_cut_off
from tocsin.documents import ErrorKind, RunDocument, RunReason, RunStatus, run_log_ids
from tocsin.execution.completer import Completer
from tocsin.execution.completion import Completion
from tocsin.execution.dependencies import WorkerDependencies
from tocsin.execution.progress_recorder import ProgressRecorder
from tocsin.execution.start_recorder import StartRecorder
from tocsin.execution.throughput import Throughput
from tocsin.jobs import registry, results
from tocsin.jobs.base import AttemptError, Outcome
from tocsin.tasks.network_failures import must_be_judged_at_once

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
        progress: ProgressRecorder,
    ) -> None:
        self._in_flight = in_flight
        self._ready_queue, self._limiter = in_flight.ready_queue, in_flight.limiter
        self._dependencies = dependencies
        self._completer = completer
        self._start_recorder = start_recorder
        self._circuits, self._throughput = circuits, throughput
        self._progress = progress

    async def make_attempts(self) -> None:
        """Make attempts in the current task until it is cancelled."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine runs in a task
        while True:
            await self._execute(await self._ready_queue.get(), task)

    async def _execute(self, claimed: ClaimedRun, task: "asyncio.Task[None]") -> None:
        """Make the attempt of a claimed run. If the worker is stopped meanwhile, the claim is rescued by its fence."""
        try:
            started_at = self._start(claimed, task)
            outcome, ended_at = await self._perform(claimed, task)
            completion = self._complete(claimed.run, outcome, started_at, ended_at)
        except Exception:
            log.exception("attempt has no outcome, its run will be rescued")
            self._in_flight.remove([claimed.run])  # the lease tick will find the run and close its attempt as LOST
        else:
            self._completer.put(completion)
            self._report(completion)
        finally:
            self._free_place(claimed)

    def _start(self, claimed: ClaimedRun, task: "asyncio.Task[None]") -> datetime:
        """Mark the attempt as started, and return its start."""
        run = claimed.run
        self._limiter.mark_started(run)
        claimed.attempt_task = task
        claimed.started_at = started_at = clock.now()
        if not run.get("begun", True):
            self._start_recorder.record_start(claimed)
        if len(run["attempts"]) == 1:
            telemetry.LATENESS.observe((started_at - run["due_at"]).total_seconds())
        telemetry.bind_ids(run_log_ids, run["_id"])
        return started_at

    async def _perform(self, claimed: ClaimedRun, task: "asyncio.Task[None]") -> tuple[Outcome | None, datetime]:
        """Return the outcome of the job, also if it raises, and its end; None if aborted. Only a stop is raised."""
        run, cancellations = claimed.run, task.cancelling()
        try:
            if claimed.aborted:
                return None, clock.now()
            job = registry.get_job(run["job"]["kind"])
            context = self._dependencies.job_context(run, partial(self._progress.tell, claimed))
            outcome = await job.run_attempt(run["job"]["params"], context)
            encoded, ended_at = await results.encode_result(outcome), clock.now()
            await self._ask_whose_network(run, encoded)
            return encoded, ended_at
        except asyncio.CancelledError:
            if claimed.aborted:
                task.uncancel()
                return None, clock.now()
            if task.cancelling() > cancellations:
                raise
            log.exception("job raised a cancellation of its own", job=run["job"].get("kind"))
            return _INTERNAL_ERROR, clock.now()
        except Exception:
            log.exception("job raised an exception", job=run["job"].get("kind"))
            return _INTERNAL_ERROR, clock.now()

    async def _ask_whose_network(self, run: RunDocument, outcome: Outcome) -> None:
        """If the network has failed a step of a workflow, have the canaries asked whether it is our own."""
        reachability, error = self._dependencies.reachability, outcome.error
        can_ask = reachability.is_watched and not reachability.is_cut_off
        if can_ask and error is not None and must_be_judged_at_once(run, error.kind):
            await reachability.ask()

    def _complete(
        self, run: RunDocument, outcome: Outcome | None, started_at: datetime, ended_at: datetime
    ) -> Completion:
        """Decide what becomes of the run after this outcome; None stands for an aborted attempt."""
        if outcome is None:
            decision = RunDecision(RunStatus.CANCELLED, RunReason.CANCEL_REQUESTED)
            return Completion.of_attempt(run, _ABORTED, decision, started_at, ended_at)
        try:
            return self._decide(run, outcome, started_at, ended_at)
        except Exception:
            log.exception("job returned an invalid outcome", job=run["job"].get("kind"))
            return self._decide(run, _INTERNAL_ERROR, started_at, ended_at)

    def _decide(self, run: RunDocument, outcome: Outcome, started_at: datetime, ended_at: datetime) -> Completion:
        chance = random.random()  # noqa: S311  jitter, not a secret
        decision = self._dependencies.retry_decider.decide(run, outcome, ended_at, chance)
        if self._dependencies.reachability.is_cut_off:
            decision = judge_while_cut_off(decision, run, outcome.error.kind if outcome.error else None, ended_at)
        return Completion.of_attempt(run, outcome, decision, started_at, ended_at)

    def _report(self, completion: Completion) -> None:
        """Report the outcome to the circuit of its host, and count it."""
        run, attempt = completion.run, completion.attempt
        try:
            is_inconclusive = completion.decision.reason is RunReason.INCONCLUSIVE
            self._circuits.record_outcome(run, attempt, is_inconclusive=is_inconclusive)
            self._throughput.record_attempt(run, completion.ended_at)
            if (outcome := attempt.get("outcome")) is not None:
                seconds = (completion.ended_at - attempt["started_at"]).total_seconds()
                telemetry.count_attempt(run["job"]["kind"], outcome, seconds)
        except Exception:
            log.exception("outcome could not be reported to the circuit and the metrics")

    def _free_place(self, claimed: ClaimedRun) -> None:
        claimed.attempt_task = None
        self._limiter.mark_ended(claimed.run)
        self._ready_queue.finish_attempt(claimed.run)
