"""The decision after an attempt: the run ends, or is retried at a given time. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.documents import AttemptOutcome, Doc, RunReason, RunStatus
from tocsin.jobs.base import ErrorKind, Outcome
from tocsin.tasks.retry_defaults import RetryDefaults
from tocsin.tasks.retry_policy import MAX_ATTEMPTS, RetryPolicy

MAX_LOST = 5
"""Lost attempts in a row after which the run is assumed to be the cause, and fails."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The next status of a run. `retry_at` is set only with RETRY."""

    status: RunStatus
    reason: RunReason | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """The decider of retries. `retry_after_limit` is the longest `Retry-After` that is respected."""

    defaults: RetryDefaults
    retry_after_limit: timedelta

    def after(self, run: Doc, outcome: Outcome, policy: RetryPolicy, ended_at: datetime, chance: float) -> Verdict:
        """Return the decision on a run after its latest attempt. `chance` (0..1) is the backoff's jitter."""
        error = outcome.error
        if error is None:
            return Verdict(RunStatus.COMPLETED)
        narrowed = error.kind is ErrorKind.HTTP_STATUS and not policy.retries_status(outcome.status_code)
        if narrowed or not error.retryable:
            return Verdict(RunStatus.FAILED, RunReason.NOT_RETRIED)
        failures = failed_before(run) + 1
        if failures > (policy.max_retries or 0) or len(run["attempts"]) >= MAX_ATTEMPTS:
            return Verdict(RunStatus.FAILED, RunReason.RETRIES_USED_UP)
        wait = max(policy.wait(failures - 1, chance), min(outcome.retry_after or timedelta(0), self.retry_after_limit))
        return Verdict(RunStatus.RETRY, retry_at=ended_at + wait)


def failed_before(run: Doc) -> int:
    """Count the failed attempts in the current retry budget before the latest one. LOST ones do not count."""
    past = run["attempts"][run["budget_from"] : -1]
    return sum(attempt.get("outcome") == AttemptOutcome.FAILED.value for attempt in past)


def after_loss(run: Doc) -> Verdict:
    """Return the decision on a run whose worker died."""
    if run.get("cancel_requested_at") is not None:
        return Verdict(RunStatus.CANCELLED, RunReason.CANCEL_REQUESTED)
    if run["lost"] + 1 >= MAX_LOST or len(run["attempts"]) >= MAX_ATTEMPTS:
        return Verdict(RunStatus.FAILED, RunReason.LOST_TOO_OFTEN)
    return Verdict(RunStatus.QUEUED)
