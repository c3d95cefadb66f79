"""The events of runs, workflow runs, quotas, links, sessions and passwords, each built at its cause. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tocsin.documents import Link, Session, User, parent_of, step_of
from tocsin.documents.delivery_documents import DeliveryAboutDocument
from tocsin.notifications.events import (
    ApprovalRequested,
    EmailConfirmationRequested,
    ErrorExcerpt,
    PasswordChanged,
    PasswordResetRequested,
    QuotaMet,
    RefreshTokenReused,
    TaskBeganFailing,
    TaskFailed,
    UserInvited,
    WorkflowBeganFailing,
    WorkflowFailed,
)
from tocsin.notifications.excerpts import excerpt_message, excerpt_name, redact_url
from tocsin.notifications.pages import ACCOUNT_PAGE_PATH, approval_page_path, run_page_path
from tocsin.outbound.mail_text import to_single_line

# --- tasks and workflows ----------------------------------------------------------------------------------------------


def incident_event_id(subject: str, incident: int | None, stage: int) -> str:
    """Return the id of the event of a stage of a task's or workflow's incident: 0 started failing, 1 failed."""
    place = subject if incident is None else f"{subject}:{incident}"
    return f"{place}:{('began', 'failed')[stage]}"


def task_began_failing(
    run: Mapping[str, Any], attempt: Mapping[str, Any], retry_at: datetime, next_due: datetime | None = None
) -> TaskBeganFailing:
    """Return the event of the first failed attempt of a task that worked before."""
    return TaskBeganFailing(**_task_failure(run, attempt, 0), retry_at=retry_at, next_due=next_due)


def task_failed(run: Mapping[str, Any], attempt: Mapping[str, Any] | None) -> TaskFailed:
    """Return the event of a run that is not retried. `attempt` defaults to the last one in the run."""
    attempts: Sequence[Mapping[str, Any]] = run.get("attempts") or [{}]
    last = attempts[-1] if attempt is None else attempt
    return TaskFailed(**_task_failure(run, last, 1), reason=run.get("reason"))


def workflow_began_failing(workflow_run: Mapping[str, Any], step_run: Mapping[str, Any]) -> WorkflowBeganFailing:
    """Return the event of a failed step, which is to be retried, of a scheduled workflow that worked before."""
    attempts = step_run.get("attempts") or [{}]
    return WorkflowBeganFailing(
        **_workflow_failure(workflow_run, workflow_run["incident"], 0),
        at=attempts[-1].get("finished_at") or workflow_run["due_at"],
        step=step_of(step_run["_id"]) or "",
        error=_excerpt_error(attempts[-1].get("error")),
        attempts=len(attempts),
        retry_at=step_run["retry_at"],
    )


def workflow_failed(workflow_run: Mapping[str, Any], incident: int, steps: Sequence[str]) -> WorkflowFailed:
    """Return the event of a failed scheduled run and its failed steps."""
    return WorkflowFailed(
        **_workflow_failure(workflow_run, incident, 1),
        at=workflow_run["finished_at"],
        steps=steps,
        error=_excerpt_error(workflow_run["error"]),
        reason=workflow_run["reason"],
    )


def approval_requested(
    workflow_run: Mapping[str, Any],
    step: str,
    user: str,
    *,
    round_: int,
    reminders: int,
    message: str,
    at: datetime,
    decide_until: datetime | None,
) -> ApprovalRequested:
    """Return the event of a step that waits since `at` for the decision of a user, or of a reminder of it."""
    run_id: str = workflow_run["_id"]
    request = f"{run_id}:{step}:{round_}"
    return ApprovalRequested(
        id=f"{request}:{reminders}:{user}",
        owner=user,
        at=at,
        run=run_id,
        subject={
            "type": "Approval",
            "id": f"{request}:{user}",
            "incident": round_,
            "stage": reminders,
            "step": step,
        },
        page=approval_page_path(run_id, step),
        name=to_single_line(f"{workflow_run['name']} / {step}"),
        message=message,
        is_reminder=reminders > 0,
        decide_until=decide_until,
    )


def _task_failure(run: Mapping[str, Any], attempt: Mapping[str, Any], stage: int) -> dict[str, Any]:
    run_id, incident = str(run["_id"]), run.get("incident")
    task = str(run.get("task") or parent_of(run_id))
    return {
        "id": incident_event_id(run_id if incident is None else task, incident, stage),
        "owner": run["owner"],
        "at": run.get("finished_at") or attempt.get("finished_at") or run["due_at"],
        "run": run_id,
        "subject": None if incident is None else _incident_subject("Task", task, incident, stage),
        "page": run_page_path(run_id),
        "task_name": excerpt_name(str(run["task_name"])),
        "called": _describe_call(run, attempt),
        "error": _excerpt_error(attempt.get("error") or run.get("error")),
        "attempts": max(len(run.get("attempts") or ()), int(attempt.get("number") or 0)),
        "due_at": run["due_at"],
    }


def _workflow_failure(workflow_run: Mapping[str, Any], incident: int, stage: int) -> dict[str, Any]:
    workflow, run_id = workflow_run["workflow"], workflow_run["_id"]
    return {
        "id": incident_event_id(workflow, incident, stage),
        "owner": workflow_run["owner"],
        "run": run_id,
        "subject": _incident_subject("Workflow", workflow, incident, stage),
        "page": run_page_path(run_id),
        "workflow_name": excerpt_name(str(workflow_run["name"])),
        "due_at": workflow_run["due_at"],
    }


def _incident_subject(type_name: str, subject_id: str, incident: int, stage: int) -> DeliveryAboutDocument:
    return {"type": type_name, "id": subject_id, "incident": incident, "stage": stage}


def _excerpt_error(error: Mapping[str, Any] | None) -> ErrorExcerpt:
    stored = error or {}
    message = excerpt_message(stored.get("message") or "") or "The reason is unknown."
    return ErrorExcerpt(message, excerpt_message(stored.get("hint") or ""))


def _describe_call(run: Mapping[str, Any], attempt: Mapping[str, Any]) -> str:
    job = run["job"]
    call = attempt.get("request") or job.get("params") or {}
    url = call.get("url")
    if isinstance(url, str):
        return to_single_line(f"{call.get('method') or 'GET'} {redact_url(url)}")
    return f"the job {to_single_line(str(job['kind']))}"


# --- quotas and accounts ----------------------------------------------------------------------------------------------


def quota_met(owner: str, quotas: Sequence[str], at: datetime) -> QuotaMet:
    """Return the event of an owner who has reached these quotas, each as formatted by `describe_usage`."""
    return QuotaMet(id=f"{owner}/quota:{at:%Y-%m-%d}", owner=owner, at=at, quotas=quotas)


def link_event_id(link: Link) -> str:
    """Return the id of the event whose notification contains this link."""
    return f"{link.purpose.value.lower()}:{link.id}"


def password_reset_requested(user: User, link: Link, sealed: str) -> PasswordResetRequested:
    """Return the event of a requested link to choose a new password."""
    return PasswordResetRequested(
        id=link_event_id(link), owner=user.id, at=link.created_at, sealed=sealed, good_until=link.expires_at
    )


def email_confirmation_requested(user: User, link: Link, sealed: str) -> EmailConfirmationRequested:
    """Return the event of a requested link to confirm an address."""
    return EmailConfirmationRequested(
        id=link_event_id(link), owner=user.id, at=link.created_at, sealed=sealed, good_until=link.expires_at
    )


def user_invited(inviter: str | None, link: Link, sealed: str) -> UserInvited:
    """Return the event of an invitation. `inviter` is a name, or None for the command line."""
    return UserInvited(
        id=link_event_id(link),
        owner="",
        at=link.created_at,
        sealed=sealed,
        good_until=link.expires_at,
        email=link.email,
        inviter=inviter,
    )


def refresh_token_reused(user: User, session: Session, address: str) -> RefreshTokenReused:
    """Return the event of a session that was ended because its refresh token was used again from `address`."""
    return RefreshTokenReused(
        id=f"reused:{session.id}",
        owner=user.id,
        at=session.rotated_at,
        page=ACCOUNT_PAGE_PATH,
        opened_at=session.created_at,
        opened_from=session.address,
        user_agent=session.user_agent,
        reused_from=address,
    )


def password_changed(user: User, at: datetime, address: str) -> PasswordChanged:
    """Return the event of a changed password."""
    return PasswordChanged(
        id=f"password:{user.id}:{int(at.timestamp() * 1000)}",
        owner=user.id,
        at=at,
        page=ACCOUNT_PAGE_PATH,
        address=address,
    )
