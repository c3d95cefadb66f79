"""The text of the mail about each event. Pure."""

from datetime import datetime
from functools import singledispatch

from tocsin.documents import RunReason, WorkflowRunReason, to_global_id
from tocsin.notifications.account_events import (
    ChannelDisabled,
    LinkRequested,
    PasswordChanged,
    QuotaMet,
    RefreshTokenReused,
)
from tocsin.notifications.channels.base import Message
from tocsin.notifications.channels.mail.layout import PAGE_PLACEHOLDER, Fact, format_error, format_mail, format_time
from tocsin.notifications.events import Event, EventKind
from tocsin.notifications.excerpts import truncate
from tocsin.notifications.run_events import ApprovalRequested, TaskFailure, WorkflowFailure
from tocsin.outbound.mail_text import to_single_line

LINK_PLACEHOLDER = "{link}"
"""A placeholder in the text for the content of `sealed`, which appears only in the mail itself."""
_MAX_REQUEST = 2_000
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


@singledispatch
def render_mail(event: Event) -> Message:
    """Return the mail about the event, with placeholders for what only the sent mail contains."""
    raise TypeError(f"there is no mail about a {type(event).__name__}")


# --- tasks and workflows ----------------------------------------------------------------------------------------------


@render_mail.register
def _task_failure(event: TaskFailure) -> Message:
    return _task_began_failing(event) if event.kind is EventKind.BEGAN_FAILING else _task_failed(event)


def _task_began_failing(event: TaskFailure) -> Message:
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
    text = format_mail(
        f'Your task "{event.task_name}" has started failing. {opening}',
        _task_facts(event, facts),
        closing,
    )
    return Message(f'Task "{event.task_name}" has started failing', text)


def _task_failed(event: TaskFailure) -> Message:
    reason = _NO_RETRY_REASONS.get(event.reason)
    text = format_mail(
        f'Your task "{event.task_name}" has failed. This run will not be retried.',
        _task_facts(event, [("No retry:", reason)] if reason else []),
        "You will get no more mails about this task until it has worked again.",
    )
    return Message(f'Task "{event.task_name}" has failed', text)


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
        ("Open:", PAGE_PLACEHOLDER),
    ]


@render_mail.register
def _workflow_failure(event: WorkflowFailure) -> Message:
    return _workflow_began_failing(event) if event.kind is EventKind.BEGAN_FAILING else _workflow_failed(event)


def _workflow_began_failing(event: WorkflowFailure) -> Message:
    text = format_mail(
        f'Your workflow "{event.workflow_name}" has started failing. Its step will be retried.',
        [
            ("Step:", ", ".join(event.steps)),
            *format_error(event.error),
            ("Attempts:", str(event.attempts)),
            *_next_attempt(event.retry_at),
            *_workflow_run_facts(event),
        ],
        "You will get another mail only if this run fails permanently, and then no more until the workflow has worked "
        "again.",
    )
    return Message(f'Workflow "{event.workflow_name}" has started failing', text)


def _workflow_failed(event: WorkflowFailure) -> Message:
    steps, consequence = event.steps, _CONSEQUENCES.get(event.reason)
    text = format_mail(
        f'Your workflow "{event.workflow_name}" has failed.',
        [
            *([("Failed step:" if len(steps) == 1 else "Failed steps:", ", ".join(steps))] if steps else []),
            *format_error(event.error),
            *([("Consequence:", consequence)] if consequence else []),
            *_workflow_run_facts(event),
        ],
        "You will get no more mails about this workflow until it has worked again. The run can be resumed.",
    )
    return Message(f'Workflow "{event.workflow_name}" has failed', text)


def _workflow_run_facts(event: WorkflowFailure) -> list[Fact]:
    return [
        ("Due:", format_time(event.due_at)),
        ("Workflow run:", to_global_id("WorkflowRun", event.run or "")),
        ("Open:", PAGE_PLACEHOLDER),
    ]


@render_mail.register
def _approval_requested(event: ApprovalRequested) -> Message:
    waits = "is still waiting" if event.is_reminder else "is waiting"
    text = format_mail(
        f"the workflow step {event.name} {waits} for your decision.",
        [
            *([("Message:", truncate(to_single_line(event.message), _MAX_REQUEST))] if event.message else []),
            ("Waiting since:", format_time(event.at)),
            *([("Decide until:", format_time(event.decide_until))] if event.decide_until else []),
            ("Workflow run:", to_global_id("WorkflowRun", event.run or "")),
            ("Decide here:", PAGE_PLACEHOLDER),
        ],
        "The page opens with the mutation decideApproval filled in: true completes the step, false fails it.",
    )
    return Message(f"{event.name} is waiting for your decision", text)


