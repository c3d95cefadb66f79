"""What a notification of each event says: its subject and content, for all channels. Pure."""

from datetime import datetime
from functools import singledispatch

from tocsin.documents import MailPurpose, RunReason, WorkflowRunReason, to_global_id
from tocsin.notifications.account_events import (
    ChannelDisabled,
    LinkRequested,
    PasswordChanged,
    QuotaMet,
    RefreshTokenReused,
)
from tocsin.notifications.content import Button, Fact, MailContent, Tone, format_error, format_time
from tocsin.notifications.events import Event, EventKind
from tocsin.notifications.incident_texts import describe_incident
from tocsin.notifications.incidents.reports import IncidentReport
from tocsin.notifications.network_events import NetworkDown, NetworkUp
from tocsin.notifications.network_texts import describe_network_down, describe_network_up
from tocsin.notifications.outcome_texts import (
    Mail,
    describe_api_token_created,
    describe_replay_ended,
    describe_report_ready,
    describe_runs_missed,
    describe_task_paused,
    describe_workflow_ended,
)
from tocsin.notifications.run_events import ApprovalRequested, TaskFailure, WorkflowFailure

_RUN = Button("Open the run", "Open:")
_WORKFLOW_RUN = Button("Open the workflow run", "Open:")
_DECISION = Button("Decide", "Decide here:")
_ACCOUNT = Button("Choose a new password", "New password:")
_CHANNEL = Button("Open the channel", "Open:")
_NO_RETRY_REASONS: dict[str | None, str] = {
    RunReason.RETRIES_USED_UP: "All retries are used up.",
    RunReason.NOT_RETRIED: "Failures of this kind are not retried.",
    RunReason.GAVE_WAY: "The task's next due time came before the next attempt.",
    RunReason.LOST_TOO_OFTEN: "The processes that made the attempts died too often in a row.",
    RunReason.TASK_PAUSED: "The task was paused.",
    RunReason.TASK_CANCELLED: "The task was cancelled.",
    RunReason.TASK_DELETED: "The task was deleted.",
}
_CONSEQUENCES: dict[str | None, str] = {
    WorkflowRunReason.TIMEOUT: "It took longer than its timeout.",
    WorkflowRunReason.COMPENSATED: "The completed steps were undone by their compensations.",
    WorkflowRunReason.COMPENSATION_FAILED: "A compensation failed too: see which steps were not undone.",
}

_MAIL_PURPOSES = {
    MailPurpose.ALERTS: "those about tasks and workflows that fail",
    MailPurpose.APPROVALS: "those about decisions that workflows wait for",
    MailPurpose.REPORTS: "those about reports and other results",
}


@singledispatch
def describe_event(event: Event) -> Mail:
    """Return the subject and the content of the notification of the event."""
    raise TypeError(f"there is no text about a {type(event).__name__}")


describe_event.register(describe_task_paused)
describe_event.register(describe_runs_missed)
describe_event.register(describe_workflow_ended)
describe_event.register(describe_report_ready)
describe_event.register(describe_replay_ended)
describe_event.register(describe_api_token_created)


# --- tasks and workflows ----------------------------------------------------------------------------------------------


@describe_event.register
def _task_failure(event: TaskFailure) -> Mail:
    if event.kind is EventKind.ATTEMPT_FAILED:
        return _attempt_failed(event)
    return _task_began_failing(event) if event.kind is EventKind.BEGAN_FAILING else _task_failed(event)


def _attempt_failed(event: TaskFailure) -> Mail:
    reason = _NO_RETRY_REASONS.get(event.reason)
    return f'Attempt {event.attempts} of the task "{event.task_name}" has failed', MailContent(
        tone=Tone.WARNING,
        headline=f'Attempt {event.attempts} of your task "{event.task_name}" has failed.',
        facts=_task_facts(event, [("No retry:", reason)] if reason else _next_attempt(event.retry_at)),
        button=_RUN,
        closing="You get a mail about each failed attempt, because your notification preferences ask for it.",
    )


def _task_began_failing(event: TaskFailure) -> Mail:
    if event.retry_at is not None and event.next_due is not None and event.next_due <= event.retry_at:
        attempt_time = format_time(event.retry_at)
        opening = "This run will not be retried: the next one is due first."
        facts = [
            ("No retry:", f"The next attempt would be at {attempt_time}, but the task is due again before then."),
            ("Next run:", format_time(event.next_due)),
        ]
        closing = (
            "You will get another mail when the next run replaces this one, which then counts as failed, and then no "
            "more until the task has worked again."
        )
    else:
        opening, facts = "It will be retried.", _next_attempt(event.retry_at)
        closing = (
            "You will get another mail only if this run fails permanently, and then no more until the task has worked "
            "again."
        )
    return f'Task "{event.task_name}" has started failing', MailContent(
        tone=Tone.WARNING,
        headline=f'Your task "{event.task_name}" has started failing.',
        opening=opening,
        facts=_task_facts(event, facts),
        button=_RUN,
        closing=closing,
    )


