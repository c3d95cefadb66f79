"""What users are notified of. An event is made at its cause, without any text: channels write that.

The id of an event derives from its cause, so that a cause that is handled twice, after a crash for example, notifies
once. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.documents import (
    AttemptDocument,
    DeliveryAboutDocument,
    Link,
    RunDocument,
    Session,
    User,
    WorkflowRunDocument,
    parent_of,
)
from tocsin.notifications.pages import ACCOUNT_PAGE_PATH, approval_page_path, run_page_path


class EventKind(StrEnum):
    """The kinds of events, as deliveries store them."""

    BEGAN_FAILING = "BEGAN_FAILING"
    FAILED_FOR_GOOD = "FAILED_FOR_GOOD"
    APPROVAL = "APPROVAL"
    QUOTA_MET = "QUOTA_MET"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105  # not a password
    EMAIL_CONFIRMATION = "EMAIL_CONFIRMATION"
    INVITATION = "INVITATION"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"  # noqa: S105
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105


INCIDENT_KINDS = (EventKind.BEGAN_FAILING, EventKind.FAILED_FOR_GOOD)
"""By the stage of an incident."""
ACCOUNT_KINDS = frozenset(
    {
        EventKind.PASSWORD_RESET,
        EventKind.EMAIL_CONFIRMATION,
        EventKind.INVITATION,
        EventKind.REFRESH_TOKEN_REUSED,
        EventKind.PASSWORD_CHANGED,
    }
)


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """A failed run of a task. Without `retry_at`, it is not retried; it gives way to an earlier `next_due`."""

    run: RunDocument
    attempt: AttemptDocument | None
    retry_at: datetime | None = None
    next_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class WorkflowStepFailure:
    """A failed step of a scheduled workflow run, which is to be retried."""

    workflow_run: WorkflowRunDocument
    step_run: RunDocument


@dataclass(frozen=True, slots=True)
class WorkflowFailure:
    """A failed scheduled workflow run, and its failed steps."""

    workflow_run: WorkflowRunDocument
    steps: Sequence[str]


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """A step that waits for a decision: since `since`, and until `until` if it has a timeout."""

    workflow_name: str
    workflow_run_id: str
    step: str
    message: str
    since: datetime
    until: datetime | None
    is_reminder: bool


@dataclass(frozen=True, slots=True)
class QuotasMet:
    """Descriptions of the quotas that an owner has reached."""

    quotas: Sequence[str]


@dataclass(frozen=True, slots=True)
class SecretLink:
    """A link that only its recipient may see. `sealed` is its URL, sealed for the id of the event.

    `inviter` is who sent an invitation; None is an administrator at the command line.
    """

    link: Link
    sealed: str
    inviter: str | None = None


@dataclass(frozen=True, slots=True)
class TokenReuse:
    """A session that was ended because its refresh token came back, from `address`."""

    session: Session
    address: str


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """A changed password. An empty `address` is the command line."""

    at: datetime
    address: str


EventData = (
    TaskFailure
    | WorkflowStepFailure
    | WorkflowFailure
    | ApprovalRequest
    | QuotasMet
    | SecretLink
    | TokenReuse
    | PasswordChange
)


@dataclass(frozen=True, slots=True)
class Event:
    """An event, and the user to notify (an empty `owner`: someone without an account).

    `page` is the path of the page that shows more, `run_id` the run or workflow run that caused it, `about` the subject
    whose notifications are sent in order.
    """

    kind: EventKind
    id: str
    owner: str
    at: datetime
    data: EventData
    run_id: str | None = None
    page: str | None = None
    about: DeliveryAboutDocument | None = None


def task_began_failing(
    run: RunDocument, attempt: AttemptDocument, retry_at: datetime, next_due: datetime | None = None
) -> Event:
    """Return the event of the first failed attempt of a task that worked before."""
    return _task_incident(run, 0, TaskFailure(run, attempt, retry_at, next_due), _end_time(run, attempt))


def task_failed(run: RunDocument, attempt: AttemptDocument | None) -> Event:
    """Return the event of a run that is not retried. `attempt` defaults to the last one in the run."""
    last = attempt or next(iter(run.get("attempts", ())[-1:]), None)
    return _task_incident(run, 1, TaskFailure(run, last), _end_time(run, last))


def _task_incident(run: RunDocument, stage: int, data: TaskFailure, at: datetime) -> Event:
    run_id, incident = run["_id"], run.get("incident")
    task = run.get("task") or parent_of(run_id)
    about: DeliveryAboutDocument | None = None
    if incident is not None:
        about = {"type": "Task", "id": task, "incident": incident, "stage": stage}
    event_id = incident_event_id(run_id if incident is None else task, incident, stage)
    return Event(INCIDENT_KINDS[stage], event_id, run["owner"], at, data, run_id, run_page_path(run_id), about)


def workflow_began_failing(workflow_run: WorkflowRunDocument, step_run: RunDocument) -> Event:
    """Return the event of a failed step, which is to be retried, of a scheduled workflow that worked before."""
    attempts = step_run.get("attempts") or []
    at = (attempts[-1].get("finished_at") if attempts else None) or workflow_run["due_at"]
    data = WorkflowStepFailure(workflow_run, step_run)
    return _workflow_incident(workflow_run, workflow_run["incident"] or 0, 0, data, at)


def workflow_failed(workflow_run: WorkflowRunDocument, incident: int, steps: Sequence[str]) -> Event:
    """Return the event of a failed scheduled run."""
    at = workflow_run["finished_at"] or workflow_run["due_at"]
    return _workflow_incident(workflow_run, incident, 1, WorkflowFailure(workflow_run, steps), at)


def _workflow_incident(
    workflow_run: WorkflowRunDocument,
    incident: int,
    stage: int,
    data: WorkflowStepFailure | WorkflowFailure,
    at: datetime,
) -> Event:
    workflow, run_id = workflow_run["workflow"], workflow_run["_id"]
    about: DeliveryAboutDocument = {"type": "Workflow", "id": workflow, "incident": incident, "stage": stage}
    event_id, owner = incident_event_id(workflow, incident, stage), workflow_run["owner"]
    return Event(INCIDENT_KINDS[stage], event_id, owner, at, data, run_id, run_page_path(run_id), about)


def approval_requested(request: ApprovalRequest, round_: int, reminders: int, decider: str) -> Event:
    """Return the event of a step that waits for this user's decision, in this round, after so many reminders."""
    run_id, asked = request.workflow_run_id, f"{request.workflow_run_id}:{request.step}:{round_}"
    about: DeliveryAboutDocument = {
        "type": "Approval",
        "id": f"{asked}:{decider}",
        "incident": round_,
        "stage": reminders,
        "step": request.step,
    }
    event_id, page = f"{asked}:{reminders}:{decider}", approval_page_path(run_id, request.step)
    return Event(EventKind.APPROVAL, event_id, decider, request.since, request, run_id, page, about)


