"""What a notification of each event says: its subject and content, for all channels. Pure."""

from datetime import datetime
from functools import singledispatch

from tocsin.documents import RunReason, WorkflowRunReason, to_global_id
from tocsin.notifications.account_texts import (
    describe_channel_disabled,
    describe_link_requested,
    describe_mail_address_changed,
    describe_password_changed,
    describe_quota_met,
    describe_refresh_token_reused,
)
from tocsin.notifications.content import UNLESS_CHOSEN, Button, Fact, MailContent, Tone, format_error, format_time
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
def describe_event(event: Event) -> Mail:
    """Return the subject and the content of the notification of the event."""
    raise TypeError(f"there is no text about a {type(event).__name__}")


describe_event.register(describe_quota_met)
describe_event.register(describe_link_requested)
describe_event.register(describe_refresh_token_reused)
describe_event.register(describe_password_changed)
describe_event.register(describe_channel_disabled)
describe_event.register(describe_mail_address_changed)
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
            f"{UNLESS_CHOSEN} another mail when the next run replaces this one, which then counts as failed, and then "
            "no more about its failures until the task has worked again."
        )
    else:
        opening, facts = "It will be retried.", _next_attempt(event.retry_at)
        closing = (
            f"{UNLESS_CHOSEN} another mail only if this run fails permanently, and then no more about its failures "
            "until the task has worked again."
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
        closing=f"{UNLESS_CHOSEN} no more mails about failures of this task until it has worked again.",
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
        closing=f"{UNLESS_CHOSEN} another mail only if this run fails permanently, and then no more about its failures "
        "until the workflow has worked again.",
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
        closing=f"{UNLESS_CHOSEN} no more mails about failures of this workflow until it has worked again.",
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