def _task_failed(event: TaskFailure) -> Mail:
    reason = _NO_RETRY_REASONS.get(event.reason)
    return f'Task "{event.task_name}" has failed', MailContent(
        tone=Tone.FAILURE,
        headline=f'Your task "{event.task_name}" has failed.',
        opening="This run will not be retried.",
        facts=_task_facts(event, [("No retry:", reason)] if reason else []),
        button=_RUN,
        closing="You will get no more mails about this task until it has worked again.",
    )


def _next_attempt(retry_at: datetime | None) -> list[Fact]:
    return [] if retry_at is None else [("Next attempt:", format_time(retry_at))]


def _task_facts(event: TaskFailure, what_follows: list[Fact]) -> list[Fact]:
    return [
        ("Called:", event.called),
        *format_error(event.error),
        ("Attempts:", str(event.attempts)),
        *what_follows,
        ("Due:", format_time(event.due_at)),
        ("Run:", to_global_id("Run", event.run or "")),
    ]


@describe_event.register
def _workflow_failure(event: WorkflowFailure) -> Mail:
    return _workflow_began_failing(event) if event.kind is EventKind.BEGAN_FAILING else _workflow_failed(event)


def _workflow_began_failing(event: WorkflowFailure) -> Mail:
    facts = [
        ("Step:", ", ".join(event.steps)),
        *format_error(event.error),
        ("Attempts:", str(event.attempts)),
        *_next_attempt(event.retry_at),
        *_workflow_run_facts(event),
    ]
    return f'Workflow "{event.workflow_name}" has started failing', MailContent(
        tone=Tone.WARNING,
        headline=f'Your workflow "{event.workflow_name}" has started failing.',
        opening="Its step will be retried.",
        facts=facts,
        button=_WORKFLOW_RUN,
        closing="You will get another mail only if this run fails permanently, and then no more until the workflow has "
        "worked again.",
    )


def _workflow_failed(event: WorkflowFailure) -> Mail:
    steps, consequence = event.steps, _CONSEQUENCES.get(event.reason)
    facts = [
        *([("Failed step:" if len(steps) == 1 else "Failed steps:", ", ".join(steps))] if steps else []),
        *format_error(event.error),
        *([("Consequence:", consequence)] if consequence else []),
        *_workflow_run_facts(event),
    ]
    return f'Workflow "{event.workflow_name}" has failed', MailContent(
        tone=Tone.FAILURE,
        headline=f'Your workflow "{event.workflow_name}" has failed.',
        facts=facts,
        button=_WORKFLOW_RUN,
        advice="The run can be resumed.",
        closing="You will get no more mails about this workflow until it has worked again.",
    )


def _workflow_run_facts(event: WorkflowFailure) -> list[Fact]:
    return [("Due:", format_time(event.due_at)), ("Workflow run:", to_global_id("WorkflowRun", event.run or ""))]


@describe_event.register
def _approval_requested(event: ApprovalRequested) -> Mail:
    waits = "is still waiting" if event.is_reminder else "is waiting"
    facts = [
        *([("Message:", event.message)] if event.message else []),
        ("Waiting since:", format_time(event.at)),
        *([("Decide until:", format_time(event.decide_until))] if event.decide_until else []),
        ("Workflow run:", to_global_id("WorkflowRun", event.run or "")),
    ]
    return f"{event.name} is waiting for your decision", MailContent(
        headline=f"The workflow step {event.name} {waits} for your decision.",
        facts=facts,
        button=_DECISION,
        advice="The page opens with the mutation decideApproval filled in: true completes the step, false fails it.",
    )


# --- incidents ------------------------------------------------------------------------------------------------------


describe_event.register(IncidentReport, describe_incident)


# --- outages of the network -------------------------------------------------------------------------------------------


describe_event.register(NetworkDown)(describe_network_down)
describe_event.register(NetworkUp)(describe_network_up)


# --- quotas and accounts ----------------------------------------------------------------------------------------------


