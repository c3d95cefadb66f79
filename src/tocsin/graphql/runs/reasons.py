"""Explanations of the state of a run or task for people."""

from datetime import datetime, timedelta

from tocsin.documents import RunDocument, RunReason, RunStatus
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.scalars import format_datetime

_MIN_DELAY = timedelta(seconds=2)
_SENTENCES = {
    RunReason.OVERLAP: "The previous run had not ended when this one was due.",
    RunReason.OVERLAP_LIMIT: "The task had reached its limit of overlapping runs when this one was due.",
    RunReason.MISFIRE: "The due time passed while no server could run it.",
    RunReason.TASK_PAUSED: "The task was paused.",
    RunReason.TASK_CANCELLED: "The task was cancelled.",
    RunReason.TASK_DELETED: "The task was deleted.",
    RunReason.TASK_EDITED: "The task was edited before the run started.",
    RunReason.CANCEL_REQUESTED: "Its cancellation was requested.",
    RunReason.GAVE_WAY: "The next due time of the task came before the next retry.",
    RunReason.RETRIES_USED_UP: "All of its retries failed.",
    RunReason.NOT_RETRIED: "The last attempt failed with an error that is not retried.",
    RunReason.QUOTA: "A quota of its owner is used up: see `viewer { usage }`. It continues when the quota allows it.",
    RunReason.INCONCLUSIVE: "It failed while the network of this server was down, which says nothing about its target. "
    "It is tried again when the network is back, unless its task is due again first.",
    RunReason.LOST_TOO_OFTEN: "Several workers in a row were lost while attempting it, so it is not attempted again.",
}

describe_enum(
    RunReason,
    "The reason for the status of a run, if the status alone does not explain it. `reasonText` is its text for people.",
    {reason.name: text for reason, text in _SENTENCES.items()},
)


def explain_run_reason(reason: RunReason, run: RunDocument) -> str:
    """Explain the reason of this run."""
    if reason is RunReason.MISFIRE:
        return _explain_missed(run, "no server could run it")
    if reason is RunReason.QUOTA and run["status"] == RunStatus.MISSED:
        return _explain_missed(run, "a quota of its owner was used up")
    return _SENTENCES[reason]


def explain_lateness(due_at: datetime | None, now: datetime) -> str | None:
    """Explain the delay of a task whose due time has passed without a run; None if it is not late."""
    if due_at is None or now - due_at < _MIN_DELAY:
        return None
    return (
        f"The task was due at {format_datetime(due_at)} and is waiting for its turn: the service takes due tasks from "
        "all users in turn, so users with many due tasks wait longer. "
        "Schedule fewer tasks at the same time, or less often."
    )


def _explain_missed(run: RunDocument, why: str) -> str:
    count, due_at = run.get("missed_count") or 1, format_datetime(run["due_at"])
    if count == 1:
        return f"It was due at {due_at}, while {why}."
    until = format_datetime(run.get("missed_until") or run["due_at"])
    why = why.replace("run it", "run them")
    return f"{count} due times from {due_at} to {until} passed while {why}."
