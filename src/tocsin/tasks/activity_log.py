"""The log of the work: one line for each change of a task or a run, with the ids that the API knows them by.

Changes and failures are INFO. What goes as it should, each due time and each attempt that succeeds, is DEBUG.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tocsin import telemetry
from tocsin.documents import (
    AttemptDocument,
    RunDocument,
    RunStatus,
    WorkflowDocument,
    WorkflowRunStatus,
    run_log_ids,
    to_global_id,
)
from tocsin.documents.states import SETTLED_STATUSES

MAX_LINES_PER_OWNER = 20
"""Runs of one owner that were skipped, missed or cancelled together and are named, each in a line of its own."""
log = telemetry.get_logger(__name__)
_EXPECTED = frozenset({RunStatus.QUEUED, RunStatus.RUNNING})
_EXPECTED_OF_WORKFLOWS = frozenset({WorkflowRunStatus.PENDING, WorkflowRunStatus.COMPLETED})


def log_task_created(task_id: str, owner: str, next_run_at: datetime | None) -> None:
    """Log a new task and its first due time."""
    log_task("task created", task_id, owner, next_run_at=next_run_at and next_run_at.isoformat())


def log_task(event: str, task_id: str, owner: str, **details: Any) -> None:
    """Log a change of a task."""
    log.info(event, task_id=to_global_id("Task", task_id), user_id=to_global_id("User", owner), **details)


def log_run(event: str, run_id: str) -> None:
    """Log a person's wish for a run."""
    log.info(event, **run_log_ids(run_id))


def log_workflow(event: str, workflow: WorkflowDocument, **details: Any) -> None:
    """Log a change of a workflow."""
    ids = {"workflow_id": to_global_id("Workflow", workflow["_id"]), "user_id": to_global_id("User", workflow["owner"])}
    log.info(event, **ids, **details)


def log_workflow_run(event: str, workflow_run_id: str) -> None:
    """Log a person's wish for a workflow run."""
    log.info(event, workflow_run_id=to_global_id("WorkflowRun", workflow_run_id))


def log_workflow_run_status(workflow_run_id: str, status: WorkflowRunStatus, reason: str | None = None) -> None:
    """Log that a workflow run has come into being, or has ended, in this state."""
    show = log.debug if status in _EXPECTED_OF_WORKFLOWS else log.info
    ids = {"workflow_run_id": to_global_id("WorkflowRun", workflow_run_id)}
    show(f"workflow run {status.lower()}", **ids, **({"reason": reason} if reason else {}))


def log_new_runs(runs: Iterable[RunDocument]) -> None:
    """Log runs that were just made: those that are not to run with their reason, of one owner a few of them."""
    debug, told = telemetry.is_debug_enabled(), Counter[str]()
    for run in runs:
        if run["status"] not in _EXPECTED:
            told[run["owner"]] += 1
            if told[run["owner"]] <= MAX_LINES_PER_OWNER:
                event = "run skipped" if run["status"] == RunStatus.SKIPPED else "run missed"
                log.info(event, **run_log_ids(run["_id"]), **_due(run), reason=run["reason"])
        elif debug:
            log.debug("run made", **run_log_ids(run["_id"]), **_due(run))
    _log_rest("more runs skipped or missed", told)


def log_run_outcomes(runs: Iterable[RunDocument]) -> None:
    """Log the states in which an attempt, or its owner's will, has left these runs, once they are stored.

    Of runs of one owner that are cancelled together, a few are named.
    """
    debug, told = telemetry.is_debug_enabled(), Counter[str]()
    for run in runs:
        if run["status"] == RunStatus.CANCELLED:
            told[run["owner"]] += 1
            if told[run["owner"]] > MAX_LINES_PER_OWNER:
                continue
        if run["status"] != RunStatus.COMPLETED or len(run["attempts"]) > 1:
            _log_outcome(run)
        elif debug:
            log.debug("run completed", **run_log_ids(run["_id"]), status_code=run["attempts"][-1].get("status_code"))
    _log_rest("more runs cancelled", told)


def _log_rest(event: str, told: Counter[str]) -> None:
    for owner, count in told.items():
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
    event = f"run {status.lower()}" if status in SETTLED_STATUSES else "attempt failed"
    log.info(event, **run_log_ids(run["_id"]), **{name: value for name, value in details.items() if value is not None})


def _due(run: RunDocument) -> dict[str, str]:
    return {"due_at": run["due_at"].isoformat()}
