"""Incidents and their subjects, for tests of decisions, events and texts."""

from datetime import timedelta
from typing import Any

from tests.notifications.samples import DUE, ENDED

HOST_INCIDENT = "u1/host-CONNECT-0123456789abcdef:4"


def subject(name: str = "Nightly backup", **changes: Any) -> Any:
    """Return a task of an incident."""
    failure = {
        "run": f"u1/{name}:1", "stage": 1, "at": ENDED, "name": name, "called": "GET https://api.example.org/backup",
        "steps": [], "attempts": 3, "due_at": DUE, "retry_at": None, "reason": "RETRIES_USED_UP", "status_code": None,
        "error": {"kind": "CONNECT", "message": "api.example.org refused the connection.", "hint": "Start it."},
    }  # fmt: skip
    return {"subject_type": "Task", "subject": f"u1/{name}", "failure": failure, "next_due": None, **changes}


def workflow_subject() -> Any:
    """Return a workflow of an incident."""
    task = subject("Invoices")
    failure = {**task["failure"], "run": "u1/w1-1", "called": None, "steps": ["fetch"]}
    return {**task, "subject_type": "Workflow", "subject": "u1/1", "failure": failure}


def incident(**changes: Any) -> Any:
    """Return an open incident of a host, of which nothing was told."""
    return {
        "_id": HOST_INCIDENT, "owner": "u1", "cause": "HOST", "cause_key": HOST_INCIDENT.rpartition(":")[0],
        "latest": True, "host": "api.example.org:443", "error_kind": "CONNECT", "opened_at": ENDED, "began_at": ENDED,
        "reopened": 0, "sequence": 4, "open": True, "over_at": None, "acknowledged_at": None, "stage": 1,
        "recovered": False, "last_failure_at": ENDED, "tell_at": ENDED, "escalate_at": ENDED, "check_at": ENDED,
        "told": [], "told_at": [], "reminders": 0, "untold": None, "untold_at": ENDED + timedelta(seconds=10),
        "subjects": [subject()], "subject_count": 1, "events": [], "pending": True, "handle_at": ENDED, "rev": 1,
        **changes,
    }  # fmt: skip


def several(count: int = 12, **changes: Any) -> Any:
    """Return an incident of several tasks, the two most important of which are named."""
    return incident(**{"subjects": [subject(), subject("Ping")], "subject_count": count, **changes})