def quotas_met(owner: str, quotas: Sequence[str], at: datetime) -> Event:
    """Return the event of reached quotas, at most one a day."""
    return Event(EventKind.QUOTA_MET, f"{owner}/quota:{at:%Y-%m-%d}", owner, at, QuotasMet(quotas))


def password_reset_requested(user: User, link: Link, sealed: str) -> Event:
    """Return the event of a request for a new password."""
    return _link_event(EventKind.PASSWORD_RESET, user.id, SecretLink(link, sealed))


def email_confirmation_requested(user: User, link: Link, sealed: str) -> Event:
    """Return the event of an address that is to be confirmed."""
    return _link_event(EventKind.EMAIL_CONFIRMATION, user.id, SecretLink(link, sealed))


def user_invited(inviter: str | None, link: Link, sealed: str) -> Event:
    """Return the event of an invitation, to an address without an account."""
    return _link_event(EventKind.INVITATION, "", SecretLink(link, sealed, inviter))


def _link_event(kind: EventKind, owner: str, data: SecretLink) -> Event:
    return Event(kind, link_event_id(data.link), owner, data.link.created_at, data)


def refresh_token_reused(user: User, session: Session, address: str) -> Event:
    """Return the event of a session that was ended because its refresh token was used twice."""
    data, at = TokenReuse(session, address), session.rotated_at
    return Event(EventKind.REFRESH_TOKEN_REUSED, f"reused:{session.id}", user.id, at, data, page=ACCOUNT_PAGE_PATH)


def password_changed(user: User, at: datetime, address: str) -> Event:
    """Return the event of a changed password."""
    event_id, data = f"password:{user.id}:{int(at.timestamp() * 1000)}", PasswordChange(at, address)
    return Event(EventKind.PASSWORD_CHANGED, event_id, user.id, at, data, page=ACCOUNT_PAGE_PATH)


def incident_event_id(subject: str, incident: int | None, stage: int) -> str:
    """Return the id of a stage of a task's or workflow's incident: 0 started failing, 1 failed."""
    place = subject if incident is None else f"{subject}:{incident}"
    return f"{place}:{('began', 'failed')[stage]}"


def link_event_id(link: Link) -> str:
    """Return the id of the event about this link."""
    return f"{link.purpose.value.lower()}:{link.id}"


def _end_time(run: RunDocument, attempt: AttemptDocument | None) -> datetime:
    of_attempt = attempt.get("finished_at") if attempt is not None else None
    return run.get("finished_at") or of_attempt or run["due_at"]
