"""A completion records an attempt, and changes its run only under the fence of its claim."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.tasks.helpers import add_run, load_run, save_hourly_task
from tocsin import clock
from tocsin.clock import EPOCH
from tocsin.dispatch.retry_decision import RunDecision
from tocsin.documents import SETTLED_SOON, Database, ErrorKind, RunReason, RunStatus
from tocsin.execution.completion import Completion
from tocsin.jobs.base import AttemptError, Outcome

NOW = EPOCH + timedelta(days=20_000)
SECOND = timedelta(seconds=1)
COMPLETED = RunDecision(RunStatus.COMPLETED)
CANCELLED = RunDecision(RunStatus.CANCELLED, RunReason.CANCEL_REQUESTED)
FAILED = RunDecision(RunStatus.FAILED, RunReason.NOT_RETRIED)
RETRY = RunDecision(RunStatus.RETRY, retry_at=NOW + timedelta(minutes=1))
REFUSED = Outcome(error=AttemptError(ErrorKind.CONNECT, "refused", "Is it up?"))


def run(**changes: Any) -> Any:
    attempts = [{"number": 1, "started_at": NOW, "worker": "w"}]
    return {
        "_id": "r", "fence": 1, "status": RunStatus.RUNNING, "created_at": NOW, "started_at": NOW, "attempts": attempts,
        **changes,
    }  # fmt: skip


def complete(claimed: Any, outcome: Outcome, decision: RunDecision) -> Completion:
    return Completion.of_attempt(claimed, outcome, decision, NOW + SECOND, NOW + 3 * SECOND)


# --- the record of an attempt ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "decision", "recorded"),
    [
        (Outcome(), COMPLETED, "COMPLETED"),
        (REFUSED, FAILED, "FAILED"),
        (REFUSED, RETRY, "FAILED"),
        (Outcome(error=AttemptError(ErrorKind.CANCELLED, "aborted")), CANCELLED, "CANCELLED"),
    ],
)
def test_an_attempt_has_the_outcome_that_the_decision_followed_from(
    outcome: Outcome, decision: RunDecision, recorded: str
) -> None:
    attempt = complete(run(), outcome, decision).attempt
    assert (attempt["outcome"], attempt["number"], attempt["worker"]) == (recorded, 1, "w")
    assert (attempt["started_at"], attempt["finished_at"]) == (NOW + SECOND, NOW + 3 * SECOND)


def test_an_error_is_stored_with_its_hint() -> None:
    assert complete(run(), REFUSED, FAILED).attempt["error"] == {
        "kind": "CONNECT", "message": "refused", "hint": "Is it up?"
    }  # fmt: skip
    assert complete(run(), Outcome(), COMPLETED).attempt["error"] is None


@pytest.mark.parametrize(("body", "size"), [(None, 0), ("", 0), ("abc", 3), ("ü", 2), ("\ud800", 1)])
def test_a_body_is_measured_in_bytes(body: str | None, size: int) -> None:
    completion = complete(run(), Outcome(response_body=body), COMPLETED)
    assert (completion.attempt["has_body"], completion.attempt["body_bytes"]) == (bool(body), size)


def test_stored_bytes_include_the_body_and_the_result() -> None:
    small = complete(run(), Outcome(), COMPLETED).stored_bytes()
    large = complete(run(), Outcome(response_body="x" * 100, result="y" * 50), COMPLETED).stored_bytes()
    assert large == small + 150
    assert small > 100


# --- the changes of a run -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("decision", "is_open"), [(COMPLETED, False), (FAILED, False), (RETRY, True)])
def test_a_run_is_finished_unless_it_is_retried(decision: RunDecision, is_open: bool) -> None:
    left = complete(run(), REFUSED, decision).completed_run()
    assert (left["status"], left["open"], left["reason"]) == (decision.status, is_open, decision.reason)
    assert left.get("retry_at") == decision.retry_at
    assert left.get("finished_at") == (None if is_open else NOW + 3 * SECOND)
    assert (left["lost"], left.get("worker")) == (0, None)


@pytest.mark.parametrize(("age", "is_late"), [(SETTLED_SOON, False), (SETTLED_SOON + SECOND, True)])
def test_a_run_that_is_stored_long_after_its_creation_is_stamped(age: timedelta, is_late: bool) -> None:
    stored_at = NOW + SETTLED_SOON + 5 * SECOND
    completion = replace(complete(run(created_at=stored_at - age), Outcome(), COMPLETED), stored_at=stored_at)
    assert completion.completed_fields()["settled_late_at"] == (stored_at if is_late else None)
    assert "settled_late_at" not in complete(run(), REFUSED, RETRY).completed_fields()


def test_the_first_attempt_is_the_start_of_its_run_and_a_later_one_is_not() -> None:
    attempts = [{"number": 1, "started_at": NOW - SECOND}, {"number": 2, "started_at": NOW, "worker": "w"}]
    later = run(started_at=NOW - SECOND, attempts=attempts)
    for claimed, started_at in ((run(), NOW + SECOND), (run(started_at=None), NOW + SECOND), (later, NOW - SECOND)):
        assert complete(claimed, Outcome(), COMPLETED).completed_fields()["started_at"] == started_at
    assert [each["number"] for each in complete(later, Outcome(), COMPLETED).completed_run()["attempts"]] == [1, 2]


def test_a_prefetched_run_has_begun_with_its_outcome() -> None:
    assert complete(run(begun=False), Outcome(), COMPLETED).completed_fields()["begun"] is True
    assert "begun" not in complete(run(begun=True), Outcome(), COMPLETED).completed_fields()
    assert "begun" not in complete(run(), Outcome(), COMPLETED).completed_fields()


def test_without_details_a_run_fails_and_its_attempt_says_why() -> None:
    outcome = Outcome(status_code=1 << 70, response_body="x", result="y")
    reduced = complete(run(), outcome, COMPLETED).without_details()
    assert (reduced.decision.status, reduced.has_details, reduced.body) == (RunStatus.FAILED, False, None)
    assert set(reduced.attempt) == {"number", "started_at", "worker", "finished_at", "outcome", "error"}
    error = reduced.attempt["error"]
    assert error is not None
    assert (reduced.attempt["outcome"], error["kind"]) == ("FAILED", "INTERNAL")


# --- the fenced update ----------------------------------------------------------------------------------------------


async def stored_after(database: Database, decision: RunDecision, **changes: Any) -> tuple[Completion, Any]:
    """Return a completion and its run after the completion was stored; `changes` were made after the claim."""
    task = await save_hourly_task(database)
    run_id = await add_run(database, task.id, RunStatus.RUNNING)
    completion = Completion.of_attempt(await load_run(database, run_id), REFUSED, decision, clock.now(), clock.now())
    await database.runs.update_one({"_id": run_id}, {"$set": changes or {"incident": 0}})
    await database.runs.bulk_write([completion.build_update()])
    return completion, await load_run(database, run_id)


async def test_the_stored_run_is_as_the_completion_leaves_it(database: Database) -> None:
    completion, stored = await stored_after(database, RETRY)
    left = completion.completed_run()
    assert {name: stored[name] for name in left} == left
    assert completion.is_stored_in(stored)


async def test_a_newer_claim_refuses_the_outcome(database: Database) -> None:
    completion, stored = await stored_after(database, FAILED, fence=2)
    assert (stored["status"], "outcome" in stored["attempts"][0]) == ("RUNNING", False)
    assert not completion.is_stored_in(stored)
    assert not completion.is_stored_in(stored | {"attempts": []})


PAUSED = {"status": RunStatus.FAILED, "reason": RunReason.TASK_PAUSED}


@pytest.mark.parametrize(
    ("decision", "status", "reason"),
    [
        (RETRY, "FAILED", "TASK_PAUSED"),  # not retried
        (FAILED, "FAILED", "NOT_RETRIED"),
        (CANCELLED, "CANCELLED", "TASK_PAUSED"),
    ],
)
async def test_a_pause_during_the_attempt_ends_the_run_instead_of_a_retry(
    database: Database, decision: RunDecision, status: str, reason: str
) -> None:
    _, stored = await stored_after(database, decision, final=PAUSED)
    assert (stored["status"], stored["reason"], stored["open"], stored["retry_at"]) == (status, reason, False, None)
    assert stored["finished_at"] == stored["attempts"][0]["finished_at"]
