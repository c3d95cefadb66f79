"""Runs, attempts and events, for tests of events and of the texts about them."""

from datetime import UTC, datetime, timedelta
from typing import Any

DUE = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ENDED = DUE + timedelta(seconds=11)
RETRY_AT = ENDED + timedelta(hours=1)
RUN: Any = {
    "_id": "u1/t1:1795338000000",
    "owner": "u1",
    "task": "u1/t1",
    "task_name": "Nightly backup",
    "due_at": DUE,
    "finished_at": None,
    "incident": 3,
    "job": {"kind": "http", "params": {"method": "POST", "url": "https://api.example.org/backup"}},
    "reason": None,
    "error": None,
    "attempts": [],
}
ATTEMPT: Any = {
    "number": 1,
    "started_at": DUE,
    "finished_at": ENDED,
    "worker": "w1",
    "outcome": "FAILED",
    "request": {"method": "POST", "url": "https://api.example.org/backup"},
    "status_code": 503,
    "error": {
        "kind": "HTTP_STATUS",
        "message": "The server answered 503 Service Unavailable.",
        "hint": "It asks to be left alone for a while: see whether it is being serviced, or is short of memory.",
    },
}
WORKFLOW_RUN: Any = {
    "_id": "u1/w1-1795338000000",
    "owner": "u1",
    "workflow": "u1/1",
    "name": "Invoices",
    "due_at": DUE,
    "finished_at": ENDED,
    "incident": 2,
    "reason": None,
    "error": {"kind": "HTTP_STATUS", "message": "The server answered 500.", "hint": None},
}


def retried_run(**changes: Any) -> Any:
    """Return a run whose first attempt failed, and that is to be retried."""
    return {**RUN, "status": "RETRY", "attempts": [ATTEMPT], "retry_at": RETRY_AT, **changes}


def failed_run(**changes: Any) -> Any:
    """Return a run that has failed for good."""
    return {**RUN, "status": "FAILED", "attempts": [ATTEMPT], "retry_at": RETRY_AT, **changes}


def retried_step_run(**changes: Any) -> Any:
    """Return the run of a workflow step that is to be retried."""
    return retried_run(_id=f"{WORKFLOW_RUN['_id']}:fetch", **changes)


def failed_workflow_run(**changes: Any) -> Any:
    """Return a scheduled workflow run that has failed."""
    return {**WORKFLOW_RUN, "status": "FAILED", **changes}
