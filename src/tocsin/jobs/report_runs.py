"""What became of an owner's runs in a period: as the report job reads them, and in figures."""

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from tocsin.documents import Database, Doc, RunStatus, global_id, owner_of

MOST_COUNTED = 50_000
"""Runs that one report counts; a longer period asks for a report of a shorter one."""
MOST_SHOWN = 1_000
_AT_ONCE = 500
"""Runs that are read at once: the loop has other things to do."""
_FIELDS = ("task", "task_name", "status", "trigger", "due_at", "started_at", "finished_at", "attempts.number", "error")


@dataclass(frozen=True, slots=True)
class RunsSummary:
    """The `figures` of all runs, and those of each of the `tasks`; the latest runs are `shown`.

    Figures are `runs`, `byStatus`, `successRate` (of those that completed or failed, 0 to 1; null if there are none)
    and `seconds` (`p50` and `p95`). Each run that is shown has `runId`, `taskId`, `taskName`, `status`, `dueAt`,
    `seconds` (from the first attempt's start to the end; null while it is open), `attempts` and `error`.
    """

    figures: dict[str, Any]
    tasks: list[dict[str, Any]]
    shown: list[dict[str, Any]]


class RunsQuery(Protocol):
    """The runs of an owner."""

    async def summarize(
        self, owner: str, start: datetime, end: datetime, task_id: str | None = None, most: int = MOST_COUNTED
    ) -> RunsSummary | None:
        """Count the runs that were due from `start` until before `end`; None if there are more than `most`.

        Another owner's task has none.
        """
        ...


@dataclass(slots=True)
class Tally:
    """Runs as they are counted: nothing is kept of each but how long it took."""

    name: str = ""
    by_status: Counter[str] = field(default_factory=Counter)
    seconds: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, run: dict[str, Any]) -> None:
        """Count a run as it is shown."""
        self.by_status[run["status"]] += 1
        if run["seconds"] is not None:
            self.seconds.append(run["seconds"])

    def figures(self) -> dict[str, Any]:
        """As RunsSummary has them."""
        counts, seconds = self.by_status, sorted(self.seconds)
        ended = counts[RunStatus.COMPLETED.value] + counts[RunStatus.FAILED.value]
        return {
            "runs": counts.total(),
            "byStatus": dict(sorted((status, count) for status, count in counts.items() if count)),
            "successRate": round(counts[RunStatus.COMPLETED.value] / ended, 4) if ended else None,
            "seconds": {"p50": percentile(seconds, 50), "p95": percentile(seconds, 95)},
        }

    def as_row(self) -> dict[str, Any]:
        """As a task's row in a table."""
        found = self.figures()
        return {
            "task": self.name,
            "runs": found["runs"],
            "successRate": found["successRate"],
            "p50Seconds": found["seconds"]["p50"],
            "p95Seconds": found["seconds"]["p95"],
        }


@dataclass(frozen=True, slots=True)
class RunHistory:
    """Reads them from the database."""

    database: Database

    async def summarize(
        self, owner: str, start: datetime, end: datetime, task_id: str | None = None, most: int = MOST_COUNTED
    ) -> RunsSummary | None:
        """See RunsQuery."""
        whole, tasks, shown = Tally(), dict[str, Tally](), list[dict[str, Any]]()
        if task_id is None or owner_of(task_id) == owner:
            whose = {"owner": owner} if task_id is None else {"task": task_id}
            query = {**whose, "due_at": {"$gte": start, "$lt": end}}
            found = self.database.runs.find(query, dict.fromkeys(_FIELDS, 1), batch_size=_AT_ONCE)
            async for document in found.sort("due_at", -1).limit(most + 1):
                run = _shown(document)
                whole.add(run)
                tasks.setdefault(run["taskId"], Tally(run["taskName"])).add(run)
                shown += [run] if len(shown) < MOST_SHOWN else []
        if whole.by_status.total() > most:
            return None
        rows = [tally.as_row() for tally in sorted(tasks.values(), key=lambda tally: tally.name)]
        return RunsSummary(whole.figures(), rows, shown)


def _shown(run: Doc) -> dict[str, Any]:
    started, finished = run.get("started_at"), run.get("finished_at")
    return {
        "runId": global_id("Run", run["_id"]),
        "taskId": global_id("Task", run["task"]),
        "taskName": run["task_name"],
        "status": run["status"],
        "dueAt": run["due_at"].isoformat(timespec="seconds").replace("+00:00", "Z"),
        "seconds": round((finished - started).total_seconds(), 3) if started and finished else None,
        "attempts": len(run["attempts"]),
        "error": (run.get("error") or {}).get("message"),
    }


def percentile(times: Sequence[float], rank: int) -> float | None:
    """How many seconds `rank` percent of sorted times took at most (nearest rank); None without any."""
    return times[-(-len(times) * rank // 100) - 1] if times else None
