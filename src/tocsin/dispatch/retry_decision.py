"""The decision after an attempt: the run ends, or is retried at a given time. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.documents import AttemptOutcome, Doc, RunReason, RunStatus
from tocsin.jobs.base import ErrorKind, Outcome
from tocsin.tasks.retry_defaults import RetryDefaults
from tocsin.tasks.retry_policy import MAX_ATTEMPTS, RetryPolicy

MAX_LOST_ATTEMPTS = 5
"""Lost attempts in a row after which the run is assumed to be the cause, and fails."""


@dataclass(frozen=True, slots=True)
class RunDecision:
    """The next status of a run. `retry_at` is set only with RETRY."""

    status: RunStatus
    reason: RunReason | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RetryDecider:
    """The decider of retries. `retry_after_limit` is the longest `Retry-After` that is respected."""

    defaults: RetryDefaults
    retry_after_limit: timedelta

    def decide(self, run: Doc, outcome: Outcome, policy: RetryPolicy, ended_at: datetime, chance: float) -> RunDecision:
        """Return the decision on a run after its latest attempt. `chance` (0..1) is the backoff's jitter."""
        error = outcome.error
        if error is None:
            return RunDecision(RunStatus.COMPLETED)
        narrowed = error.kind is ErrorKind.HTTP_STATUS and not policy.can_retry_status(outcome.status_code)
        if narrowed or not error.retryable:
            return RunDecision(RunStatus.FAILED, RunReason.NOT_RETRIED)
        failures = count_earlier_failures(run) + 1
        if failures > (policy.max_retries or 0) or len(run["attempts"]) >= MAX_ATTEMPTS:
            return RunDecision(RunStatus.FAILED, RunReason.RETRIES_USED_UP)
        wait = max(
            policy.wait_before(failures - 1, chance), min(outcome.retry_after or timedelta(0), self.retry_after_limit)
        )
        return RunDecision(RunStatus.RETRY, retry_at=ended_at + wait)


def count_earlier_failures(run: Doc) -> int:
    """Count the failed attempts in the current retry budget before the latest one. LOST ones do not count."""
    past = run["attempts"][run["budget_from"] : -1]
    return sum(attempt.get("outcome") == AttemptOutcome.FAILED.value for attempt in past)


def decide_after_loss(run: Doc) -> RunDecision:
    """Return the decision on a run whose worker died."""
    if run.get("cancel_requested_at") is not None:
        return RunDecision(RunStatus.CANCELLED, RunReason.CANCEL_REQUESTED)
    if run["lost"] + 1 >= MAX_LOST_ATTEMPTS or len(run["attempts"]) >= MAX_ATTEMPTS:
        return RunDecision(RunStatus.FAILED, RunReason.LOST_TOO_OFTEN)
    return RunDecision(RunStatus.QUEUED)
