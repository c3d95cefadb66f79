"""What notifications say of tasks that paused or missed runs, of what has ended, and of new API tokens. Pure."""

from tocsin.documents import ReplayStatus, RunReason, to_global_id
from tocsin.notifications.account_events import ApiTokenCreated
from tocsin.notifications.content import Button, Fact, MailContent, Tone, format_error, format_time
from tocsin.notifications.events import EventKind
from tocsin.notifications.outcome_events import ReplayEnded, ReportReady, WorkflowEnded
from tocsin.notifications.task_events import RunsMissed, TaskPaused

Mail = tuple[str, MailContent]
"""A subject and the content."""
_RUN = Button("Open the run", "Open:")
_REPORT = Button("Open the report", "Open:")
_WORKFLOW_RUN = Button("Open the workflow run", "Open:")
_ACCOUNT = Button("Choose a new password", "New password:")
_REPLAY = Button("Open the replay", "Open:")
_MISSED_REASONS: dict[str | None, str] = {
    RunReason.MISFIRE: "No server could run it in time.",
    RunReason.OVERLAP: "The previous run had not ended.",
    RunReason.OVERLAP_LIMIT: "Too many of its runs were open.",
    RunReason.QUOTA: "A quota was used up.",
}


def describe_task_paused(event: TaskPaused) -> Mail:
    """Return what is said of a task that has paused itself, or was paused because it cannot be read."""
    if event.error is None:
        return _describe_unreadable(event)
    return f'Task "{event.task_name}" is paused', MailContent(
        tone=Tone.FAILURE,
        headline=f'Your task "{event.task_name}" has paused itself, because its runs keep failing.',
        opening="It will not run any more until you resume it.",
        facts=[
            ("Failed in a row:", str(event.failures)),
            *format_error(event.error),
            ("Run:", to_global_id("Run", event.run or "")),
        ],
        button=_RUN,
        advice="Correct the cause, then resume the task with resumeTask. What is due meanwhile is not caught up.",
    )


def _describe_unreadable(event: TaskPaused) -> Mail:
    return f'Task "{event.task_name}" is paused', MailContent(
        tone=Tone.FAILURE,
        headline=f'Your task "{event.task_name}" was paused, because it cannot be read any more.',
        opening="It will not run until you correct and resume it.",
        facts=[("When:", format_time(event.at))],
        advice="A time zone that no longer exists can be the cause. Set its schedule with updateTask, then resume it "
        "with resumeTask.",
    )


def describe_runs_missed(event: RunsMissed) -> Mail:
    """Return what is said of due times that a task has missed."""
    is_one, reason = event.count == 1, _MISSED_REASONS.get(event.reason)
    missed = "a run" if is_one else f"{event.count:,} runs"
    return f'Task "{event.task_name}" has missed {missed}', MailContent(
        tone=Tone.WARNING,
        headline=f'Your task "{event.task_name}" has missed {missed}.',
        facts=[
            *([("Reason:", reason)] if reason else []),
            ("Was due:" if is_one else "First due:", format_time(event.due_at)),
            ("Run:", to_global_id("Run", event.run)),
        ],
        button=_RUN,
        closing="You will get no more mails about missed runs of this task until one of its runs has succeeded.",
    )


def describe_workflow_ended(event: WorkflowEnded) -> Mail:
    """Return what is said of a workflow run that was completed or has failed."""
    failed = event.kind is EventKind.WORKFLOW_FAILED
    outcome = "has failed" if failed else "is finished"
    return f'Workflow "{event.workflow_name}" {outcome}', MailContent(
        tone=Tone.FAILURE if failed else Tone.SUCCESS,
        headline=f'A run of your workflow "{event.workflow_name}" {outcome}.',
        facts=[
            *_failed_steps(event),
            *(format_error(event.error) if event.error else []),
            ("Due:", format_time(event.due_at)),
            ("Ended:", format_time(event.at)),
            ("Workflow run:", to_global_id("WorkflowRun", event.run)),
        ],
        button=_WORKFLOW_RUN,
        advice="The run can be resumed." if failed else "The page shows its steps.",
    )


def _failed_steps(event: WorkflowEnded) -> list[Fact]:
    if not event.steps:
        return []
    return [("Failed step:" if len(event.steps) == 1 else "Failed steps:", ", ".join(event.steps))]


def describe_report_ready(event: ReportReady) -> Mail:
    """Return what is said of a report. It has no link to the file, which would open it to all readers of a chat."""
    return f'Report "{event.file_name}" is ready', MailContent(
        headline=f'The report "{event.file_name}" is ready.',
        facts=[
            ("Task:", event.task_name),
            ("Size:", f"{event.size:,} bytes"),
            ("Rows:", f"{event.rows:,}"),
            ("Due:", format_time(event.due_at)),
            ("Run:", to_global_id("Run", event.run)),
        ],
        button=_REPORT,
        advice="The page has the link to the file, in the result of the run.",
    )


def describe_replay_ended(event: ReplayEnded) -> Mail:
    """Return what is said of a replay that has ended."""
    is_stopped = event.status is ReplayStatus.FAILED
    outcome = "was stopped" if is_stopped else "is finished"
    return f"Your replay {outcome}", MailContent(
        tone=Tone.WARNING if is_stopped or event.failed else Tone.NOTICE,
        headline=f"Your replay of dead letters {outcome}.",
        facts=[
            *([("Reason:", event.reason)] if event.reason else []),
            ("Selected:", f"{event.selected:,}"),
            ("Sent:", f"{event.sent:,}"),
            ("Succeeded:", f"{event.succeeded:,}"),
            ("Failed again:", f"{event.failed:,}"),
            *([("Skipped:", f"{event.skipped:,}")] if event.skipped else []),
        ],
        button=_REPLAY,
        advice="Runs that were not sent, or have failed again, are still dead letters.",
    )


def describe_api_token_created(event: ApiTokenCreated) -> Mail:
    """Return what is said of a new API token."""
    return f'API token "{event.token_name}" was created', MailContent(
        tone=Tone.WARNING,
        headline=f'The API token "{event.token_name}" was created for your account.',
        facts=[
            ("Ends with:", event.hint),
            ("Scopes:", ", ".join(event.scopes)),
            ("Expires:", "never" if event.expires_at is None else format_time(event.expires_at)),
            ("When:", format_time(event.at)),
            ("From:", event.address or "the command line"),
        ],
        button=_ACCOUNT,
        advice="If it was not you, revoke it with revokeApiToken, choose a new password, and tell your administrator.",
    )
