"""What a due task becomes: its runs, its next due time, and what is seen of it. Pure.

Misfire and overlap are decided here and end as runs with a reason. APScheduler's own coalesce, misfire grace and
max_instances would drop due times unseen.
"""

from dataclasses import dataclass, field
from datetime import datetime

from pymongo import UpdateOne

from tocsin import schedules, telemetry
from tocsin.clock import epoch_milliseconds
from tocsin.documents import Doc, Hold, Overlap, RunReason, RunStatus, TaskStatus, Trigger, global_id, shown_status
from tocsin.documents.updates import (
    Expression,
    Pipeline,
    both,
    change_task,
    equals,
    own_run,
    task_change,
    with_active,
)
from tocsin.tasks.triggering import new_run

Entry = dict[str, str]
_Item = schedules.Gap | datetime | Doc
MOST_OPEN = 100
"""Scheduled runs of one task that may be open at once, unless another number is set: its document names them all."""
log = telemetry.logger(__name__)
_NEVER_OPEN = (RunStatus.MISSED.value, RunStatus.SKIPPED.value)
_UNBORN = {"open": False, "rank": None, "ready_at": None, "queued_at": None}


@dataclass(slots=True)
class Firing:
    """One due task and the runs it becomes, in the order of their due times. `due` is the `next_run_at` it was found
    with.

    The first `written` of the runs are stored. `adopted` are those of them that existed already: a crash or another
    scheduler was between them and the advance. `active` are the task's runs that were open before, `most_open` is how
    many of its runs may be.
    """

    task: Doc
    due: datetime
    now: datetime
    runs: list[Doc] = field(default_factory=list)
    last_due_at: datetime | None = None
    next_run_at: datetime | None = None
    adopted: list[Doc] = field(default_factory=list)
    written: int = 0
    active: list[Entry] = field(default_factory=list)
    most_open: int = MOST_OPEN

    def claimable(self) -> list[Doc]:
        """The runs that a worker may have at once."""
        return [run for run in self.runs if run["status"] == RunStatus.QUEUED.value and not run.get("blocked")]

    def advance(self) -> tuple[str, "Advance"]:
        """The task's id, and how it moves on."""
        made = tuple(self._named(run) for run in self.runs if run["status"] != RunStatus.SKIPPED.value)
        active = tuple(self._named(run) for run in self.runs if self._counts(run))
        step = Advance(self.due, self.task["version"], self.next_run_at, self.last_due_at, made[-1:], active)
        return self.task["_id"], step

    def _named(self, run: Doc) -> "Named":
        return run["_id"][len(self.task["_id"]) :], shown_status(run)

    def _counts(self, run: Doc) -> bool:
        """Open, or made before and ended before the task moved on, so that its end is still to be counted there."""
        return bool(run["open"]) or (run in self.adopted and run["status"] not in _NEVER_OPEN)


Named = tuple[str, RunStatus]
"""What a run's id adds to its task's, and the run's state."""


@dataclass(frozen=True, slots=True)
class Advance:
    """A task moves on to its next due time, unless it was edited or moved on by another meanwhile.

    `last` is the newest of the runs that were made of it, if any; `active` are those that are not settled.
    """

    due: datetime
    version: int
    next_run_at: datetime | None
    last_due_at: datetime | None
    last: tuple[Named, ...]
    active: tuple[Named, ...]

    def pipeline(self) -> Pipeline:
        """The change of the task."""
        changes: Doc = {"next_run_at": self.next_run_at, "last_due_at": self.last_due_at}
        computed: dict[str, Expression] = {}
        if self.active:
            computed["active"] = with_active([(own_run(suffix), status) for suffix, status in self.active])
        for suffix, status in self.last:
            computed["last_run"] = own_run(suffix)
            if status is RunStatus.MISSED:
                changes["last_end"] = TaskStatus.FAILED.value
        unmoved = both(equals("next_run_at", self.due), equals("version", self.version))
        return task_change(unmoved, changes, computed)


def run_id(task_id: str, due_at: datetime) -> str:
    """The id of the run of this task at this due time: the same whoever derives it, so that it is made once."""
    return f"{task_id}:{epoch_milliseconds(due_at)}"


def fire(task: Doc, now: datetime, active: list[Entry], most_open: int = MOST_OPEN) -> Firing:
    """The runs of a due task. `active` are its runs that are open at this moment, as {"run", "status"}."""
    firing = Firing(task, task["next_run_at"], now, active=active, most_open=most_open)
    _plan(firing, firing.due, [])
    return firing


def due_behind(firing: Firing, run: Doc) -> datetime | None:
    """The first due time that is behind those of a stored run, if it has come already."""
    due = schedules.next_due(schedules.from_document(firing.task["schedule"]), last_due_of(run))
    return due if due is not None and due <= firing.now else None


def last_due_of(run: Doc) -> datetime:
    """The last of the due times that a run stands for: its own, unless it is of a gap."""
    last: datetime = run.get("missed_until") or run["due_at"]
    return last


