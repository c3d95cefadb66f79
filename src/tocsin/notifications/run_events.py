"""The events of runs: tasks and workflows that fail, and workflow runs that wait for a decision. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from tocsin.clock import EPOCH
from tocsin.documents import (
    AttemptDocument,
    DeliveryAboutDocument,
    RunDocument,
    RunStatus,
    StepDocument,
    WorkflowRunDocument,
    parent_of,
    step_of,
)
from tocsin.named_secrets.references import find_marker, show_references
from tocsin.notifications.events import Event, EventKind
from tocsin.notifications.excerpts import ErrorExcerpt, excerpt_name, redact_url
from tocsin.notifications.incident_stages import name_later_stage
from tocsin.notifications.pages import run_page_path
from tocsin.outbound.mail_text import to_single_line

_KINDS = (EventKind.BEGAN_FAILING, EventKind.FAILED_FOR_GOOD)
_STAGE_NAMES = ("began", "failed")


def incident_event_id(subject: str, incident: int | None, stage: int) -> str:
    """Return the id of the event of a stage of an incident: 0 started failing, 1 failed, and those after it."""
    place = subject if incident is None else f"{subject}:{incident}"
    return f"{place}:{_STAGE_NAMES[stage] if stage < len(_STAGE_NAMES) else name_later_stage(stage)}"


def failure_stage(run: RunDocument) -> int:
    """Return the stage of its task's incident in which a failed run is, by its status: 0 to be retried, 1 failed."""
    return 0 if run["status"] == RunStatus.RETRY else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailure(Event):
    """A task has failed: its first attempt, which is retried at `retry_at` (BEGAN_FAILING), or a run for good.

    The retry is not made if `next_due` is not later.
    """

    task_name: str
    called: str
    error: ErrorExcerpt
    attempts: int
    due_at: datetime
    retry_at: datetime | None
    next_due: datetime | None
    reason: str | None
    status_code: int | None = None

    @classmethod
    def from_run(cls, run: RunDocument, next_due: datetime | None = None) -> Self:
        """Return the event of a run that waits for its retry or has failed. `next_due` is the task's next due time."""
        attempts = run.get("attempts") or []
        last = attempts[-1] if attempts else None
        stage, run_id, incident = failure_stage(run), run["_id"], run.get("incident")
        task = run.get("task") or parent_of(run_id)
        return cls(
            kind=_KINDS[stage],
            id=incident_event_id(run_id if incident is None else task, incident, stage),
            owner=run["owner"],
            at=run.get("finished_at") or (last and last.get("finished_at")) or run["due_at"],
            run=run_id,
            about=None if incident is None else _about_incident("Task", task, incident, stage),
            page=run_page_path(run_id),
            task_name=excerpt_name(run["task_name"]),
            called=_describe_call(run, last),
            error=ErrorExcerpt.from_document((last and last.get("error")) or run.get("error")),
            attempts=max(len(attempts), last["number"] if last else 0),
            due_at=run["due_at"],
            retry_at=run.get("retry_at") if stage == 0 else None,
            next_due=next_due,
            reason=run.get("reason"),
            status_code=last.get("status_code") if last else None,
        )


def _describe_call(run: RunDocument, attempt: AttemptDocument | None) -> str:
    job = run["job"]
    call = (attempt and attempt.get("request")) or job.get("params") or {}
    url = call.get("url")
    if isinstance(url, str):
        url = show_references(url, find_marker(job["params"]), compact=True)
        return to_single_line(f"{call.get('method') or 'GET'} {redact_url(url)}")
    return f"the job {to_single_line(job['kind'])}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowFailure(Event):
    """A scheduled workflow has failed: a step of it, which is retried at `retry_at` (BEGAN_FAILING), or a run.

    `steps` are the failed steps, `attempts` those of the step that is retried.
    """

    about: DeliveryAboutDocument
    workflow_name: str
    steps: Sequence[str]
    error: ErrorExcerpt
    due_at: datetime
    retry_at: datetime | None = None
    attempts: int = 0
    reason: str | None = None
    status_code: int | None = None

    @classmethod
    def from_step_run(cls, workflow_run: WorkflowRunDocument, step_run: RunDocument) -> Self:
        """Return the event of a failed step, which is to be retried, of a scheduled workflow that worked before."""
        workflow, incident = workflow_run["workflow"], workflow_run.get("incident") or 0
        last = step_run["attempts"][-1] if step_run["attempts"] else None
        return cls(
            kind=EventKind.BEGAN_FAILING,
            id=incident_event_id(workflow, incident, 0),
            owner=workflow_run["owner"],
            at=(last and last.get("finished_at")) or workflow_run["due_at"],
            run=workflow_run["_id"],
            about=_about_incident("Workflow", workflow, incident, 0),
            page=run_page_path(workflow_run["_id"]),
            workflow_name=excerpt_name(workflow_run["name"]),
            steps=[step_of(step_run["_id"]) or ""],
            error=ErrorExcerpt.from_document(last and last.get("error")),
            due_at=workflow_run["due_at"],
            retry_at=step_run.get("retry_at"),
            attempts=max(len(step_run["attempts"]), 1),
            status_code=last.get("status_code") if last else None,
        )

    @classmethod
    def from_run(cls, workflow_run: WorkflowRunDocument, incident: int, steps: Sequence[str]) -> Self:
        """Return the event of a failed scheduled run and its failed steps."""
        workflow = workflow_run["workflow"]
        return cls(
            kind=EventKind.FAILED_FOR_GOOD,
            id=incident_event_id(workflow, incident, 1),
            owner=workflow_run["owner"],
            at=workflow_run["finished_at"] or workflow_run["due_at"],
            run=workflow_run["_id"],
            about=_about_incident("Workflow", workflow, incident, 1),
            page=run_page_path(workflow_run["_id"]),
            workflow_name=excerpt_name(workflow_run["name"]),
            steps=steps,
            error=ErrorExcerpt.from_document(workflow_run["error"]),
            due_at=workflow_run["due_at"],
            reason=workflow_run["reason"],
        )


def _about_incident(type_name: str, subject_id: str, incident: int, stage: int) -> DeliveryAboutDocument:
    return {"type": type_name, "id": subject_id, "incident": incident, "stage": stage}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequested(Event):
    """A step waits for the decision of `owner`. `name` is that of the workflow and its step."""

    kind: EventKind = EventKind.APPROVAL
    name: str
    message: str
    is_reminder: bool
    decide_until: datetime | None

    @classmethod
    def from_step(cls, workflow_run: WorkflowRunDocument, step: str, user: str, state: StepDocument) -> Self:
        """Return the event of a step that waits for the decision of a user, or of a reminder of it."""
        run_id, round_, reminders = workflow_run["_id"], state.get("round", 0), state.get("reminders", 0)
        request = f"{run_id}:{step}:{round_}"
        return cls(
            id=f"{request}:{reminders}:{user}",
            owner=user,
            at=state.get("started_at") or EPOCH,
            run=run_id,
            about={
                "type": "Approval",
                "id": f"{request}:{user}",
                "incident": round_,
                "stage": reminders,
                "step": step,
            },
            page=run_page_path(run_id),
            name=to_single_line(f"{workflow_run['name']} / {step}"),
            message=state.get("message") or "",
            is_reminder=reminders > 0,
            decide_until=state.get("wake_at"),
        )
