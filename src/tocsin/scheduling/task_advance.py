"""The move of a fired task to its next due time, as one conditional update. Pure."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.documents import RunStatus, TaskChanges, TaskStatus
from tocsin.documents.updates import (
    Expression,
    Pipeline,
    all_of,
    change_task_pipeline,
    has_value,
    put_active_runs,
    run_id_expression,
)
from tocsin.tasks.failure_streak import pause_if_reached
from tocsin.tasks.run_effects import count_last_end

NamedRun = tuple[str, RunStatus]
"""The suffix that a run's id adds to its task's id, and the run's status."""


@dataclass(frozen=True, slots=True)
class TaskAdvance:
    """The move of a task to its next due time, unless it was edited or advanced meanwhile.

    `last_run` contains the newest run that was made, if any; `active` the runs that are not settled. `ended` is the
    status of the newest run if it has ended, and its end is to be counted, unless it `is_inconclusive`.
    """

    due_at: datetime
    version: int
    next_run_at: datetime | None
    last_due_at: datetime | None
    last_run: tuple[NamedRun, ...]
    active: tuple[NamedRun, ...]
    ended: RunStatus | None = None
    is_inconclusive: bool = False

    def build_pipeline(self) -> Pipeline:
        """Return the update pipeline for the task."""
        changes: TaskChanges = {"next_run_at": self.next_run_at, "last_due_at": self.last_due_at}
        computed: dict[str, Expression] = {}
        if self.active:
            computed["active"] = put_active_runs(
                [(run_id_expression(suffix), status) for suffix, status in self.active]
            )
        for suffix, status in self.last_run:
            computed["last_run"] = run_id_expression(suffix)
            if status is RunStatus.MISSED:
                changes["last_end"] = TaskStatus.FAILED
        if self.ended is not None:
            computed |= count_last_end(self.ended, is_rerun=self.is_inconclusive)
        unmoved = all_of(has_value("next_run_at", self.due_at), has_value("version", self.version))
        return change_task_pipeline(unmoved, changes, computed, self._pause_if_failing())

    def _pause_if_failing(self) -> tuple[Expression, ...]:
        if self.ended is None or self.next_run_at is None:
            return ()
        (suffix, _), *_ = self.last_run
        is_rerun, is_due_later = self.is_inconclusive, {"$literal": True}
        return pause_if_reached(self.ended, 1, run_id_expression(suffix), is_rerun=is_rerun, is_due_later=is_due_later)
