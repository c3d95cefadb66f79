"""The mails about failing scheduled workflows, and about steps that wait for a decision. Pure.

The first mail about a failure is only for a workflow whose step is to be retried: a run that fails at once causes one.
"""

from tocsin.documents import WorkflowRunDocument, WorkflowRunReason, step_of, to_global_id
from tocsin.notifications.channels.base import Content
from tocsin.notifications.channels.mail.layout import (
    PAGE_PLACEHOLDER,
    Fact,
    format_mail,
    format_time,
    to_single_line,
    truncate,
)
from tocsin.notifications.channels.mail.task_mails import error_facts
from tocsin.notifications.events import ApprovalRequest, WorkflowFailure, WorkflowStepFailure

_MAX_NAME = 80
_MAX_MESSAGE = 2_000
_CONSEQUENCES = {
    WorkflowRunReason.TIMEOUT.value: "It took longer than its timeout.",
    WorkflowRunReason.COMPENSATED.value: "The completed steps were undone by their compensations.",
    WorkflowRunReason.COMPENSATION_FAILED.value: "A compensation failed too: see which steps were not undone.",
}


def write_step_failure(failure: WorkflowStepFailure) -> Content:
    """Write about a failed step, which is to be retried, of a workflow that worked before."""
    workflow_run, step_run = failure.workflow_run, failure.step_run
    name, attempts = _display_name(workflow_run), step_run.get("attempts") or []
    text = format_mail(
        f'Your workflow "{name}" has started failing. Its step will be retried.',
        [
            ("Step:", step_of(step_run["_id"]) or ""),
            *error_facts((attempts[-1].get("error") if attempts else None) or {}),
            ("Attempts:", str(max(len(attempts), 1))),
            ("Next attempt:", format_time(step_run["retry_at"] or workflow_run["due_at"])),
            *_run_facts(workflow_run),
        ],
        "You will get another mail only if this run fails permanently, and then no more until the workflow has worked "
        "again.",
    )
    return Content(f'Workflow "{name}" has started failing', text)


def write_workflow_failure(failure: WorkflowFailure) -> Content:
    """Write about a failed scheduled run and its failed steps."""
    workflow_run, steps = failure.workflow_run, failure.steps
    name, why = _display_name(workflow_run), _CONSEQUENCES.get(str(workflow_run["reason"]))
    text = format_mail(
        f'Your workflow "{name}" has failed.',
        [
            *([("Failed step:" if len(steps) == 1 else "Failed steps:", ", ".join(steps))] if steps else []),
            *error_facts(workflow_run["error"] or {}),
            *([("Consequence:", why)] if why else []),
            *_run_facts(workflow_run),
        ],
        "You will get no more mails about this workflow until it has worked again. The run can be resumed.",
    )
    return Content(f'Workflow "{name}" has failed', text)


def write_approval_request(request: ApprovalRequest) -> Content:
    """Ask for a decision, or remind of it."""
    name = to_single_line(f"{request.workflow_name} / {request.step}")
    again = "is still waiting" if request.is_reminder else "is waiting"
    message = truncate(to_single_line(request.message), _MAX_MESSAGE) if request.message else ""
    text = format_mail(
        f"the workflow step {name} {again} for your decision.",
        [
            *([("Message:", message)] if message else []),
            ("Waiting since:", format_time(request.since)),
            *([("Decide until:", format_time(request.until))] if request.until else []),
            ("Workflow run:", to_global_id("WorkflowRun", request.workflow_run_id)),
            ("Decide here:", PAGE_PLACEHOLDER),
        ],
        "The page opens with the mutation decideApproval filled in: true completes the step, false fails it.",
    )
    return Content(f"{name} is waiting for your decision", text)


def _run_facts(workflow_run: WorkflowRunDocument) -> list[Fact]:
    return [
        ("Due:", format_time(workflow_run["due_at"])),
        ("Workflow run:", to_global_id("WorkflowRun", workflow_run["_id"])),
        ("Open:", PAGE_PLACEHOLDER),
    ]


def _display_name(workflow_run: WorkflowRunDocument) -> str:
    return truncate(to_single_line(str(workflow_run["name"])), _MAX_NAME)
