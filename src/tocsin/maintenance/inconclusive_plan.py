"""What becomes of a run that failed by the network, once it is known whose network that was. Pure."""

from datetime import datetime
from enum import Enum

from tocsin.documents import (
    Hold,
    NetworkFailureDocument,
    RunDocument,
    RunReason,
    RunStatus,
    TaskDocument,
    Trigger,
    is_inconclusive,
)
from tocsin.tasks.retry_policy import MAX_ATTEMPTS

MARKED_REASONS = (RunReason.RETRIES_USED_UP, RunReason.NOT_RETRIED, RunReason.GAVE_WAY)
"""The reasons of a failed run that INCONCLUSIVE replaces."""


class FailureStep(Enum):
    """The next step of a recorded failure: nothing yet; forget it; mark its run; run it again."""

    WAIT = "WAIT"
    FORGET = "FORGET"
    MARK = "MARK"
    RETRY = "RETRY"


def plan_mark(
    failure: NetworkFailureDocument, run: RunDocument | None, task: TaskDocument | None, *, is_deferred: bool = False
) -> FailureStep:
    """Return what to do about a failure that was our own.

    The run must be marked after its end was counted in its task, so that it can be taken out of the streak again. A
    deferred run is not written yet, or its end is not counted.
    """
    if is_deferred:
        return FailureStep.WAIT
    if run is None or run["fence"] != failure["fence"]:
        return FailureStep.FORGET
    if run["status"] == RunStatus.RUNNING or (run["status"] == RunStatus.FAILED and _lists(task, run)):
        return FailureStep.WAIT
    if run["status"] == RunStatus.RETRY:
        return FailureStep.MARK
    is_markable = run["reason"] in MARKED_REASONS or is_inconclusive(run)
    return FailureStep.MARK if run["status"] == RunStatus.FAILED and is_markable else FailureStep.FORGET


def plan_retry(
    failure: NetworkFailureDocument,
    run: RunDocument | None,
    task: TaskDocument | None,
    now: datetime,
    *,
    is_deferred: bool = False,
) -> FailureStep:
    """Return what to do about an inconclusive run when the network is back.

    It is tried again as long as it is the latest of its task: a later due time, or one that has just come, replaces it.
    A deferred run is written first.
    """
    if is_deferred:
        return FailureStep.WAIT
    if run is None or run["fence"] != failure["fence"]:
        return FailureStep.FORGET
    if run["status"] == RunStatus.RUNNING:
        return FailureStep.WAIT
    if run["status"] != RunStatus.FAILED or not is_inconclusive(run) or len(run["attempts"]) >= MAX_ATTEMPTS:
        return FailureStep.FORGET
    return FailureStep.RETRY if task is not None and _still_wants(task, run, now) else FailureStep.FORGET


def _lists(task: TaskDocument | None, run: RunDocument) -> bool:
    return task is not None and any(entry["run"] == run["_id"] for entry in task["active"])


def _still_wants(task: TaskDocument, run: RunDocument, now: datetime) -> bool:
    if run["trigger"] in (Trigger.MANUAL, Trigger.LINK):  # which ignore a pause
        return task["hold"] in (None, Hold.PAUSED)
    next_due = task["next_run_at"]
    return task["hold"] is None and task["last_run"] == run["_id"] and (next_due is None or next_due > now)
