"""The decision after an attempt: the run ends, or is retried at a given time. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile

from tocsin import telemetry
from tocsin.clock import MILLISECOND
from tocsin.documents import AttemptDocument, AttemptOutcome, ErrorKind, RunDocument, RunReason, RunStatus, Trigger
from tocsin.jobs.base import Outcome
from tocsin.tasks.network_failures import can_blame_network
from tocsin.tasks.retry_defaults import RetryDefaults
from tocsin.tasks.retry_policy import MAX_ATTEMPTS, RetryPolicy

MAX_LOST_ATTEMPTS = 5
"""Lost attempts in a row after which the run is assumed to be the cause, and fails."""
_HOLD_PART, _MIN_HOLD, _MAX_HOLD = 4, timedelta(seconds=10), timedelta(minutes=15)
"""A step that waits for the network is tried again after a quarter of the time for which it has waited."""
log = telemetry.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunDecision:
    """The next status of a run. `retry_at` is set only with RETRY, `callback_by` only with WAITING."""

    status: RunStatus
    reason: RunReason | None = None
    retry_at: datetime | None = None
    callback_by: datetime | None = None


_COMPLETED = RunDecision(RunStatus.COMPLETED)


@dataclass(frozen=True, slots=True)
class RetryDecider:
    """The decider of retries. `retry_after_limit` is the longest `Retry-After` that is respected."""

    defaults: RetryDefaults
    retry_after_limit: timedelta

    def decide(self, run: RunDocument, outcome: Outcome, ended_at: datetime, chance: float) -> RunDecision:
        """Return the decision on a run after its latest attempt. `chance` (0..1) is the backoff's jitter."""
        error = outcome.error
        if error is None and outcome.callback_within is not None:
            return RunDecision(RunStatus.WAITING, callback_by=ended_at + outcome.callback_within)
        if error is None:
            return _COMPLETED
        policy = self._read_policy(run)
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

    def _read_policy(self, run: RunDocument) -> RetryPolicy:
        """Return the retry policy in effect. Runs from before `interval_ms` was stored count as due once."""
        interval = run.get("interval_ms")
        try:
            own = None if run["retry"] is None else RetryPolicy.from_document(run["retry"])
        except (KeyError, TypeError, ValueError):
            log.exception("invalid retry policy, run is not retried")
            return RetryPolicy(0)
        return self.defaults.complete_policy(own, None if interval is None else interval * MILLISECOND)


def count_earlier_failures(run: RunDocument) -> int:
    """Count the failed attempts in the current retry budget before the latest one. LOST ones do not count."""
    past = run["attempts"][run["budget_from"] : -1]
    return sum(attempt.get("outcome") == AttemptOutcome.FAILED and not _is_held(run, attempt) for attempt in past)


def _is_held(run: RunDocument, attempt: AttemptDocument) -> bool:
    """Tell whether a step of a workflow waited for the network after an attempt, which does not count."""
    return bool(attempt.get("is_inconclusive")) and run["trigger"] == Trigger.WORKFLOW


def judge_while_cut_off(
    decision: RunDecision, run: RunDocument, error: ErrorKind | None, ended_at: datetime
) -> RunDecision:
    """Return the decision on a run whose attempt ended while no canary answered: a network failure is inconclusive.

    A step of a workflow does not fail: it waits for the network.
    """
    if decision.status not in (RunStatus.FAILED, RunStatus.RETRY) or not can_blame_network(run, error):
        return decision
    if run["trigger"] != Trigger.WORKFLOW:
        return replace(decision, reason=RunReason.INCONCLUSIVE)
    return decision if len(run["attempts"]) >= MAX_ATTEMPTS else _hold_step(decision, run, ended_at)


def _hold_step(decision: RunDecision, run: RunDocument, ended_at: datetime) -> RunDecision:
    """Return the decision to try a step again after a part of the time for which it has waited for the network."""
    held = list(takewhile(lambda attempt: _is_held(run, attempt), reversed(run["attempts"][:-1])))
    waited = ended_at - held[-1]["finished_at"] if held else timedelta(0)
    retry_at = ended_at + min(max(waited / _HOLD_PART, _MIN_HOLD), _MAX_HOLD)
    return RunDecision(RunStatus.RETRY, RunReason.INCONCLUSIVE, max(retry_at, decision.retry_at or retry_at))


def decide_after_loss(run: RunDocument) -> RunDecision:
    """Return the decision on a run whose worker died."""
    if run.get("cancel_requested_at") is not None:
        return RunDecision(RunStatus.CANCELLED, RunReason.CANCEL_REQUESTED)
    if run["lost"] + 1 >= MAX_LOST_ATTEMPTS or len(run["attempts"]) >= MAX_ATTEMPTS:
        return RunDecision(RunStatus.FAILED, RunReason.LOST_TOO_OFTEN)
    return RunDecision(RunStatus.QUEUED)
