"""Statistics of an owner's runs in a time range, for the report job."""

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypedDict

from tocsin.documents import Database, RunDocument, RunStatus, owner_of, to_global_id

MAX_COUNTED_RUNS = 50_000
"""The limit of runs that one report counts."""
MAX_LISTED_RUNS = 1_000
_BATCH_SIZE = 500
"""Runs read per batch, so that the event loop isn't blocked."""
_FIELDS = ("task", "task_name", "status", "trigger", "due_at", "started_at", "finished_at", "attempts.number", "error")


class Percentiles(TypedDict):
    """Percentiles of durations in seconds; null without any."""

    p50: float | None
    p95: float | None


class RunTotals(TypedDict):
    """The figures of all runs. `successRate` is the share of the completed ones among the completed and failed ones."""

    runs: int
    byStatus: dict[str, int]
    successRate: float | None
    seconds: Percentiles


class TaskFigures(TypedDict):
    """The figures of the runs of one task, as in RunTotals. `task` is its name."""

    task: str
    runs: int
    successRate: float | None
    p50Seconds: float | None
    p95Seconds: float | None


class ListedRun(TypedDict):
    """A run in a report. `seconds` count from the start of the first attempt to the end; null while the run is open."""

    runId: str
    taskId: str
    taskName: str
    status: str
    dueAt: str
    seconds: float | None
    attempts: int
    error: str | None


@dataclass(frozen=True, slots=True)
class RunsSummary:
    """The figures of all runs and of each task, and the latest runs."""

    totals: RunTotals
    tasks: list[TaskFigures]
    listed_runs: list[ListedRun]


class RunsQuery(Protocol):
    """Access to statistics of runs."""

    async def summarize_runs(
        self, owner: str, start: datetime, end: datetime, task_id: str | None = None, most: int = MAX_COUNTED_RUNS
    ) -> RunsSummary | None:
        """Summarize the runs due from `start` until before `end`; None if there are more than `most`.

        A task of another owner has no runs.
        """
        ...


@dataclass(slots=True)
class RunStatistics:
    """Running statistics, which keep only the duration of each run."""

    name: str = ""
    by_status: Counter[str] = field(default_factory=Counter)
    seconds: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, run: ListedRun) -> None:
        """Count a run."""
        self.by_status[run["status"]] += 1
        if run["seconds"] is not None:
            self.seconds.append(run["seconds"])

    def compute_totals(self) -> RunTotals:
        """Return the figures."""
        counts, seconds = self.by_status, sorted(self.seconds)
        ended = counts[RunStatus.COMPLETED.value] + counts[RunStatus.FAILED.value]
        return {
            "runs": counts.total(),
            "byStatus": dict(sorted((status, count) for status, count in counts.items() if count)),
            "successRate": round(counts[RunStatus.COMPLETED.value] / ended, 4) if ended else None,
            "seconds": {"p50": find_percentile(seconds, 50), "p95": find_percentile(seconds, 95)},
        }

    def to_row(self) -> TaskFigures:
        """Return the figures as the row of a task in a table."""
        found = self.compute_totals()
        return {
            "task": self.name,
            "runs": found["runs"],
            "successRate": found["successRate"],
            "p50Seconds": found["seconds"]["p50"],
            "p95Seconds": found["seconds"]["p95"],
        }


@dataclass(frozen=True, slots=True)
class RunHistory:
    """Statistics of the runs in the database."""

    database: Database

    async def summarize_runs(
        self, owner: str, start: datetime, end: datetime, task_id: str | None = None, most: int = MAX_COUNTED_RUNS
    ) -> RunsSummary | None:
        """Summarize the runs, as described in RunsQuery."""
        whole, tasks, shown = RunStatistics(), dict[str, RunStatistics](), list[ListedRun]()
        if task_id is None or owner_of(task_id) == owner:
            whose = {"owner": owner} if task_id is None else {"task": task_id}
            query = {**whose, "due_at": {"$gte": start, "$lt": end}}
            found = self.database.runs.find(query, dict.fromkeys(_FIELDS, 1), batch_size=_BATCH_SIZE)
            async for document in found.sort("due_at", -1).limit(most + 1):
                run = _describe_run(document)
                whole.add(run)
                tasks.setdefault(run["taskId"], RunStatistics(run["taskName"])).add(run)
                shown += [run] if len(shown) < MAX_LISTED_RUNS else []
        if whole.by_status.total() > most:
            return None
        rows = [tally.to_row() for tally in sorted(tasks.values(), key=lambda tally: tally.name)]
        return RunsSummary(whole.compute_totals(), rows, shown)


def _describe_run(run: RunDocument) -> ListedRun:
    started, finished = run.get("started_at"), run.get("finished_at")
    return {
        "runId": to_global_id("Run", run["_id"]),
        "taskId": to_global_id("Task", run["task"]),
        "taskName": run["task_name"],
        "status": run["status"],
        "dueAt": run["due_at"].isoformat(timespec="seconds").replace("+00:00", "Z"),
        "seconds": round((finished - started).total_seconds(), 3) if started and finished else None,
        "attempts": len(run["attempts"]),
        "error": error["message"] if (error := run.get("error")) else None,
    }


def find_percentile(times: Sequence[float], rank: int) -> float | None:
    """Return the percentile `rank` of sorted times (nearest rank); None without any."""
    return times[-(-len(times) * rank // 100) - 1] if times else None
