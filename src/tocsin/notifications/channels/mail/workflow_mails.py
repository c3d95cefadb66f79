"""The mails about failing scheduled workflows: delivery documents made from workflow runs. Pure.

The first mail is only for a workflow whose step is to be retried: a run that fails at once causes one mail.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tocsin.documents import Doc, WorkflowRunReason, step_of, to_global_id
from tocsin.notifications.channels.mail.layout import (
    PAGE_PLACEHOLDER,
    Fact,
    format_mail,
    format_time,
    new_delivery,
    to_single_line,
    truncate,
)
from tocsin.notifications.channels.mail.task_mails import INCIDENT_MAIL_KINDS, error_facts, incident_delivery_id
from tocsin.notifications.pages import run_page_path

APPROVAL_MAIL_KIND = "APPROVAL"
"""The kind of a mail that requests a decision."""
_MAX_NAME = 80
_CONSEQUENCES = {
    WorkflowRunReason.TIMEOUT.value: "It took longer than its timeout.",
    WorkflowRunReason.COMPENSATED.value: "The completed steps were undone by their compensations.",
    WorkflowRunReason.COMPENSATION_FAILED.value: "A compensation failed too: see which steps were not undone.",
}


def workflow_began_failing_mail(workflow_run: Mapping[str, Any], step_run: Mapping[str, Any]) -> Doc:
    """Return the mail about a failed step, which is to be retried, of a scheduled workflow that worked before."""
    name, attempts = _display_name(workflow_run), step_run.get("attempts") or [{}]
    text = format_mail(
        f'Your workflow "{name}" has started failing. Its step will be retried.',
        [
            ("Step:", step_of(step_run["_id"]) or ""),
            *error_facts(attempts[-1].get("error") or {}),
            ("Attempts:", str(len(attempts))),
            ("Next attempt:", format_time(step_run["retry_at"])),
            *_run_facts(workflow_run),
        ],
        "You will get another mail only if this run fails permanently, and then no more until the workflow has worked "
        "again.",
    )
    at = attempts[-1].get("finished_at") or workflow_run["due_at"]
    return _delivery(workflow_run, workflow_run["incident"], 0, f'Workflow "{name}" has started failing', text, at)


def workflow_failed_mail(workflow_run: Mapping[str, Any], incident: int, steps: list[str]) -> Doc:
    """Return the mail about a failed scheduled run and its failed steps."""
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
    return _delivery(workflow_run, incident, 1, f'Workflow "{name}" has failed', text, workflow_run["finished_at"])


def _run_facts(workflow_run: Mapping[str, Any]) -> list[Fact]:
    return [
        ("Due:", format_time(workflow_run["due_at"])),
        ("Workflow run:", to_global_id("WorkflowRun", workflow_run["_id"])),
        ("Open:", PAGE_PLACEHOLDER),
    ]


def _delivery(workflow_run: Mapping[str, Any], incident: int, stage: int, subject: str, text: str, at: datetime) -> Doc:
    workflow, run_id = workflow_run["workflow"], workflow_run["_id"]
    about = {"type": "Workflow", "id": workflow, "incident": incident, "stage": stage}
    cause = incident_delivery_id(workflow, incident, stage)
    owner = workflow_run["owner"]
    return new_delivery(
        cause, owner, INCIDENT_MAIL_KINDS[stage], subject, text, at, run_id, link=run_page_path(run_id), about=about
    )


def _display_name(workflow_run: Mapping[str, Any]) -> str:
    return truncate(to_single_line(str(workflow_run["name"])), _MAX_NAME)
