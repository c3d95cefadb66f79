"""Why a run is in its state, in plain sentences."""

from datetime import datetime, timedelta

from tocsin.documents import Doc, RunReason, RunStatus
from tocsin.graphql.scalars import write_moment

_NOTICEABLE = timedelta(seconds=2)
_SENTENCES = {
    RunReason.OVERLAP: "The run before was still going on when this one was due.",
    RunReason.OVERLAP_LIMIT: "As many earlier runs of the task as may overlap were still going on when this was due.",
    RunReason.TASK_PAUSED: "The task was paused.",
    RunReason.TASK_CANCELLED: "The task was cancelled.",
    RunReason.TASK_DELETED: "The task was deleted.",
    RunReason.TASK_EDITED: "The task was edited before the run began.",
    RunReason.CANCEL_REQUESTED: "Its cancellation was asked for.",
    RunReason.GAVE_WAY: "The next due time of the task came before the next retry.",
    RunReason.RETRIES_USED_UP: "The last of its retries failed too.",
    RunReason.NOT_RETRIED: "The last attempt failed in a way that is not retried.",
    RunReason.QUOTA: "A quota of its owner is used up: see `viewer { usage }`. It goes on when there is room.",
    RunReason.LOST_TOO_OFTEN: "Worker after worker was lost while attempting it, so it is not attempted again.",
}


def reason_text(reason: RunReason, run: Doc) -> str:
    """The sentence for this run."""
    if reason is RunReason.QUOTA and run["status"] == RunStatus.MISSED.value:
        return _missed(run, "a quota of its owner was used up")
    return _missed(run, "nothing could run it") if reason is RunReason.MISFIRE else _SENTENCES[reason]


def lateness_text(due_at: datetime | None, now: datetime) -> str | None:
    """The sentence for a task whose due time has passed without becoming a run; None if there is no such time."""
    if due_at is None or now - due_at < _NOTICEABLE:
        return None
    return (
        f"It was due at {write_moment(due_at)} and waits for its turn: users' due tasks are run in turn, and who has "
        "more due than can be run in time waits longer. Make fewer tasks due at once, or make them due less often."
    )


def _missed(run: Doc, why: str) -> str:
    count, due_at = run.get("missed_count") or 1, write_moment(run["due_at"])
    if count == 1:
        return f"It was due at {due_at}, while {why}."
    until = write_moment(run.get("missed_until") or run["due_at"])
    why = why.replace("run it", "run them")
    return f"{count} due times from {due_at} to {until} passed while {why}."
