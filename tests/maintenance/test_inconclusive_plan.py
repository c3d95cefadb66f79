"""What becomes of a run that failed by our own network, in each state that it can be in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.maintenance.inconclusive_plan import FailureStep, plan_mark, plan_retry
from tocsin.tasks.retry_policy import MAX_ATTEMPTS

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
FAILURE: Any = {"run": "u1/t1:5", "fence": 2}
RUN: Any = {
    "_id": "u1/t1:5", "fence": 2, "status": "FAILED", "reason": "RETRIES_USED_UP", "trigger": "SCHEDULE",
    "attempts": [],
}  # fmt: skip
TASK: Any = {"hold": None, "last_run": "u1/t1:5", "next_run_at": NOW + timedelta(hours=1), "active": []}
LISTED: Any = TASK | {"active": [{"run": "u1/t1:5", "shows": "PENDING"}]}
INCONCLUSIVE = RUN | {"reason": "INCONCLUSIVE"}
S = FailureStep


@pytest.mark.parametrize(
    ("run", "task", "step"),
    [
        (None, None, S.FORGET),
        (RUN, TASK, S.MARK),
        (RUN, None, S.MARK),
        (RUN | {"reason": "NOT_RETRIED"}, TASK, S.MARK),
        (RUN | {"reason": "GAVE_WAY"}, TASK, S.MARK),
        (INCONCLUSIVE, TASK, S.MARK),
        (RUN | {"status": "RETRY", "reason": None}, LISTED, S.MARK),
        (RUN, LISTED, S.WAIT),
        (RUN | {"status": "RUNNING", "reason": None}, LISTED, S.WAIT),
        (RUN | {"fence": 3}, TASK, S.FORGET),
        (RUN | {"reason": "TASK_PAUSED"}, TASK, S.FORGET),
        (RUN | {"reason": "LOST_TOO_OFTEN"}, TASK, S.FORGET),
        *((RUN | {"status": status}, TASK, S.FORGET) for status in ("QUEUED", "COMPLETED", "CANCELLED")),
    ],
)
def test_a_run_is_marked_if_the_attempt_is_its_last_and_its_end_is_counted(run: Any, task: Any, step: S) -> None:
    assert plan_mark(FAILURE, run, task) is step


@pytest.mark.parametrize("run", [None, RUN, INCONCLUSIVE])
def test_a_deferred_run_waits_until_it_is_written_and_counted(run: Any) -> None:
    assert plan_mark(FAILURE, run, TASK, is_deferred=True) is S.WAIT
    assert plan_retry(FAILURE, run, TASK, NOW, is_deferred=True) is S.WAIT


@pytest.mark.parametrize(
    ("run", "task", "step"),
    [
        (INCONCLUSIVE, TASK, S.RETRY),
        (INCONCLUSIVE, TASK | {"next_run_at": None}, S.RETRY),
        (None, None, S.FORGET),
        (INCONCLUSIVE, None, S.FORGET),
        (INCONCLUSIVE | {"fence": 3}, TASK, S.FORGET),
        (INCONCLUSIVE | {"status": "RUNNING"}, TASK, S.WAIT),
        (INCONCLUSIVE | {"status": "QUEUED"}, TASK, S.FORGET),
        (RUN, TASK, S.FORGET),
        (INCONCLUSIVE | {"attempts": [{}] * MAX_ATTEMPTS}, TASK, S.FORGET),
        (INCONCLUSIVE, TASK | {"last_run": "u1/t1:6"}, S.FORGET),
        (INCONCLUSIVE, TASK | {"next_run_at": NOW}, S.FORGET),
        *((INCONCLUSIVE, TASK | {"hold": hold}, S.FORGET) for hold in ("PAUSED", "CANCELLED", "DELETED")),
        (INCONCLUSIVE | {"trigger": "MANUAL"}, TASK | {"last_run": None, "next_run_at": NOW}, S.RETRY),
        (INCONCLUSIVE | {"trigger": "MANUAL"}, TASK | {"hold": "PAUSED"}, S.RETRY),
        (INCONCLUSIVE | {"trigger": "MANUAL"}, TASK | {"hold": "CANCELLED"}, S.FORGET),
    ],
)
def test_a_run_is_tried_again_while_it_is_the_latest_of_an_active_task(run: Any, task: Any, step: S) -> None:
    assert plan_retry(FAILURE, run, task, NOW) is step
