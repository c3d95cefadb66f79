"""The decision after an attempt. Pure."""

from datetime import timedelta
from typing import Any

import pytest

from tocsin import clock
from tocsin.dispatch.retry_decision import (
    MAX_LOST_ATTEMPTS,
    RetryDecider,
    RunDecision,
    count_earlier_failures,
    decide_after_loss,
    judge_while_cut_off,
)
from tocsin.documents import ErrorKind, RunReason, RunStatus
from tocsin.jobs.base import AttemptError, Outcome
from tocsin.tasks.retry_defaults import RetryDefaults
from tocsin.tasks.retry_policy import MAX_ATTEMPTS, RetryPolicy

NOW = clock.now()
SECOND = timedelta(seconds=1)
OFFSETS = (SECOND, 5 * SECOND)
USED_UP = RunDecision(RunStatus.FAILED, RunReason.RETRIES_USED_UP)
NOT_RETRIED = RunDecision(RunStatus.FAILED, RunReason.NOT_RETRIED)


def run(*outcomes: str, budget_from: int = 0, **more: Any) -> Any:
    """Return a run whose latest attempt, the last of these, has just ended."""
    return {"attempts": [{"outcome": outcome} for outcome in outcomes], "budget_from": budget_from, "lost": 0, **more}


def failed(status: int | None = 500, kind: ErrorKind = ErrorKind.HTTP_STATUS, **more: Any) -> Outcome:
    retryable = kind not in {ErrorKind.BLOCKED_ADDRESS, ErrorKind.BAD_URL}
    return Outcome(error=AttemptError(kind, "no", None, retryable), status_code=status, **more)


def decide(past: Any, outcome: Outcome, retries: int = 2, statuses: frozenset[int] | None = None) -> RunDecision:
    decider = RetryDecider(RetryDefaults(0), timedelta(seconds=60))
    policy = RetryPolicy(retries, OFFSETS, None, statuses)
    return decider.decide(past | {"retry": policy.to_document()}, outcome, NOW, 0.5)


def retried(wait: timedelta) -> RunDecision:
    return RunDecision(RunStatus.RETRY, None, NOW + wait)


@pytest.mark.parametrize(
    ("past", "expected"),
    [
        (run("x"), retried(SECOND)),
        (run("FAILED", "x"), retried(5 * SECOND)),
        (run("FAILED", "FAILED", "x"), USED_UP),
        (run("LOST", "FAILED", "LOST", "x"), retried(5 * SECOND)),
        (run("FAILED", "FAILED", "FAILED", "x", budget_from=3), retried(SECOND)),
        (run("FAILED", "FAILED", "FAILED", "FAILED", "x", budget_from=3), retried(5 * SECOND)),
    ],
)
def test_failures_of_the_present_budget_count_and_losses_do_not(past: Any, expected: RunDecision) -> None:
    assert decide(past, failed()) == expected


def test_a_success_completes() -> None:
    assert decide(run("FAILED", "FAILED", "x"), Outcome()) == RunDecision(RunStatus.COMPLETED)


def test_no_retries_means_none() -> None:
    assert decide(run("x"), failed(), retries=0) == USED_UP


@pytest.mark.parametrize("kind", [kind for kind in ErrorKind if kind is not ErrorKind.HTTP_STATUS])
def test_every_failure_but_a_blocked_address_and_a_bad_url_is_retried(kind: ErrorKind) -> None:
    refused = kind in {ErrorKind.BLOCKED_ADDRESS, ErrorKind.BAD_URL}
    for statuses in (None, frozenset({503})):
        assert decide(run("x"), failed(None, kind), statuses=statuses) == (NOT_RETRIED if refused else retried(SECOND))


@pytest.mark.parametrize(("status", "expected"), [(503, retried(SECOND)), (500, NOT_RETRIED), (404, NOT_RETRIED)])
def test_statuses_narrow_what_is_retried(status: int, expected: RunDecision) -> None:
    assert decide(run("x"), failed(status), statuses=frozenset({503})) == expected


@pytest.mark.parametrize(("asked", "wait"), [(0.5, 1), (30, 30), (60, 60), (3600, 60)])
def test_retry_after_lengthens_a_wait_up_to_its_cap_and_never_shortens_it(asked: float, wait: float) -> None:
    assert decide(run("x"), failed(503, retry_after=timedelta(seconds=asked))) == retried(timedelta(seconds=wait))


