"""The events of tasks, beside the failures of their runs: a task paused itself, or has missed runs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from tocsin.clock import epoch_milliseconds
from tocsin.documents import RunDocument, SelfPauseDocument, TaskDocument
from tocsin.notifications.events import Event, EventKind, about_latest
from tocsin.notifications.excerpts import ErrorExcerpt, excerpt_name
from tocsin.notifications.pages import run_page_path


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPaused(Event):
    """A task has paused itself after `failures` in a row; 0 if it was paused because it cannot be read.

    `error` is that of the last of these runs, `run`.
    """

    kind: EventKind = EventKind.TASK_PAUSED
    task: str
    task_name: str
    failures: int
    error: ErrorExcerpt | None
    status_code: int | None = None

    @classmethod
    def from_task(cls, task: TaskDocument, pause: SelfPauseDocument, run: RunDocument | None) -> Self:
        """Return the event of a pause, for which `run` was the last straw; None if it is no longer stored."""
        attempts, run_id = (run and run.get("attempts")) or [], pause["run"]
        last = attempts[-1] if attempts else None
        failed = (last and last.get("error")) or (run and run.get("error"))
        return cls(
            id=pause_event_id(task["_id"], pause),
            owner=task["owner"],
            at=pause["at"],
            run=run_id,
            about=about_latest("TaskPauses", task["_id"], pause["at"], task=task["_id"]),
            page=None if run_id is None else run_page_path(run_id),
            task=task["_id"],
            task_name=excerpt_name(task["name"]),
            failures=pause["failures"],
            error=None if run_id is None else ErrorExcerpt.from_document(failed),
            status_code=last.get("status_code") if last else None,
        )


def pause_event_id(task: str, pause: SelfPauseDocument) -> str:
    """Return the ID of the event of the pause of a task (an ID), for which a run was the last straw."""
    run = pause["run"]
    return f"{task}:{epoch_milliseconds(pause['at'])}:unreadable" if run is None else f"{run}:paused"


def missed_event_id(run: RunDocument) -> str:
    """Return the ID of the event of a missed or skipped run: one until a run of its task has succeeded."""
    return f"{run['task']}:{run['incident']}:missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsMissed(Event):
    """A task has missed `count` due times, the first at `due_at`, for this reason."""

    kind: EventKind = EventKind.RUN_MISSED
    run: str
    task_name: str
    due_at: datetime
    count: int
    reason: str | None

    @classmethod
    def from_runs(cls, runs: Sequence[RunDocument]) -> Self:
        """Return the event of missed and skipped runs that have the same `missed_event_id`."""
        first = min(runs, key=lambda run: run["due_at"])
        return cls(
            id=missed_event_id(first),
            owner=first["owner"],
            at=first.get("finished_at") or first["due_at"],
            run=first["_id"],
            about={
                "type": "MissedRuns",
                "id": f"{first['task']}:missed",
                "incident": first["incident"] or 0,
                "stage": 0,
                "subject_type": "Task",
                "subject": first["task"],
            },
            page=run_page_path(first["_id"]),
            task_name=excerpt_name(first["task_name"]),
            due_at=first["due_at"],
            count=sum(run.get("missed_count") or 1 for run in runs),
            reason=first.get("reason"),
        )
