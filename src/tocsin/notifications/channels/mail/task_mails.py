"""The mails about failing tasks. Pure."""

from tocsin.documents import RunReason, to_global_id
from tocsin.notifications.channels.base import Message
from tocsin.notifications.channels.mail.layout import PAGE_PLACEHOLDER, Fact, format_error, format_mail, format_time
from tocsin.notifications.events import TaskBeganFailing, TaskFailed

_NO_RETRY_REASONS: dict[str | None, str] = {
    RunReason.RETRIES_USED_UP: "All retries are used up.",
    RunReason.NOT_RETRIED: "Failures of this kind are not retried.",
    RunReason.GAVE_WAY: "The task's next due time came before the next attempt.",
    RunReason.LOST_TOO_OFTEN: "The processes that made the attempts died too often in a row.",
    RunReason.TASK_PAUSED: "The task was paused.",
    RunReason.TASK_CANCELLED: "The task was cancelled.",
    RunReason.TASK_DELETED: "The task was deleted.",
}


def task_began_failing_mail(event: TaskBeganFailing) -> Message:
    """Return the mail about the first failed attempt of a task that worked before."""
    retry_at, next_due = format_time(event.retry_at), event.next_due
    if next_due is not None and next_due <= event.retry_at:
        opening = "This run will not be retried: the next one is due first."
        facts = [
            ("No retry:", f"The next attempt would be at {retry_at}, but the task is due again before then."),
            ("Next run:", format_time(next_due)),
        ]
        closing = (
            "You will get another mail when the next run replaces this one, which then counts as failed, and then no "
            "more until the task has worked again."
        )
    else:
        opening, facts = "It will be retried.", [("Next attempt:", retry_at)]
        closing = (
            "You will get another mail only if this run fails permanently, and then no more until the task has worked "
            "again."
        )
    text = format_mail(
        f'Your task "{event.task_name}" has started failing. {opening}',
        [*_failure_facts(event), *facts, *_run_facts(event)],
        closing,
    )
    return Message(f'Task "{event.task_name}" has started failing', text)


def task_failed_mail(event: TaskFailed) -> Message:
    """Return the mail about a run that is not retried."""
    reason = _NO_RETRY_REASONS.get(event.reason)
    text = format_mail(
        f'Your task "{event.task_name}" has failed. This run will not be retried.',
        [*_failure_facts(event), *([("No retry:", reason)] if reason else []), *_run_facts(event)],
        "You will get no more mails about this task until it has worked again.",
    )
    return Message(f'Task "{event.task_name}" has failed', text)


def _failure_facts(event: TaskBeganFailing | TaskFailed) -> list[Fact]:
    return [("Called:", event.called), *format_error(event.error), ("Attempts:", str(event.attempts))]


def _run_facts(event: TaskBeganFailing | TaskFailed) -> list[Fact]:
    return [
        ("Due:", format_time(event.due_at)),
        ("Run:", to_global_id("Run", event.run or "")),
        ("Open:", PAGE_PLACEHOLDER),
    ]
