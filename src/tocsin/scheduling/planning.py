"""Planning of due tasks: their runs and their next due time. Pure.

Misfires and overlaps are decided here and recorded as runs with a reason. APScheduler's own coalesce, misfire grace and
max_instances would drop due times without a record.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeAlias

from pymongo import UpdateOne

from tocsin import schedules, telemetry
from tocsin.clock import epoch_milliseconds
from tocsin.documents import (
    Hold,
    Overlap,
    PauseReason,
    RunDocument,
    RunReason,
    RunStatus,
    TaskChanges,
    TaskDocument,
    Trigger,
    is_inconclusive,
    last_due_of,
    public_status,
    to_global_id,
)
from tocsin.documents.updates import (
    change_task,
    has_value,
)
from tocsin.scheduling.task_advance import NamedRun, TaskAdvance
from tocsin.tasks.missed_runs import NEVER_OPEN
from tocsin.tasks.runs import new_task_run

MAX_OPEN_RUNS = 100
"""Default maximum of open scheduled runs of one task, whose document names them all."""
log = telemetry.get_logger(__name__)
_PlannedItem: TypeAlias = schedules.Gap | datetime | RunDocument
"""An entry of a plan: missed due times, one due time, or a run that is already stored."""


class OpenRun(NamedTuple):
    """An open run of a task. Overlap policies depend on it."""

    id: str
    status: RunStatus


@dataclass(slots=True)
class TaskFiring:
    """A due task and its planned runs, ordered by due time. `due_at` is the `next_run_at` with which it was found.

    The first `written` of the runs are stored. `adopted` are those of them that already existed, because of a crash
    before the task was advanced, or because of another scheduler. `open_before` are the task's runs that were open
    before, `max_open` is the maximum of open runs. `is_outdated` is true if the task was edited or deleted after it was
    found.
    """

    task: TaskDocument
    due_at: datetime
    now: datetime
    runs: list[RunDocument] = field(default_factory=list)
    last_due_at: datetime | None = None
    next_run_at: datetime | None = None
    adopted: list[RunDocument] = field(default_factory=list)
    written: int = 0
    open_before: list[OpenRun] = field(default_factory=list)
    max_open: int = MAX_OPEN_RUNS
    is_outdated: bool = False

    def build_advance(self) -> tuple[str, TaskAdvance]:
        """Return the task's id and its advance.

        The task names the runs as active that are open, or were open and whose end is still to be counted, and those
        of whose miss its owner is still to be told.
        """
        made = tuple(self._suffix_and_status(run) for run in self.runs if run["status"] != RunStatus.SKIPPED)
        active = tuple(
            self._suffix_and_status(run)
            for run in self.runs
            if run["open"] or (run in self.adopted and run["status"] not in NEVER_OPEN) or self.is_alerting(run)
        )
        step = TaskAdvance(self.due_at, self.task["version"], self.next_run_at, self.last_due_at, made[-1:], active)
        return self.task["_id"], step

    def is_alerting(self, run: RunDocument) -> bool:
        """Return whether the owner is to be told that this run was missed or skipped."""
        return bool(self.task.get("alert_on_missed")) and run["status"] in NEVER_OPEN

    def build_late_advance(self, run: RunDocument) -> tuple[str, TaskAdvance]:
        """Return the task's id and its advance past its only run, which was deferred and is now as given."""
        named = self._suffix_and_status(run)
        active = (named,) if run["open"] else ()
        ended = None if run["open"] else named[1]
        return self.task["_id"], TaskAdvance(
            self.due_at,
            self.task["version"],
            self.next_run_at,
            self.last_due_at,
            (named,),
            active,
            ended,
            is_inconclusive(run),
        )

    def _suffix_and_status(self, run: RunDocument) -> NamedRun:
        return run["_id"][len(self.task["_id"]) :], public_status(run)


def scheduled_run_id(task_id: str, due_at: datetime) -> str:
    """Return the id of a task's run at a due time. It is deterministic, so that the run is made only once."""
    return f"{task_id}:{epoch_milliseconds(due_at)}"


def plan_firing(
    task: TaskDocument, now: datetime, open_runs: list[OpenRun], max_open: int = MAX_OPEN_RUNS
) -> TaskFiring:
    """Plan the runs of a due task that has these open runs."""
    due_at = task["next_run_at"]
    if due_at is None:
        raise ValueError("a task without a next due time is not due")
    firing = TaskFiring(task, due_at, now, open_before=open_runs, max_open=max_open)
    _plan_runs(firing, due_at, [])
    return firing


def next_due_after(firing: TaskFiring, run: RunDocument) -> datetime | None:
    """Return the first due time after those that a stored run covers, or None if it is in the future."""
    due = schedules.next_due(schedules.schedule_from_document(firing.task["schedule"]), last_due_of(run))
    return due if due is not None and due <= firing.now else None


def replan_after(firing: TaskFiring, existing: RunDocument, known: list[RunDocument]) -> None:
    """Adopt a run that already exists in place of the next one to write, and plan what is due after it.

    `known` are the runs of the task that exist after that one.
    """
    firing.runs = [*firing.runs[: firing.written], existing]
    firing.adopted.append(existing)
    firing.written += 1
    due = next_due_after(firing, existing)
    if due is not None:
        _plan_runs(firing, due, known)
    last = max(last_due_of(run) for run in firing.runs)
    schedule = schedules.schedule_from_document(firing.task["schedule"])
    firing.last_due_at, firing.next_run_at = last, schedules.next_due(schedule, max(last, firing.now))


