"""The events of tasks, beside the failures of their runs: a task paused itself, or missed runs. Pure."""

from dataclasses import dataclass
from typing import Self

from tocsin.documents import FailurePauseDocument, RunDocument, TaskDocument
from tocsin.notifications.events import Event, EventKind
from tocsin.notifications.excerpts import ErrorExcerpt, excerpt_name
from tocsin.notifications.pages import run_page_path


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPaused(Event):
    """A task has paused itself after `failures` in a row. `error` is that of the last of these runs."""

    kind: EventKind = EventKind.TASK_PAUSED
    run: str
    task_name: str
    failures: int
    error: ErrorExcerpt
    status_code: int | None = None

    @classmethod
    def from_task(cls, task: TaskDocument, pause: FailurePauseDocument, run: RunDocument | None) -> Self:
        """Return the event of a pause, for which `run` was the last straw; None if it is no longer stored."""
        attempts = (run and run.get("attempts")) or []
        last = attempts[-1] if attempts else None
        return cls(
            id=f"{pause['run']}:paused",
            owner=task["owner"],
            at=pause["at"],
            run=pause["run"],
            page=run_page_path(pause["run"]),
            task_name=excerpt_name(task["name"]),
            failures=pause["failures"],
            error=ErrorExcerpt.from_document((last and last.get("error")) or (run and run.get("error"))),
            status_code=last.get("status_code") if last else None,
        )