# --- quotas and accounts ----------------------------------------------------------------------------------------------


@render_mail.register
def _quota_met(event: QuotaMet) -> Message:
    text = format_mail(
        "Your account has reached a quota.",
        [("Quota:", quota) for quota in event.quotas],
        "Runs that became due since then are in the history as MISSED, with the reason QUOTA. Retries and steps are "
        "delayed, mails of tasks are not sent, and the oldest history is deleted if there is too much. The query "
        "viewer { usage { quota used limit resetsAt } } shows all your quotas, and an administrator can raise them. "
        "You get this mail at most once a day.",
    )
    return Message("You have reached a quota", text)


@render_mail.register
def _link_requested(event: LinkRequested) -> Message:
    if event.kind is EventKind.INVITATION:
        return _user_invited(event)
    confirms = event.kind is EventKind.EMAIL_CONFIRMATION
    return _email_confirmation_requested(event) if confirms else _password_reset_requested(event)


def _password_reset_requested(event: LinkRequested) -> Message:
    text = format_mail(
        "Someone requested a new password for your account. If it was you, open this link and choose one:",
        [("", LINK_PLACEHOLDER), ("Valid until:", format_time(event.good_until))],
        "If it was not you, ignore this mail: nothing changes unless the link is used.",
    )
    return Message("Choose a new password", text)


def _email_confirmation_requested(event: LinkRequested) -> Message:
    """Return the mail with a link to confirm an address. It contains no text from the person who signed up."""
    text = format_mail(
        "Someone created an account with this email address on Tocsin, which calls URLs on schedule. If it was you, "
        "open this link and enter the password of the account:",
        [("", LINK_PLACEHOLDER), ("Valid until:", format_time(event.good_until))],
        "If it was not you, ignore this mail: no other mail is sent to this address unless the link is used.",
    )
    return Message("Confirm your email address", text)


def _user_invited(event: LinkRequested) -> Message:
    inviter = "An administrator" if event.inviter is None else to_single_line(event.inviter)
    text = format_mail(
        f"{inviter} invites you to Tocsin, which calls URLs on schedule. Open this link and choose a password:",
        [("", LINK_PLACEHOLDER), ("Your address:", event.to or ""), ("Valid until:", format_time(event.good_until))],
        "If you do not want an account, ignore this mail.",
    )
    return Message("You are invited to Tocsin", text)


@render_mail.register
def _refresh_token_reused(event: RefreshTokenReused) -> Message:
    client = f"{event.opened_from or 'unknown'} {f'({event.user_agent})' if event.user_agent else ''}"
    facts: list[Fact] = [
        ("Logged in:", format_time(event.opened_at)),
        ("From:", to_single_line(client)),
        ("Used again from:", event.reused_from or "unknown"),
        ("New password:", PAGE_PLACEHOLDER),
    ]
    text = format_mail(
        "One of your sessions was ended: its refresh token was used a second time, so someone may have a copy of it.",
        facts,
        "Log in again. If this repeats or you do not recognize the session, change your password to end all sessions.",
    )
    return Message("One of your sessions was ended", text)


@render_mail.register
def _password_changed(event: PasswordChanged) -> Message:
    facts = [
        ("When:", format_time(event.at)),
        ("From:", event.address or "the command line"),
        ("New password:", PAGE_PLACEHOLDER),
    ]
    text = format_mail(
        "The password of your account was changed, and your other sessions were ended.",
        facts,
        "If it was not you, request a new one there and tell your administrator.",
    )
    return Message("Your password was changed", text)


@render_mail.register
def _channel_disabled(event: ChannelDisabled) -> Message:
    facts = [
        ("Reason:", event.reason),
        ("Kind:", event.channel_kind),
        ("Channel:", to_global_id("NotificationChannel", event.channel)),
        ("Open:", PAGE_PLACEHOLDER),
    ]
    text = format_mail(
        f'Your notification channel "{event.channel_name}" was disabled.',
        facts,
        "Nothing is sent there any more. Correct its settings with updateNotificationChannel, try them with "
        "testNotificationChannel, and set isEnabled to true.",
    )
    return Message(f'Channel "{event.channel_name}" was disabled', text)
