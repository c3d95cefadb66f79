"""The worker makes the attempts of claimed runs and passes the outcomes to the completer."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from tocsin import clock, telemetry
from tocsin.clock import MILLISECOND
from tocsin.compute.pool import ProcessPool
from tocsin.dispatch.in_flight import ClaimedRun, InFlightRuns
from tocsin.dispatch.retry_decision import RetryDecider, RunDecision
from tocsin.documents import AttemptOutcome, Doc, RunReason, RunStatus, Trigger, run_log_ids
from tocsin.execution.completer import Completer, Completion
from tocsin.jobs import registry, results
from tocsin.jobs.base import AttemptError, Compute, ErrorKind, JobContext, Outcome
from tocsin.jobs.file_storage import FileStorage
from tocsin.jobs.reports.run_history import RunsQuery
from tocsin.outbound.http_client import HttpClient
from tocsin.outbound.mail_transport import MailTransport
from tocsin.quotas.meter import UsageMeter
from tocsin.quotas.metered_mail import MeteredMailTransport
from tocsin.security.secret_box import SecretBox
from tocsin.tasks import retry_policy as retries
from tocsin.tasks.retry_policy import RetryPolicy

log = telemetry.get_logger(__name__)
_CANCELLED = AttemptError(ErrorKind.CANCELLED, "The attempt was aborted because the run was cancelled.")
_INTERNAL = AttemptError(ErrorKind.INTERNAL, "An internal error occurred in Tocsin. See the server log for details.")


@dataclass(frozen=True, slots=True)
class WorkerDependencies:
    """The dependencies of attempts.

    `timeout` returns the default timeout of a kind of job in seconds, `mail` the mail transport for the jobs of an
    owner. `waiting` contains the ids of the runs whose attempts wait for `compute`.
    """

    http: HttpClient
    secrets: SecretBox
    retry_decider: RetryDecider
    default_timeout: Callable[[str], float]
    mail_for_owner: Callable[[str], MailTransport]
    files: FileStorage
    runs: RunsQuery
    email_recipients: str = "owner"
    compute: Compute = field(default_factory=ProcessPool)
    waiting_for_compute: set[str] = field(default_factory=set)


class Worker:
    """A worker: `run` makes one attempt at a time, and a process runs it several times concurrently."""

    def __init__(
        self,
        in_flight: InFlightRuns,
        completer: Completer,
        dependencies: WorkerDependencies,
        now: Callable[[], datetime] = clock.now,
        on_outcome: Callable[[Doc, Outcome], None] = lambda _run, _outcome: None,
        on_begin: Callable[[ClaimedRun], None] = lambda _: None,
        meter: UsageMeter | None = None,
    ) -> None:
        self._in_flight = in_flight
        self._completer = completer
        self._dependencies = dependencies
        self._now = now
        self._on_outcome = on_outcome
        self._on_begin = on_begin
        self._meter = meter or UsageMeter()

    async def run(self) -> None:
        """Make attempts until cancelled."""
        while True:
            claimed = await self._in_flight.next_run()
            claimed.attempt_task = asyncio.current_task()
            await self._attempt(claimed)
            claimed.attempt_task = None
            self._in_flight.finish_attempt(claimed)

    async def _attempt(self, claimed: ClaimedRun) -> None:
        run = claimed.run
        claimed.started_at = started_at = self._now()
        if not run.get("begun", True):
            self._on_begin(claimed)
        if len(run["attempts"]) == 1:
            telemetry.LATENESS.observe((started_at - run["due_at"]).total_seconds())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**run_log_ids(run["_id"]))
        outcome = await self._outcome(claimed)
        self._on_outcome(run, outcome)
        self._completer.put(self._complete(run, outcome, started_at, self._now(), aborted=claimed.aborted))

    async def _outcome(self, claimed: ClaimedRun) -> Outcome:
        run = claimed.run
        try:
            if claimed.aborted:
                return Outcome(error=_CANCELLED)
            return await self._perform(run)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not claimed.aborted or task is None:
                raise
            task.uncancel()
            return Outcome(error=_CANCELLED)
        except Exception:
            log.exception("job raised an exception", job=run["job"].get("kind"))
            return Outcome(error=_INTERNAL)

    async def _perform(self, run: Doc) -> Outcome:
        outcome = await registry.get_job(run["job"]["kind"]).run_attempt(run["job"]["params"], self._context(run))
        return await results.encode_result(outcome)

    def _context(self, run: Doc) -> JobContext:
        return JobContext(
            run_id=run["_id"],
            owner=run["owner"],
            due_at=run["due_at"],
            attempt=len(run["attempts"]),
            timeout=run["timeout"] or self._dependencies.default_timeout(run["job"]["kind"]),
            secrets=self._dependencies.secrets,
            http=self._dependencies.http.for_owner(run["owner"], run.get("host")),
            compute=self._dependencies.compute,
            mail=MeteredMailTransport(self._dependencies.mail_for_owner(run["owner"]), self._meter, run["owner"]),
            files=self._dependencies.files.for_run(run["owner"], run["_id"]),
            run_history=self._dependencies.runs,
            recipient_policy=self._dependencies.email_recipients,
            is_step=run["trigger"] == Trigger.WORKFLOW.value,
            awaiting_compute=self._dependencies.waiting_for_compute,
        )

    def _complete(
        self, run: Doc, outcome: Outcome, started_at: datetime, ended_at: datetime, *, aborted: bool
    ) -> Completion:
        cancelled = aborted and outcome.error is _CANCELLED
        decision = self._decide(run, outcome, ended_at, cancelled=cancelled)
        attempt = build_attempt_record(run["attempts"][-1], outcome, started_at, ended_at)
        telemetry.ATTEMPTS.labels(run["job"]["kind"], attempt["outcome"]).inc()
        telemetry.ATTEMPT_DURATION.labels(run["job"]["kind"]).observe((ended_at - started_at).total_seconds())
        return Completion(run, attempt, decision, outcome.result, outcome.response_body)

    def _decide(self, run: Doc, outcome: Outcome, ended_at: datetime, *, cancelled: bool) -> RunDecision:
        if cancelled:
            return RunDecision(RunStatus.CANCELLED, RunReason.CANCEL_REQUESTED)
        chance = random.random()  # noqa: S311  jitter, not a secret
        return self._dependencies.retry_decider.decide(run, outcome, self._policy(run), ended_at, chance)

    def _policy(self, run: Doc) -> RetryPolicy:
        """Return the retry policy in effect. Runs from before `interval_ms` was stored count as due once."""
        interval = run.get("interval_ms")
        try:
            own = None if run["retry"] is None else retries.RetryPolicy.from_document(run["retry"])
        except (KeyError, TypeError, ValueError):
            log.exception("invalid retry policy, run is not retried")
            return RetryPolicy(0)
        return self._dependencies.retry_decider.defaults.complete_policy(
            own, None if interval is None else interval * MILLISECOND
        )


def build_attempt_record(claimed: Doc, outcome: Outcome, started_at: datetime, ended_at: datetime) -> Doc:
    """Return the stored form of an ended attempt."""
    return claimed | {
        "started_at": started_at,
        "finished_at": ended_at,
        "outcome": _kind(outcome).value,
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


def _error(error: AttemptError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return {"kind": error.kind.value, "message": error.message, "hint": error.hint}