def plan_anew(firing: Firing, existing: Doc, known: list[Doc]) -> None:
    """Where the next run was to be written one exists, and it is the truth: plan only what is due behind it.

    `known` are the runs of the task that exist behind that one.
    """
    firing.runs = [*firing.runs[: firing.written], existing]
    firing.adopted.append(existing)
    firing.written += 1
    due = due_behind(firing, existing)
    if due is not None:
        _plan(firing, due, known)
    last = max(last_due_of(run) for run in firing.runs)
    schedule = schedules.from_document(firing.task["schedule"])
    firing.last_due_at, firing.next_run_at = last, schedules.next_due(schedule, max(last, firing.now))


def _plan(firing: Firing, due: datetime, known: list[Doc]) -> None:
    """Add what becomes of the due times from `due` to now, beside the `known` runs, which exist."""
    task, now = firing.task, firing.now
    schedule, misfire = schedules.from_document(task["schedule"]), schedules.Misfire.from_document(task["misfire"])
    plan = schedules.plan_due(schedule, due, now, misfire)
    runs, gaps = schedules.leave_out(schedule, plan, [(run["due_at"], last_due_of(run)) for run in known])
    catching_up = misfire.policy is schedules.MisfirePolicy.RUN_ALL and now - due > misfire.grace
    most_open = max(firing.most_open, misfire.max_runs) if catching_up else firing.most_open
    busy = [*firing.active, *(_entry(run) for run in firing.runs if run["open"])]
    items: list[_Item] = [*gaps, *runs, *known]
    for item in sorted(items, key=_first_due) if known else items:
        if isinstance(item, schedules.Gap):
            run = _missed(task, item, now)
        elif isinstance(item, datetime):
            run = _born(task, item, now, busy, most_open, catching_up=catching_up)
        else:
            run = item
        firing.runs.append(run)
        if run["open"]:
            busy.append(_entry(run))
    firing.last_due_at, firing.next_run_at = last_due_of(firing.runs[-1]), plan.next_due


def _first_due(item: _Item) -> datetime:
    if isinstance(item, schedules.Gap):
        return item.first
    first: datetime = item if isinstance(item, datetime) else item["due_at"]
    return first


def _entry(run: Doc) -> Entry:
    return {"run": run["_id"], "status": run["status"]}


@dataclass(slots=True)
class Fired:
    """What became of due tasks: their firings; those that cannot be read (their time zone has vanished, say); and
    those that are left for later, because the others became many runs.
    """

    firings: list[Firing] = field(default_factory=list)
    unreadable: list[Doc] = field(default_factory=list)
    left: list[Doc] = field(default_factory=list)


def fire_all(
    tasks: list[Doc],
    now: datetime,
    active: dict[str, list[Entry]],
    *,
    most_runs: int | None = None,
    most_open: int = MOST_OPEN,
) -> Fired:
    """Fire due tasks one after the other, until they have become `most_runs` runs."""
    fired, made = Fired(), 0
    for index, task in enumerate(tasks):
        if most_runs is not None and made >= most_runs:
            fired.left = tasks[index:]
            break
        if task["next_run_at"] > now:
            continue  # the clock was set back since it was found
        try:
            fired.firings.append(fire(task, now, active.get(task["_id"], []), most_open))
            made += len(fired.firings[-1].runs)
        except Exception as error:
            log.error(
                "a task cannot be read and is paused", task_id=global_id("Task", task["_id"]), error=repr(error)[:300]
            )
            fired.unreadable.append(task)
    return fired


def pause(task: Doc, now: datetime) -> UpdateOne:
    """The update that takes a task which cannot be read out of everybody's way, until its owner edits it."""
    changes = {"hold": Hold.PAUSED.value, "next_run_at": None, "version": task["version"] + 1, "updated_at": now}
    return change_task(task["_id"], equals("version", task["version"]), changes | {"reconcile": True})


def _born(task: Doc, due_at: datetime, now: datetime, busy: list[Entry], most_open: int, *, catching_up: bool) -> Doc:
    run = new_run(task, run_id(task["_id"], due_at), due_at, Trigger.SCHEDULE, now)
    overlap = Overlap(task["overlap"])
    if len(busy) >= most_open:
        return _skipped(run, RunReason.OVERLAP_LIMIT if overlap is Overlap.ALLOW else RunReason.OVERLAP, now)
    if not busy or overlap is Overlap.ALLOW:
        return run
    waits = any(entry["status"] == RunStatus.QUEUED.value for entry in busy)
    if catching_up or (overlap is Overlap.QUEUE and not waits):  # a catch-up goes one by one, and skips nothing
        return run | {"rank": None, "ready_at": None, "blocked": True, "after": busy[-1]["run"]}
    return _skipped(run, RunReason.OVERLAP, now)


def _skipped(run: Doc, reason: RunReason, now: datetime) -> Doc:
    return run | _UNBORN | {"status": RunStatus.SKIPPED.value, "reason": reason.value, "finished_at": now}


def _missed(task: Doc, gap: schedules.Gap, now: datetime) -> Doc:
    run = new_run(task, run_id(task["_id"], gap.first), gap.first, Trigger.SCHEDULE, now)
    missed = {"status": RunStatus.MISSED.value, "reason": RunReason.MISFIRE.value, "finished_at": now}
    return run | _UNBORN | missed | {"missed_until": gap.until, "missed_count": gap.count}
