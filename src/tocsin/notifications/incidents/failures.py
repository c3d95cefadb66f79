"""The failures of runs, in the form in which alerts keep them. Pure."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.documents import (
    AlertDocument,
    AlertSubject,
    DeliveryAboutDocument,
    ErrorKind,
    FailureDocument,
    IncidentSubjectDocument,
    RunDocument,
    WorkflowRunDocument,
    owner_of,
)
from tocsin.documents.incident_states import FAILED
from tocsin.notifications.events import EventKind
from tocsin.notifications.excerpts import ErrorExcerpt
from tocsin.notifications.pages import run_page_path
from tocsin.notifications.run_events import TaskFailure, WorkflowFailure, failure_stage


@dataclass(frozen=True, slots=True)
class AlertFailure:
    """A failure of a task or workflow (the subject), and the number of the alert that it belongs to."""

    subject_type: AlertSubject
    subject: str
    number: int
    priority: int
    host: str | None
    failure: FailureDocument

    @property
    def alert_id(self) -> str:
        """The ID of the alert."""
        return f"{self.subject}:{self.number}"

    def new_alert(self) -> AlertDocument:
        """Return the alert that begins with this failure."""
        failure = self.failure
        has_failed = failure["stage"] == FAILED
        return {
            "_id": self.alert_id,
            "owner": owner_of(self.subject),
            "subject_type": self.subject_type,
            "subject": self.subject,
            "number": self.number,
            "name": failure["name"],
            "priority": self.priority,
            "host": self.host,
            "opened_at": failure["at"],
            "last_failure_at": failure["at"],
            "last_due_at": failure["due_at"],
            "stage": failure["stage"],
            "failed_runs": [failure["run"]] if has_failed else [],
            "failures": int(has_failed),
            "failure": failure,
            "open": True,
            "ended_at": None,
            "ending": None,
            "incident": None,
            "pending": True,
            "rev": 1,
        }


@dataclass(frozen=True, slots=True)
class Success:
    """A scheduled run of a task or workflow (the subject) that succeeded."""

    subject: str
    due_at: datetime
    at: datetime


def task_failure(run: RunDocument) -> AlertFailure:
    """Return the failure of a scheduled run of a task that waits for its retry or has failed."""
    event = TaskFailure.from_run(run)
    failure: FailureDocument = {
        "run": run["_id"],
        "stage": failure_stage(run),
        "at": event.at,
        "name": event.task_name,
        "called": event.called,
        "steps": [],
        "error": {"kind": event.error.kind, "message": event.error.message, "hint": event.error.hint},
        "attempts": event.attempts,
        "due_at": event.due_at,
        "retry_at": event.retry_at,
        "reason": event.reason,
        "status_code": event.status_code,
    }
    priority = run.get("priority") or 0
    return AlertFailure(AlertSubject.TASK, run["task"], run["incident"] or 0, priority, run.get("host"), failure)


def workflow_failure(
    event: WorkflowFailure, workflow_run: WorkflowRunDocument, step_run: RunDocument | None
) -> AlertFailure:
    """Return the failure of a scheduled workflow. `step_run` is the run of the step that failed, if that is known."""
    last = step_run["attempts"][-1] if step_run is not None and step_run["attempts"] else None
    host = None if step_run is None else step_run.get("host")
    failure: FailureDocument = {
        "run": workflow_run["_id"],
        "stage": event.about["stage"],
        "at": event.at,
        "name": event.workflow_name,
        "called": None,
        "steps": list(event.steps),
        "error": {"kind": event.error.kind, "message": event.error.message, "hint": event.error.hint},
        "attempts": event.attempts,
        "due_at": event.due_at,
        "retry_at": event.retry_at,
        "reason": event.reason,
        "status_code": event.status_code or (last.get("status_code") if last else None),
    }
    return AlertFailure(AlertSubject.WORKFLOW, event.about["id"], event.about["incident"], 0, host, failure)


def restore_error(failure: FailureDocument) -> ErrorExcerpt:
    """Return the error of a failure."""
    error = failure["error"]
    kind = error["kind"]
    return ErrorExcerpt(error["message"], error["hint"], None if kind is None else ErrorKind(kind))


def restore_event(
    subject: IncidentSubjectDocument,
    kind: EventKind,
    event_id: str,
    about: DeliveryAboutDocument,
    next_due: datetime | None = None,
) -> TaskFailure | WorkflowFailure:
    """Return the event of the failure of one task or workflow."""
    failure = subject["failure"]
    owner, page = owner_of(subject["subject"]), run_page_path(failure["run"])
    if subject["subject_type"] == AlertSubject.WORKFLOW:
        return WorkflowFailure(
            kind=kind,
            id=event_id,
            owner=owner,
            at=failure["at"],
            run=failure["run"],
            about=about,
            page=page,
            workflow_name=failure["name"],
            steps=failure["steps"],
            error=restore_error(failure),
            due_at=failure["due_at"],
            retry_at=failure["retry_at"],
            attempts=failure["attempts"],
            reason=failure["reason"],
            status_code=failure["status_code"],
        )
    return TaskFailure(
        kind=kind,
        id=event_id,
        owner=owner,
        at=failure["at"],
        run=failure["run"],
        about=about,
        page=page,
        task_name=failure["name"],
        called=failure["called"] or "",
        error=restore_error(failure),
        attempts=failure["attempts"],
        due_at=failure["due_at"],
        retry_at=failure["retry_at"],
        next_due=next_due,
        reason=failure["reason"],
        status_code=failure["status_code"],
    )
