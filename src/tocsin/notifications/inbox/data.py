"""What a notification says for programs. Pure."""

from functools import singledispatch

from tocsin.documents import NotificationDataDocument, is_workflow_run_id, parent_of, to_global_id
from tocsin.notifications.account_events import ChannelDisabled, PasswordChanged, QuotaMet, RefreshTokenReused
from tocsin.notifications.events import Event
from tocsin.notifications.excerpts import ErrorExcerpt
from tocsin.notifications.network_events import NetworkDown, NetworkUp
from tocsin.notifications.pages import run_type_name
from tocsin.notifications.run_events import ApprovalRequested, TaskFailure, WorkflowFailure
from tocsin.schedules.iso8601 import format_datetime


@singledispatch
def describe_for_programs(event: Event) -> NotificationDataDocument:
    """Return the data of the notification of the event."""
    raise TypeError(f"there is no data about a {type(event).__name__}")


@describe_for_programs.register
def _task_failure(event: TaskFailure) -> NotificationDataDocument:
    data = _about_run(event.run) | _about_error(event.error, event.status_code)
    data |= {"attempts": event.attempts, "dueAt": format_datetime(event.due_at)}
    if event.retry_at is not None:
        data["nextAttemptAt"] = format_datetime(event.retry_at)
    if event.reason is not None:
        data["reason"] = event.reason
    return data


@describe_for_programs.register
def _workflow_failure(event: WorkflowFailure) -> NotificationDataDocument:
    data = _about_run(event.run) | _about_error(event.error, event.status_code)
    data |= {"workflow": to_global_id("Workflow", event.about["id"]), "steps": list(event.steps)}
    data |= {"dueAt": format_datetime(event.due_at)}
    if event.attempts:
        data["attempts"] = event.attempts
    if event.retry_at is not None:
        data["nextAttemptAt"] = format_datetime(event.retry_at)
    if event.reason is not None:
        data["reason"] = event.reason
    return data


@describe_for_programs.register
def _approval_requested(event: ApprovalRequested) -> NotificationDataDocument:
    step = event.about.get("step") if event.about else None
    data = _about_run(event.run)
    data |= {"steps": [step] if step else [], "message": event.message, "reminder": event.is_reminder}
    if event.decide_until is not None:
        data["decideUntil"] = format_datetime(event.decide_until)
    return data


@describe_for_programs.register
def _quota_met(event: QuotaMet) -> NotificationDataDocument:
    return {"quotas": list(event.quotas)}


@describe_for_programs.register
def _refresh_token_reused(event: RefreshTokenReused) -> NotificationDataDocument:
    opened_at = format_datetime(event.opened_at)
    return {"address": event.reused_from, "openedAt": opened_at, "openedFrom": event.opened_from}


@describe_for_programs.register
def _password_changed(event: PasswordChanged) -> NotificationDataDocument:
    return {"address": event.address}


@describe_for_programs.register
def _channel_disabled(event: ChannelDisabled) -> NotificationDataDocument:
    return {"channel": to_global_id("NotificationChannel", event.channel), "reason": event.reason}


@describe_for_programs.register
def _network_down(event: NetworkDown) -> NotificationDataDocument:
    return {"since": format_datetime(event.since)}


@describe_for_programs.register
def _network_up(event: NetworkUp) -> NotificationDataDocument:
    return {"since": format_datetime(event.since), "until": format_datetime(event.at)}


def _about_run(run_id: str | None) -> NotificationDataDocument:
    if run_id is None:
        return {}
    if run_type_name(run_id) == "WorkflowRun":
        return {"workflowRun": to_global_id("WorkflowRun", run_id)}
    run, parent = to_global_id("Run", run_id), parent_of(run_id)
    if is_workflow_run_id(parent):
        return {"run": run, "workflowRun": to_global_id("WorkflowRun", parent)}
    return {"run": run, "task": to_global_id("Task", parent)}


def _about_error(error: ErrorExcerpt, status_code: int | None) -> NotificationDataDocument:
    data: NotificationDataDocument = {"errorMessage": error.message}
    if error.kind is not None:
        data["errorKind"] = error.kind
    if status_code is not None:
        data["statusCode"] = status_code
    return data