@describe_event.register
def _quota_met(event: QuotaMet) -> Mail:
    return "You have reached a quota", MailContent(
        tone=Tone.WARNING,
        headline="Your account has reached a quota.",
        facts=[("Quota:", quota) for quota in event.quotas],
        advice="Runs that became due since then are in the history as MISSED, with the reason QUOTA. Retries and "
        "steps are delayed, mails of tasks are not sent, and the oldest history is deleted if there is too much. The "
        "query viewer { usage { quota used limit resetsAt } } shows all your quotas, and an administrator can raise "
        "them.",
        closing="You get this mail at most once a day.",
    )


@describe_event.register
def _link_requested(event: LinkRequested) -> Mail:
    if event.kind is EventKind.INVITATION:
        return _user_invited(event)
    if event.mail_purpose is not None:
        return _mail_address_requested(event, event.mail_purpose)
    confirms = event.kind is EventKind.EMAIL_CONFIRMATION
    return _email_confirmation_requested(event) if confirms else _password_reset_requested(event)


def _password_reset_requested(event: LinkRequested) -> Mail:
    return "Choose a new password", MailContent(
        headline="Someone requested a new password for your account.",
        opening="If it was you, open this link and choose one:",
        facts=[("Valid until:", format_time(event.good_until))],
        button=Button("Choose a new password"),
        closing="If it was not you, ignore this mail: nothing changes unless the link is used.",
    )


def _email_confirmation_requested(event: LinkRequested) -> Mail:
    """Return the mail with a link to confirm an address. It contains no text from the person who signed up."""
    return "Confirm your email address", MailContent(
        headline="Someone created an account with this email address on Tocsin, which calls URLs on schedule.",
        opening="If it was you, open this link and enter the password of the account:",
        facts=[("Valid until:", format_time(event.good_until))],
        button=Button("Confirm this address"),
        closing="If it was not you, ignore this mail: no other mail is sent to this address unless the link is used.",
    )


def _user_invited(event: LinkRequested) -> Mail:
    inviter = "An administrator" if event.inviter is None else event.inviter
    return "You are invited to Tocsin", MailContent(
        headline=f"{inviter} invites you to Tocsin, which calls URLs on schedule.",
        opening="Open this link and choose a password:",
        facts=[("Your address:", event.to or ""), ("Valid until:", format_time(event.good_until))],
        button=Button("Accept the invitation"),
        closing="If you do not want an account, ignore this mail.",
    )


def _mail_address_requested(event: LinkRequested, purpose: MailPurpose) -> Mail:
    """Return the mail with a link to confirm another address. Of the person who asks, it contains only the address."""
    return "Confirm this address for mails from Tocsin", MailContent(
        headline=f"{event.inviter} asks Tocsin, which calls URLs on schedule, to send mails to this address: "
        f"{_MAIL_PURPOSES[purpose]}.",
        opening="If you agree, open this link and confirm it:",
        facts=[("Your address:", event.to or ""), ("Valid until:", format_time(event.good_until))],
        button=Button("Confirm the address"),
        closing="If you do not agree, ignore this mail: these mails are not sent to this address unless the link is "
        "used. Each of them has a link that ends them.",
    )


@describe_event.register
def _refresh_token_reused(event: RefreshTokenReused) -> Mail:
    client = f"{event.opened_from or 'unknown'} {f'({event.user_agent})' if event.user_agent else ''}"
    return "One of your sessions was ended", MailContent(
        tone=Tone.WARNING,
        headline="One of your sessions was ended: its refresh token was used a second time, so someone may have a copy "
        "of it.",
        facts=[
            ("Logged in:", format_time(event.opened_at)),
            ("From:", client),
            ("Used again from:", event.reused_from or "unknown"),
        ],
        button=_ACCOUNT,
        advice="Log in again. If this repeats or you do not recognize the session, change your password to end all "
        "sessions.",
    )


@describe_event.register
def _password_changed(event: PasswordChanged) -> Mail:
    return "Your password was changed", MailContent(
        headline="The password of your account was changed, and your other sessions were ended.",
        facts=[("When:", format_time(event.at)), ("From:", event.address or "the command line")],
        button=_ACCOUNT,
        advice="If it was not you, request a new one there and tell your administrator.",
    )


@describe_event.register
def _channel_disabled(event: ChannelDisabled) -> Mail:
    return f'Channel "{event.channel_name}" was disabled', MailContent(
        tone=Tone.WARNING,
        headline=f'Your notification channel "{event.channel_name}" was disabled.',
        facts=[
            ("Reason:", event.reason),
            ("Kind:", event.channel_kind),
            ("Channel:", to_global_id("NotificationChannel", event.channel)),
        ],
        button=_CHANNEL,
        advice="Nothing is sent there any more. Correct its settings with updateNotificationChannel, try them with "
        "testNotificationChannel, and set isEnabled to true.",
    )
