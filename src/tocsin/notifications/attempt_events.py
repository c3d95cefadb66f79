"""The events of failed attempts, for those who want to be told of each. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from tocsin.documents import AttemptDocument, AttemptOutcome, RunDocument, RunStatus
from tocsin.notifications.events import EventKind
from tocsin.notifications.run_events import TaskFailure


def attempt_event_id(run_id: str, number: int) -> str:
    """Return the ID of the event of a failed attempt of a run."""
    return f"{run_id}:{number}"


def list_failed_attempts(run: RunDocument) -> list[AttemptDocument]:
    """Return the attempts of a run in its first round that have failed, unless it is running again."""
    if run.get("incident") is None or run["round"] or run["status"] not in (RunStatus.RETRY, RunStatus.FAILED):
        return []
    return [each for each in run.get("attempts") or () if each.get("outcome") == AttemptOutcome.FAILED]


def make_attempt_events(run: RunDocument) -> Iterator[TaskFailure]:
    """Yield the event of each failed attempt of a run, as it was when that had ended."""
    for attempt in list_failed_attempts(run):
        number = attempt["number"]
        is_last = number == run["attempts"][-1]["number"]
        ended_run = is_last and run.get("finished_at") == attempt.get("finished_at")
        until_then: RunDocument = {**run, "attempts": [each for each in run["attempts"] if each["number"] <= number]}
        if not ended_run:  # it was to be retried, whatever became of that
            until_then |= {"status": RunStatus.RETRY, "finished_at": None, "reason": None}
            until_then["retry_at"] = run.get("retry_at") if is_last else None
        event = TaskFailure.from_run(until_then)
        if event.about is not None:  # none covers another one
            event = replace(event, about={**event.about, "stage": 0})
        yield replace(event, kind=EventKind.ATTEMPT_FAILED, id=attempt_event_id(run["_id"], number))
