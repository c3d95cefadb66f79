"""What is counted of the ends of runs. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from tocsin.clock import EPOCH, MILLISECOND, epoch_milliseconds
from tocsin.documents import SETTLED_STATUSES, OutcomeDocument, RunDocument, RunStatus, Trigger, parent_of
from tocsin.statistics.histogram import bin_of

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
END_PROJECTION = {
    "_id": 1, "owner": 1, "task_name": 1, "trigger": 1, "status": 1, "reason": 1, "due_at": 1, "queue": 1, "round": 1,
    "interval_ms": 1, "started_at": 1, "finished_at": 1, "attempts.started_at": 1, "attempts.finished_at": 1,
}  # fmt: skip
"""The fields of a run that `find_end` reads."""
_DEFAULT_QUEUE = "default"


class RunEnd(NamedTuple):
    """The end of a run, as it is counted.

    `group` is the scope of its task or workflow; None for a task that is due once, of which nothing is added up.
    `duration` is that of its last attempt, `lateness` the time from when it was due to its first attempt, both in
    milliseconds; None if there was no attempt. A run that completed or failed has both.
    """

    run_id: str
    owner: str
    queue: str
    group: str | None
    status: str
    due_ms: int
    ended_ms: int
    duration: int | None
    lateness: int | None

    @property
    def hour(self) -> int:
        """The number of the hour since 1970 in which it was due."""
        return self.due_ms // HOUR_MS

    def to_outcome(self) -> OutcomeDocument:
        """Return it as it is stored among the outcomes of a task."""
        return {"r": self.run_id, "s": self.status, "d": self.due_ms, "e": self.ended_ms, "m": self.duration}


def find_end(run: RunDocument) -> RunEnd | None:
    """Return the end of a run; None while it is open."""
    if run["status"] not in SETTLED_STATUSES:
        return None
    due_at, finished_at = run["due_at"], run.get("finished_at")
    ended_ms = epoch_milliseconds(finished_at or due_at)
    duration, lateness = None, None
    if (started_at := run.get("started_at")) and run["status"] in (RunStatus.COMPLETED, RunStatus.FAILED):
        lateness = max((started_at - due_at) // MILLISECOND, 0)
        last = run["attempts"][-1] if run["attempts"] else None
        if last is not None and (end := last.get("finished_at")) is not None:
            duration = max((end - last["started_at"]) // MILLISECOND, 0)
    queue = run.get("queue") or _DEFAULT_QUEUE
    due_ms = epoch_milliseconds(due_at)
    return RunEnd(
        run["_id"], run["owner"], queue, _group_of(run), str(run["status"]), due_ms, ended_ms, duration, lateness
    )


def _group_of(run: RunDocument) -> str | None:
    if run["trigger"] == Trigger.WORKFLOW:
        return workflow_scope(run["task_name"].rpartition(" / ")[0])
    return None if run.get("interval_ms") is None else task_scope(parent_of(run["_id"]))


ALL = "-"
"""The scope of all runs of an owner."""


def task_scope(task_id: str) -> str:
    """Return the scope of the runs of a task."""
    return "t:" + task_id.partition("/")[2]


def workflow_scope(name: str) -> str:
    """Return the scope of the runs of the steps of a workflow."""
    return "w:" + name


def queue_scope(name: str) -> str:
    """Return the scope of an owner's runs in a queue."""
    return "q:" + name


@dataclass(slots=True)
class Tally:
    """Runs by status, and the histograms of their durations and lateness."""

    statuses: Counter[str] = field(default_factory=Counter)
    durations: Counter[int] = field(default_factory=Counter)
    lateness: Counter[int] = field(default_factory=Counter)

    def add(self, end: RunEnd, times: int = 1) -> None:
        """Count an end, or take it back with -1."""
        self.statuses[end.status] += times
        if end.duration is not None:
            self.durations[bin_of(end.duration)] += times
        if end.lateness is not None:
            self.lateness[bin_of(end.lateness)] += times

    def merge(self, other: "Tally") -> None:
        """Add another tally."""
        self.statuses.update(other.statuses)
        self.durations.update(other.durations)
        self.lateness.update(other.lateness)

    def add_stored(self, cell: Mapping[str, Mapping[str, int]]) -> None:
        """Add a stored tally. Much faster than `merge`: the longest query adds 9,600."""
        for status, count in cell.get("n", {}).items():
            self.statuses[status] += count
        for name, part in (("d", self.durations), ("l", self.lateness)):
            for key, count in cell.get(name, {}).items():
                number = int(key)
                part[number] = part.get(number, 0) + count

    def parts(self) -> Iterable[tuple[str, Counter[Any]]]:
        """Return the parts with the names under which they are stored."""
        return (("n", self.statuses), ("d", self.durations), ("l", self.lateness))

    def to_stored(self) -> dict[str, dict[str, int]]:
        """Return the tally as it is stored."""
        return {
            name: {str(key): count for key, count in part.items() if count > 0} for name, part in self.parts() if part
        }


def merge_tallies(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of these tallies."""
    total = Tally()
    for tally in tallies:
        total.merge(tally)
    return total


def moment_of(milliseconds: int) -> datetime:
    """Return the time that is so many milliseconds after 1970."""
    return EPOCH + milliseconds * MILLISECOND
