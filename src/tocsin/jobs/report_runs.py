"""What became of an owner's runs in a period: as the report job reads them, and in figures."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tocsin.documents import Database, Doc, RunStatus, global_id, owner_of

MOST_COUNTED = 50_000
"""Runs that one report counts; a longer period asks for a report of a shorter one."""
_FIELDS = ("task", "task_name", "status", "trigger", "due_at", "started_at", "finished_at", "attempts.number", "error")


class RunsQuery(Protocol):
    """The runs of an owner."""

    async def between(
        self, owner: str, start: datetime, end: datetime, task_id: str | None = None, limit: int = MOST_COUNTED
    ) -> list[dict[str, Any]]:
        """At most `limit` runs that were due from `start` until before `end`, the latest first.

        Each has `runId`, `taskId`, `taskName`, `status`, `dueAt`, `seconds` (from the first attempt's start to the
        end; null while it is open), `attempts` and `error`. Another owner's task has none.
        """
        ...


@dataclass(frozen=True, slots=True)
class RunHistory:
    """Reads them from the database."""

    database: Database

    async def between(
        self, owner: str, start: datetime, end: datetime, task_id: str | None = None, limit: int = MOST_COUNTED
    ) -> list[dict[str, Any]]:
        """See RunsQuery."""
        if task_id is not None and owner_of(task_id) != owner:
            return []
        whose = {"owner": owner} if task_id is None else {"task": task_id}
        query = {**whose, "due_at": {"$gte": start, "$lt": end}}
        found = self.database.runs.find(query, dict.fromkeys(_FIELDS, 1)).sort("due_at", -1).limit(limit)
        return [_shown(run) async for run in found]


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


def figures(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the runs come to: `runs`, `byStatus`, `successRate` (of those that completed or failed, 0 to 1; null if
    there are none), `seconds` (`p50` and `p95`).
    """
    counts = Counter(run["status"] for run in runs)
    ended = counts[RunStatus.COMPLETED.value] + counts[RunStatus.FAILED.value]
    return {
        "runs": len(runs),
        "byStatus": dict(sorted(counts.items())),
        "successRate": round(counts[RunStatus.COMPLETED.value] / ended, 4) if ended else None,
        "seconds": {"p50": percentile(runs, 50), "p95": percentile(runs, 95)},
    }


def by_task(runs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The figures of each task, by name."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault(run["taskId"], []).append(run)
    rows = [(group[0]["taskName"], figures(group)) for group in groups.values()]
    return [
        {
            "task": name,
            "runs": found["runs"],
            "successRate": found["successRate"],
            "p50Seconds": found["seconds"]["p50"],
            "p95Seconds": found["seconds"]["p95"],
        }
        for name, found in sorted(rows, key=lambda row: row[0])
    ]


def percentile(runs: Iterable[dict[str, Any]], rank: int) -> float | None:
    """How many seconds `rank` percent of the finished runs took at most (nearest rank); None without any."""
    times = sorted(run["seconds"] for run in runs if run["seconds"] is not None)
    return times[-(-len(times) * rank // 100) - 1] if times else None
