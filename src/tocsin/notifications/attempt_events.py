"""The events of failed attempts, for those who want to be told of each. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from tocsin.documents import (
    AttemptDocument,
    AttemptOutcome,
    RunDocument,
    RunStatus,
    is_inconclusive,
    is_repeated,
)
from tocsin.notifications.events import EventKind
from tocsin.notifications.run_events import TaskFailure


def attempt_event_id(run_id: str, number: int) -> str:
    """Return the ID of the event of a failed attempt of a run."""
    return f"{run_id}:{number}"


def list_failed_attempts(run: RunDocument) -> list[AttemptDocument]:
    """Return the attempts of a run's present round that have failed, unless it is running again.

    None of a round that a person began, and none that is inconclusive. After an outage, Tocsin itself begins another
    round, of which all others are told.
    """
    if run.get("incident") is None or run["status"] not in (RunStatus.RETRY, RunStatus.FAILED):
        return []
    if is_repeated(run) or is_inconclusive(run):
        return []
    attempts = (run.get("attempts") or [])[run.get("budget_from") or 0 :]
    failed = [each for each in attempts if each.get("outcome") == AttemptOutcome.FAILED]
    return [each for each in failed if not each.get("is_inconclusive")]


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