def test_a_run_has_a_hundred_attempts_at_most() -> None:
    past = ["LOST"] * (MAX_ATTEMPTS - 2)
    assert decide(run(*past, "x"), failed(), retries=99) == retried(SECOND)
    assert decide(run(*past, "LOST", "x"), failed(), retries=99) == USED_UP
    assert decide_after_loss(run(*past, "LOST", "x")) == RunDecision(RunStatus.FAILED, RunReason.LOST_TOO_OFTEN)


@pytest.mark.parametrize("lost", range(MAX_LOST_ATTEMPTS))
def test_five_losses_in_a_row_fail_a_run(lost: int) -> None:
    expected = RunDecision(RunStatus.FAILED, RunReason.LOST_TOO_OFTEN) if lost == 4 else RunDecision(RunStatus.QUEUED)
    assert decide_after_loss(run("x", lost=lost)) == expected


def test_a_lost_run_that_was_to_be_cancelled_is() -> None:
    cancelled = RunDecision(RunStatus.CANCELLED, RunReason.CANCEL_REQUESTED)
    assert decide_after_loss(run("x", lost=4, cancel_requested_at=NOW)) == cancelled


CALLING: Any = {"host": "example.org:443", "trigger": "SCHEDULE"}
BY_NETWORK = [ErrorKind.DNS, ErrorKind.CONNECT, ErrorKind.TLS, ErrorKind.TIMEOUT]


@pytest.mark.parametrize("kind", ErrorKind)
@pytest.mark.parametrize("decision", [USED_UP, NOT_RETRIED, retried(SECOND)])
def test_while_cut_off_only_failures_by_the_network_are_inconclusive(kind: ErrorKind, decision: RunDecision) -> None:
    reason = RunReason.INCONCLUSIVE if kind in BY_NETWORK else decision.reason
    judged = judge_while_cut_off(decision, CALLING, kind, NOW)
    assert (judged.status, judged.reason, judged.retry_at) == (decision.status, reason, decision.retry_at)


def test_what_calls_no_host_or_succeeds_is_judged_as_ever() -> None:
    for changes in ({"host": None}, {"host": None, "trigger": "WORKFLOW"}):
        assert judge_while_cut_off(USED_UP, CALLING | changes, ErrorKind.TIMEOUT, NOW) == USED_UP
    for decision in (RunDecision(RunStatus.COMPLETED), RunDecision(RunStatus.CANCELLED, RunReason.CANCEL_REQUESTED)):
        assert judge_while_cut_off(decision, CALLING, None, NOW) == decision


def step_run(*held_for: timedelta) -> Any:
    """Return the run of a step whose earlier attempts failed so long ago, while no canary answered."""
    past = [{"outcome": "FAILED", "is_inconclusive": True, "finished_at": NOW - ago} for ago in held_for]
    return {"attempts": [*past, {}], "budget_from": 0, "lost": 0, **CALLING, "trigger": "WORKFLOW"}


@pytest.mark.parametrize(
    ("held_for", "wait"),
    [((), 10), ((20,), 10), ((60, 30), 15), ((3_600, 1_800, 60), 900), ((7_200, 60), 900)],
)
def test_a_step_waits_for_the_network_for_a_part_of_the_time_that_it_has_waited(
    held_for: tuple[int, ...], wait: int
) -> None:
    decision = judge_while_cut_off(USED_UP, step_run(*(each * SECOND for each in held_for)), ErrorKind.CONNECT, NOW)
    assert decision == RunDecision(RunStatus.RETRY, RunReason.INCONCLUSIVE, NOW + wait * SECOND)


def test_a_step_is_not_tried_again_earlier_than_its_policy_says_nor_for_ever() -> None:
    later = retried(60 * SECOND)
    assert judge_while_cut_off(later, step_run(), ErrorKind.DNS, NOW).retry_at == later.retry_at
    many = step_run(*[SECOND] * (MAX_ATTEMPTS - 1))
    assert judge_while_cut_off(USED_UP, many, ErrorKind.DNS, NOW) == USED_UP


def test_what_a_step_has_waited_for_does_not_use_up_its_retries() -> None:
    held = step_run(*[SECOND] * 9) | {"retry": RetryPolicy(1, OFFSETS).to_document()}
    assert count_earlier_failures(held) == 0
    assert count_earlier_failures(held | {"trigger": "SCHEDULE"}) == 9
