"""What a notification says for programs, whether they read it from the inbox or get it from a channel. Pure.

A kind of event has one function here, and each fact one name: an ID ends with `Id` and is that of the API, a time with
`At`.
"""

from functools import singledispatch

from tocsin.documents import AlertSubject, NotificationDataDocument, is_workflow_run_id, parent_of, to_global_id
from tocsin.notifications.account_events import (
    ApiTokenCreated,
    ChannelDisabled,
    MailAddressChanged,
    PasswordChanged,
    QuotaMet,
    RefreshTokenReused,
)
from tocsin.notifications.events import Event, EventKind
from tocsin.notifications.excerpts import ErrorExcerpt
from tocsin.notifications.incident_stages import subject_of
from tocsin.notifications.incidents.reports import IncidentReport
from tocsin.notifications.network_events import NetworkDown, NetworkUp
from tocsin.notifications.outcome_events import ReplayEnded, ReportReady, WorkflowEnded
from tocsin.notifications.pages import run_type_name
from tocsin.notifications.run_events import ApprovalRequested, TaskFailure, WorkflowFailure
from tocsin.notifications.task_events import RunsMissed, TaskPaused
from tocsin.schedules.iso8601 import format_datetime


@singledispatch
def describe_for_programs(event: Event) -> NotificationDataDocument:
    """Return the data of the notification of the event."""
    raise TypeError(f"there is no data about a {type(event).__name__}")


@describe_for_programs.register
def _task_failure(event: TaskFailure) -> NotificationDataDocument:
    data = _about_run(event.run) | _about_incident(event) | _about_error(event.error, event.status_code)
    data |= {"attempts": event.attempts, "dueAt": format_datetime(event.due_at)}
    if event.retry_at is not None:
        data["nextAttemptAt"] = format_datetime(event.retry_at)
    if event.reason is not None:
        data["reason"] = event.reason
    return data


@describe_for_programs.register
def _task_paused(event: TaskPaused) -> NotificationDataDocument:
    data = _about_run(event.run) | {"taskId": to_global_id("Task", event.task)}
    if event.error is not None:
        data |= _about_error(event.error, event.status_code) | {"failures": event.failures}
    return data


@describe_for_programs.register
def _workflow_failure(event: WorkflowFailure) -> NotificationDataDocument:
    data = _about_run(event.run) | _about_incident(event) | _about_error(event.error, event.status_code)
    if (workflow := subject_of(event.about)) is not None:
        data["workflowId"] = to_global_id("Workflow", workflow.id)
    data["steps"] = list(event.steps)
    data |= {"dueAt": format_datetime(event.due_at)}
    if event.attempts:
        data["attempts"] = event.attempts
    if event.retry_at is not None:
        data["nextAttemptAt"] = format_datetime(event.retry_at)
    if event.reason is not None:
        data["reason"] = event.reason
    return data


@describe_for_programs.register
def _incident_report(event: IncidentReport) -> NotificationDataDocument:
    data: NotificationDataDocument = {"incidentId": to_global_id("Incident", event.incident)}
    data |= {"subjectCount": event.subject_count, "openedAt": format_datetime(event.opened_at)}
    if event.host is not None:
        data["host"] = event.host
    if event.subjects:
        data |= _about_error(event.subjects[0].error, None)
    if (only := event.only_subject) is not None:
        data |= _about_run(only.run)
        if only.type is AlertSubject.WORKFLOW:
            data["workflowId"] = to_global_id("Workflow", only.id)
        if event.kind is EventKind.INCIDENT_CLOSED and only.ending is not None:
            data["reason"] = only.ending
    return data


@describe_for_programs.register
def _approval_requested(event: ApprovalRequested) -> NotificationDataDocument:
    step = event.about.get("step") if event.about else None
    data = _about_run(event.run)
    data |= {"step": step or "", "message": event.message, "isReminder": event.is_reminder}
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
    return {"channelId": to_global_id("NotificationChannel", event.channel), "reason": event.reason}


@describe_for_programs.register
def _runs_missed(event: RunsMissed) -> NotificationDataDocument:
    data = _about_run(event.run) | {"missed": event.count, "dueAt": format_datetime(event.due_at)}
    return data if event.reason is None else data | {"reason": event.reason}


@describe_for_programs.register
def _workflow_ended(event: WorkflowEnded) -> NotificationDataDocument:
    data = _about_run(event.run) | {"workflowId": to_global_id("Workflow", event.workflow)}
    data |= {"dueAt": format_datetime(event.due_at), "finishedAt": format_datetime(event.at)}
    if event.error is not None:
        data |= _about_error(event.error, None) | {"steps": list(event.steps)}
    return data if event.reason is None else data | {"reason": event.reason}


@describe_for_programs.register
def _report_ready(event: ReportReady) -> NotificationDataDocument:
    file: NotificationDataDocument = {"fileName": event.file_name, "fileSize": event.size, "rows": event.rows}
    return _about_run(event.run) | file | {"dueAt": format_datetime(event.due_at)}


@describe_for_programs.register
def _replay_ended(event: ReplayEnded) -> NotificationDataDocument:
    data: NotificationDataDocument = {"replayId": to_global_id("Replay", event.replay), "status": event.status.value}
    counts: NotificationDataDocument = {"sent": event.sent, "succeeded": event.succeeded, "failed": event.failed}
    data |= {**counts, "selected": event.selected, "skipped": event.skipped}
    return data if event.reason is None else data | {"reason": event.reason}


@describe_for_programs.register
def _api_token_created(event: ApiTokenCreated) -> NotificationDataDocument:
    data: NotificationDataDocument = {"apiTokenId": to_global_id("ApiToken", event.id.removesuffix(":created"))}
    data |= {"name": event.token_name, "scopes": list(event.scopes), "address": event.address}
    return data if event.expires_at is None else data | {"expiresAt": format_datetime(event.expires_at)}


@describe_for_programs.register
def _mail_address_changed(event: MailAddressChanged) -> NotificationDataDocument:
    data: NotificationDataDocument = {"mailPurpose": event.mail_purpose.value, "address": event.address}
    return data | ({"formerEmail": event.email} if event.is_removed else {"email": event.email})


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
        return {"workflowRunId": to_global_id("WorkflowRun", run_id)}
    run, parent = to_global_id("Run", run_id), parent_of(run_id)
    if is_workflow_run_id(parent):
        return {"runId": run, "workflowRunId": to_global_id("WorkflowRun", parent)}
    return {"runId": run, "taskId": to_global_id("Task", parent)}


def _about_incident(event: Event) -> NotificationDataDocument:
    incident = event.about.get("incident_id") if event.about else None
    return {} if incident is None else {"incidentId": to_global_id("Incident", incident)}


def _about_error(error: ErrorExcerpt, status_code: int | None) -> NotificationDataDocument:
    data: NotificationDataDocument = {"errorMessage": error.message}
    if error.kind is not None:
        data["errorKind"] = error.kind
    if status_code is not None:
        data["statusCode"] = status_code
    return data
