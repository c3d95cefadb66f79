"""Log lines of tasks and runs: one for each change, with the IDs of the API.

Changes and failures are logged as INFO; expected events, such as new runs and successful attempts, as DEBUG.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tocsin import telemetry
from tocsin.documents import SETTLED_STATUSES, AttemptDocument, RunDocument, RunStatus, run_log_ids, to_global_id

MAX_LINES_PER_OWNER = 20
"""Maximum number of lines for runs of one owner that were skipped, missed or cancelled together."""
log = telemetry.get_logger(__name__)
_EXPECTED_STATUSES = frozenset({RunStatus.QUEUED, RunStatus.RUNNING})
_NAMED_STATUSES = SETTLED_STATUSES | {RunStatus.WAITING}


def log_task_created(task_id: str, owner: str, next_run_at: datetime | None) -> None:
    """Log a new task and its first due time."""
    log_task("task created", task_id, owner, next_run_at=next_run_at and next_run_at.isoformat())


def log_task(event: str, task_id: str, owner: str, **details: Any) -> None:
    """Log a change of a task."""
    log.info(event, task_id=to_global_id("Task", task_id), user_id=to_global_id("User", owner), **details)


def log_run(event: str, run_id: str) -> None:
    """Log a user's request for a run."""
    log.info(event, **run_log_ids(run_id))


def log_new_runs(runs: Iterable[RunDocument]) -> None:
    """Log new runs. Skipped and missed ones are logged with their reason, up to a maximum for each owner."""
    debug, counts = telemetry.is_debug_enabled(), Counter[str]()
    for run in runs:
        if run["status"] not in _EXPECTED_STATUSES:
            counts[run["owner"]] += 1
            if counts[run["owner"]] <= MAX_LINES_PER_OWNER:
                event = "run skipped" if run["status"] == RunStatus.SKIPPED else "run missed"
                log.info(event, **run_log_ids(run["_id"]), **_due_field(run), reason=run["reason"])
        elif debug:
            log.debug("run made", **run_log_ids(run["_id"]), **_due_field(run))
    _log_rest("more runs skipped or missed", counts)


def log_run_outcomes(runs: Iterable[RunDocument]) -> None:
    """Log the stored states of runs after an attempt or a cancellation.

    Cancelled runs are logged up to a maximum for each owner.
    """
    debug, counts = telemetry.is_debug_enabled(), Counter[str]()
    for run in runs:
        if run["status"] == RunStatus.CANCELLED:
            counts[run["owner"]] += 1
            if counts[run["owner"]] > MAX_LINES_PER_OWNER:
                continue
        if run["status"] != RunStatus.COMPLETED or len(run["attempts"]) > 1:
            _log_outcome(run)
        elif debug:
            log.debug("run completed", **run_log_ids(run["_id"]), status_code=run["attempts"][-1].get("status_code"))
    _log_rest("more runs cancelled", counts)


def _log_rest(event: str, counts: Counter[str]) -> None:
    for owner, count in counts.items():
        if count > MAX_LINES_PER_OWNER:
            log.info(event, user_id=to_global_id("User", owner), runs=count - MAX_LINES_PER_OWNER)


def _log_outcome(run: RunDocument) -> None:
    attempt: AttemptDocument | None = run["attempts"][-1] if run["attempts"] else None
    error = attempt and attempt.get("error")
    retry_at, status = run.get("retry_at"), run["status"]
    details = {
        "attempt": attempt and attempt["number"],
        "status_code": attempt and attempt.get("status_code"),
        "error": error and error["kind"],
        "reason": run.get("reason"),
        "retry_at": retry_at and retry_at.isoformat(),
    }
    event = f"run {status.lower()}" if status in _NAMED_STATUSES else "attempt failed"
    log.info(event, **run_log_ids(run["_id"]), **{name: value for name, value in details.items() if value is not None})


def _due_field(run: RunDocument) -> dict[str, str]:
    return {"due_at": run["due_at"].isoformat()}
