"""The mails about failing scheduled workflows. Pure.

The first mail is only for a workflow whose step is to be retried: a run that fails at once causes one mail.
"""

from tocsin.documents import WorkflowRunReason, to_global_id
from tocsin.notifications.channels.base import Message
from tocsin.notifications.channels.mail.layout import PAGE_PLACEHOLDER, Fact, format_error, format_mail, format_time
from tocsin.notifications.events import WorkflowBeganFailing, WorkflowFailed

_CONSEQUENCES: dict[str | None, str] = {
    WorkflowRunReason.TIMEOUT: "It took longer than its timeout.",
    WorkflowRunReason.COMPENSATED: "The completed steps were undone by their compensations.",
    WorkflowRunReason.COMPENSATION_FAILED: "A compensation failed too: see which steps were not undone.",
}


def workflow_began_failing_mail(event: WorkflowBeganFailing) -> Message:
    """Return the mail about a failed step that is to be retried."""
    text = format_mail(
        f'Your workflow "{event.workflow_name}" has started failing. Its step will be retried.',
        [
            ("Step:", event.step),
            *format_error(event.error),
            ("Attempts:", str(event.attempts)),
            ("Next attempt:", format_time(event.retry_at)),
            *_run_facts(event),
        ],
        "You will get another mail only if this run fails permanently, and then no more until the workflow has worked "
        "again.",
    )
    return Message(f'Workflow "{event.workflow_name}" has started failing', text)


def workflow_failed_mail(event: WorkflowFailed) -> Message:
    """Return the mail about a failed run and its failed steps."""
    steps, consequence = event.steps, _CONSEQUENCES.get(event.reason)
    text = format_mail(
        f'Your workflow "{event.workflow_name}" has failed.',
        [
            *([("Failed step:" if len(steps) == 1 else "Failed steps:", ", ".join(steps))] if steps else []),
            *format_error(event.error),
            *([("Consequence:", consequence)] if consequence else []),
            *_run_facts(event),
        ],
        "You will get no more mails about this workflow until it has worked again. The run can be resumed.",
    )
    return Message(f'Workflow "{event.workflow_name}" has failed', text)


def _run_facts(event: WorkflowBeganFailing | WorkflowFailed) -> list[Fact]:
    return [
        ("Due:", format_time(event.due_at)),
        ("Workflow run:", to_global_id("WorkflowRun", event.run or "")),
        ("Open:", PAGE_PLACEHOLDER),
    ]
