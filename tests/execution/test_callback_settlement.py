"""What becomes of a waiting run: by its callback, by its deadline, by a cancellation."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tocsin.clock import EPOCH
from tocsin.dispatch.retry_decision import RetryDecider
from tocsin.documents import MOVES, SETTLED_STATUSES, RunStatus
from tocsin.execution.callback_settlement import decide_settlement, find_callback, find_received
from tocsin.tasks.retry_defaults import RetryDefaults

NOW = EPOCH + timedelta(days=20_000)
SECOND = timedelta(seconds=1)
DECIDER = RetryDecider(RetryDefaults(1, (timedelta(0),)), timedelta(0))
ACCEPTED = {"number": 1, "started_at": NOW - 61 * SECOND, "worker": "w", "accepted_at": NOW - 60 * SECOND}


def waiting(**changes: Any) -> Any:
    return {
        "_id": "alice/t:1", "status": "WAITING", "open": True, "fence": 1, "attempts": [ACCEPTED], "budget_from": 0,
        "retry": None, "job": {"kind": "http", "params": {}}, "callback_by": NOW, "result": "1", "trigger": "SCHEDULE",
        **changes,
    }  # fmt: skip


def called(status: str = "COMPLETED", message: str | None = None, attempt: int = 1) -> Any:
    return {"attempt": attempt, "status": status, "message": message, "received_at": NOW - 2 * SECOND}


def settled(run: Any, retries: int = 0) -> Any:
    run = {**run, "retry": {"max_retries": retries, "offsets": [0], "backoff": None, "statuses": None}}
    settlement = decide_settlement(run, NOW, DECIDER, 0.5)
    return None if settlement is None else settlement.settled_run()


def test_a_run_waits_until_its_deadline() -> None:
    assert settled(waiting(callback_by=NOW + SECOND)) is None
    run = settled(waiting())
    assert (run["status"], run["reason"], run["open"], run["result"]) == ("FAILED", "RETRIES_USED_UP", False, None)
    assert run["error"]["kind"] == "CALLBACK_TIMEOUT"
    assert run["error"]["message"] == "The target did not call back within PT1M after its response."
    assert settled(waiting(), retries=1)["status"] == "RETRY"


@pytest.mark.parametrize("retries", [0, 1])
def test_a_callback_settles_it_before_and_after_the_deadline(retries: int) -> None:
    for by in (NOW - SECOND, NOW + SECOND):
        done = settled(waiting(callback_by=by, callback=called(message="x")), retries)
        assert (done["status"], done["error"], done["result"]) == ("COMPLETED", None, "1")
        assert done["attempts"][0]["callback"] == called(message="x")
        failed = settled(waiting(callback_by=by, callback=called("FAILED")), retries)
        assert failed["status"] == ("RETRY" if retries else "FAILED")
        assert failed["error"]["message"] == "The target called back with the status failed, without a message."


@pytest.mark.parametrize("result", ['{"statusCode":202,"body":"}{"}', None])
def test_later_steps_find_the_callback_in_the_result(result: str | None) -> None:
    run = settled(waiting(trigger="WORKFLOW", result=result, callback=called(message='"x"')))
    said = {"callback": {"status": "completed", "message": '"x"'}}
    assert json.loads(run["result"]) == said | json.loads(result or "{}")


def test_the_callback_of_an_earlier_attempt_does_not_count() -> None:
    run = waiting(attempts=[ACCEPTED, {**ACCEPTED, "number": 2}], callback=called(), callback_by=NOW + SECOND)
    assert find_callback(run) is None
    assert settled(run) is None
    assert find_received(run, 1) == called()
    assert find_received(run, 2) is None


def test_a_cancelled_run_ends_without_a_callback_but_not_against_one() -> None:
    run = waiting(cancel_requested_at=NOW, callback_by=NOW + SECOND)
    assert settled(run)["status"] == "CANCELLED"
    assert settled(run)["attempts"][0]["outcome"] == "CANCELLED"
    assert settled({**run, "callback": called()})["status"] == "COMPLETED"


@given(
    some.sampled_from([None, called(), called("FAILED"), called(attempt=2)]),
    some.integers(-5, 5),
    some.booleans(),
    some.integers(0, 3),
)
def test_a_settled_run_expects_nothing_and_its_attempt_has_ended(
    callback: Any, seconds: int, is_cancelled: bool, retries: int
) -> None:
    asked = NOW if is_cancelled else None
    run = settled(waiting(callback=callback, callback_by=NOW + seconds * SECOND, cancel_requested_at=asked), retries)
    counts = callback is not None and callback["attempt"] == 1
    assert (run is None) == (not counts and not is_cancelled and seconds > 0)
    if run is not None:
        status = RunStatus(run["status"])
        assert status in MOVES[RunStatus.WAITING]
        assert (run["callback"], run["callback_by"]) == (None, None)
        assert (run["finished_at"] is not None) == (status in SETTLED_STATUSES) == (not run["open"])
        assert (run["retry_at"] is not None) == (status is RunStatus.RETRY)
        assert run["attempts"][0]["outcome"] == (status if status in SETTLED_STATUSES else "FAILED")
        assert ("callback" in run["attempts"][0]) == counts