def _plan_runs(firing: TaskFiring, due: datetime, known: list[RunDocument]) -> None:
    """Add the runs for the due times from `due` to now, along with the `known` ones, which already exist."""
    task, now = firing.task, firing.now
    schedule = schedules.schedule_from_document(task["schedule"])
    misfire = schedules.Misfire.from_document(task["misfire"])
    plan = schedules.plan_due_times(schedule, due, now, misfire)
    dues: tuple[datetime, ...] = plan.runs
    gaps: tuple[schedules.Gap, ...] = () if plan.missed is None else (plan.missed,)
    if known:
        dues, gaps = schedules.exclude_covered(schedule, plan, [(run["due_at"], last_due_of(run)) for run in known])
    catching_up = misfire.policy is schedules.MisfirePolicy.RUN_ALL and now - due > misfire.grace
    max_open = max(firing.max_open, misfire.max_runs) if catching_up else firing.max_open
    busy = [*firing.open_before, *(OpenRun(run["_id"], run["status"]) for run in firing.runs if run["open"])]
    items: list[_PlannedItem] = [*gaps, *dues, *known]
    for item in sorted(items, key=_first_due) if known else items:
        if isinstance(item, schedules.Gap):
            run = missed_run(task, item, RunReason.MISFIRE, now)
        elif isinstance(item, datetime):
            run = _plan_run(task, item, now, busy, max_open, catching_up=catching_up)
        else:
            run = item
        firing.runs.append(run)
        if run["open"]:
            busy.append(OpenRun(run["_id"], run["status"]))
    firing.last_due_at, firing.next_run_at = last_due_of(firing.runs[-1]), plan.next_due


def _first_due(item: _PlannedItem) -> datetime:
    if isinstance(item, datetime):
        return item
    return item.first if isinstance(item, schedules.Gap) else item["due_at"]


def _plan_run(
    task: TaskDocument, due_at: datetime, now: datetime, busy: list[OpenRun], max_open: int, *, catching_up: bool
) -> RunDocument:
    """Return the run of a due time: queued, waiting for the last of the `busy` runs, or skipped."""
    run = new_task_run(task, scheduled_run_id(task["_id"], due_at), due_at, Trigger.SCHEDULE, now)
    overlap = Overlap(task["overlap"])
    if len(busy) >= max_open:
        reason = RunReason.OVERLAP_LIMIT if overlap is Overlap.ALLOW else RunReason.OVERLAP
        return _without_attempt(run, RunStatus.SKIPPED, reason, now)
    if not busy or overlap is Overlap.ALLOW:
        return run
    waits = any(other.status == RunStatus.QUEUED for other in busy)
    if catching_up or (overlap is Overlap.QUEUE and not waits):  # a catch-up runs one by one and skips nothing
        run |= {"rank": None, "ready_at": None, "blocked": True, "after": busy[-1].id}
        return run
    return _without_attempt(run, RunStatus.SKIPPED, RunReason.OVERLAP, now)


def missed_run(task: TaskDocument, gap: schedules.Gap, reason: RunReason, now: datetime) -> RunDocument:
    """Return the MISSED run that records a gap."""
    run = new_task_run(task, scheduled_run_id(task["_id"], gap.first), gap.first, Trigger.SCHEDULE, now)
    run = _without_attempt(run, RunStatus.MISSED, reason, now)
    run |= {"missed_until": gap.until, "missed_count": gap.count}
    return run


def _without_attempt(run: RunDocument, status: RunStatus, reason: RunReason, now: datetime) -> RunDocument:
    """Settle a new run, which is never queued."""
    run |= {
        "status": status, "reason": reason, "open": False, "finished_at": now,
        "queued_at": None, "rank": None, "ready_at": None,
    }  # fmt: skip
    return run


@dataclass(slots=True)
class FiringBatch:
    """Firings of due tasks, and the tasks that do not fire.

    Those are `unreadable` ones (such as with a time zone that no longer exists), and those that are `postponed` to the
    next slice because the others became many runs.
    """

    firings: list[TaskFiring] = field(default_factory=list)
    unreadable: list[TaskDocument] = field(default_factory=list)
    postponed: list[TaskDocument] = field(default_factory=list)


def plan_firings(
    tasks: list[TaskDocument],
    now: datetime,
    open_runs: dict[str, list[OpenRun]],
    *,
    max_runs: int | None = None,
    max_open: int = MAX_OPEN_RUNS,
) -> FiringBatch:
    """Plan due tasks in order until they have become `max_runs` runs. `open_runs` are those of each task, by its ID."""
    batch, planned = FiringBatch(), 0
    for index, task in enumerate(tasks):
        if max_runs is not None and planned >= max_runs:
            batch.postponed = tasks[index:]
            break
        if task["next_run_at"] is None or task["next_run_at"] > now:
            continue  # the clock was set back in the meantime
        try:
            batch.firings.append(plan_firing(task, now, open_runs.get(task["_id"], []), max_open))
            planned += len(batch.firings[-1].runs)
        except Exception as error:
            log.error(
                "task is invalid and was paused", task_id=to_global_id("Task", task["_id"]), error=repr(error)[:300]
            )
            batch.unreadable.append(task)
    return batch


def pause_unreadable(task: TaskDocument, now: datetime) -> UpdateOne:
    """Build the update that pauses an unreadable task until its owner edits it."""
    version = task["version"]
    changes: TaskChanges = {
        "hold": Hold.PAUSED, "pause_reason": PauseReason.UNREADABLE, "next_run_at": None,
        "self_pause": {"run": None, "failures": 0, "at": now, "is_told": False},
        "version": version + 1, "updated_at": now, "reconcile": True,
    }  # fmt: skip
    return change_task(task["_id"], has_value("version", version), changes)
