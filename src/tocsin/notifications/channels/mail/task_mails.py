"""The mails about failing tasks: delivery documents made from runs and attempts. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from tocsin.documents import Doc, RunReason, parent_of, to_global_id
from tocsin.notifications.channels.mail.layout import (
    PAGE_PLACEHOLDER,
    Fact,
    format_mail,
    format_time,
    new_delivery,
    to_single_line,
    truncate,
)
from tocsin.notifications.pages import run_page_path

BEGAN_FAILING = "BEGAN_FAILING"
FAILED_FOR_GOOD = "FAILED_FOR_GOOD"
INCIDENT_MAIL_KINDS = (BEGAN_FAILING, FAILED_FOR_GOOD)
"""The kinds of mails, by the stage of an incident."""

_MAX_NAME = 80
_MAX_URL = 300
_MAX_MESSAGE = 500
_URL = re.compile(r"[a-z][a-z0-9+.-]{0,30}://[^\s\"'<>]+", re.IGNORECASE)
_NO_RETRY_REASONS = {
    RunReason.RETRIES_USED_UP.value: "All retries are used up.",
    RunReason.NOT_RETRIED.value: "Failures of this kind are not retried.",
    RunReason.GAVE_WAY.value: "The task's next due time came before the next attempt.",
    RunReason.LOST_TOO_OFTEN.value: "The processes that made the attempts died too often in a row.",
    RunReason.TASK_PAUSED.value: "The task was paused.",
    RunReason.TASK_CANCELLED.value: "The task was cancelled.",
    RunReason.TASK_DELETED.value: "The task was deleted.",
}


def task_began_failing_mail(
    run: Mapping[str, Any], attempt: Mapping[str, Any], retry_at: datetime, next_due: datetime | None = None
) -> Doc:
    """Return the mail about the first failed attempt of a task that worked before.

    A retry is dropped in favour of the next run of the task if `next_due` is not later than `retry_at`.
    """
    if next_due is not None and next_due <= retry_at:
        return _began_without_retry(run, attempt, retry_at, next_due)
    text = format_mail(
        f'Your task "{display_task_name(run)}" has started failing. It will be retried.',
        [*_failure_facts(run, attempt), ("Next attempt:", format_time(retry_at)), *_run_facts(run)],
        "You will get another mail only if this run fails permanently, and then no more until the task has worked "
        "again.",
    )
    return _began(run, attempt, text)


def _began_without_retry(
    run: Mapping[str, Any], attempt: Mapping[str, Any], retry_at: datetime, next_due: datetime
) -> Doc:
    no_retry = f"The next attempt would be at {format_time(retry_at)}, but the task is due again before then."
    text = format_mail(
        f'Your task "{display_task_name(run)}" has started failing. This run will not be retried: '
        "the next one is due first.",
        [
            *_failure_facts(run, attempt),
            ("No retry:", no_retry),
            ("Next run:", format_time(next_due)),
            *_run_facts(run),
        ],
        "You will get another mail when the next run replaces this one, which then counts as failed, and then no more "
        "until the task has worked again.",
    )
    return _began(run, attempt, text)


def _began(run: Mapping[str, Any], attempt: Mapping[str, Any], text: str) -> Doc:
    return _delivery(run, 0, f'Task "{display_task_name(run)}" has started failing', text, _end_time(run, attempt))


def task_failed_mail(run: Mapping[str, Any], attempt: Mapping[str, Any] | None) -> Doc:
    """Return the mail about a run that is not retried. `attempt` defaults to the last one in the run."""
    name = display_task_name(run)
    attempts: Sequence[Mapping[str, Any]] = run.get("attempts") or [{}]
    last = attempts[-1] if attempt is None else attempt
    text = format_mail(
        f'Your task "{name}" has failed. This run will not be retried.',
        [*_failure_facts(run, last), *_no_retry_facts(run), *_run_facts(run)],
        "You will get no more mails about this task until it has worked again.",
    )
    return _delivery(run, 1, f'Task "{name}" has failed', text, _end_time(run, last))


def incident_delivery_id(thing: str, incident: int | None, stage: int) -> str:
    """Return the id of the mail about a stage of a task's or workflow's incident: 0 started failing, 1 failed."""
    place = thing if incident is None else f"{thing}:{incident}"
    return f"{place}:{('began', 'failed')[stage]}"


def redact_url(url: str) -> str:
    """Remove the parts of `url` that may be secret: user, password, query string and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(an invalid URL)"
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
    return truncate(bare.geturl(), _MAX_URL)


def _delivery(run: Mapping[str, Any], stage: int, subject: str, text: str, at: datetime) -> Doc:
    run_id, incident = str(run["_id"]), run.get("incident")
    task = str(run.get("task") or parent_of(run_id))
    cause = incident_delivery_id(run_id if incident is None else task, incident, stage)
    about = None if incident is None else {"type": "Task", "id": task, "incident": incident, "stage": stage}
    kind, link = INCIDENT_MAIL_KINDS[stage], run_page_path(run_id)
    return new_delivery(cause, run["owner"], kind, subject, text, at, run_id, link=link, about=about)


def _failure_facts(run: Mapping[str, Any], attempt: Mapping[str, Any]) -> list[Fact]:
    error = attempt.get("error") or run.get("error") or {}
    called = ("Called:", _describe_call(run, attempt))
    return [called, *error_facts(error), ("Attempts:", str(_count_attempts(run, attempt)))]


def error_facts(error: Mapping[str, Any]) -> list[Fact]:
    """Return the facts about a stored error, without what may be secret."""
    message = _redact_message(error.get("message") or "") or "The reason is unknown."
    hint = _redact_message(error.get("hint") or "")
    return [("Error:", message), *([("Hint:", hint)] if hint else [])]


def _describe_call(run: Mapping[str, Any], attempt: Mapping[str, Any]) -> str:
    job = run["job"]
    call = attempt.get("request") or job.get("params") or {}
    url = call.get("url")
    if isinstance(url, str):
        return to_single_line(f"{call.get('method') or 'GET'} {redact_url(url)}")
    return f"the job {to_single_line(str(job['kind']))}"


def _run_facts(run: Mapping[str, Any]) -> list[Fact]:
    return [
        ("Due:", format_time(run["due_at"])),
        ("Run:", to_global_id("Run", run["_id"])),
        ("Open:", PAGE_PLACEHOLDER),
    ]


def _no_retry_facts(run: Mapping[str, Any]) -> list[Fact]:
    why = _NO_RETRY_REASONS.get(str(run.get("reason")))
    return [("No retry:", why)] if why else []


def _count_attempts(run: Mapping[str, Any], attempt: Mapping[str, Any]) -> int:
    return max(len(run.get("attempts") or ()), int(attempt.get("number") or 0))


def _end_time(run: Mapping[str, Any], attempt: Mapping[str, Any]) -> datetime:
    moment: datetime = run.get("finished_at") or attempt.get("finished_at") or run["due_at"]
    return moment


def display_task_name(run: Mapping[str, Any]) -> str:
    """Return the name of the run's task as shown in a mail."""
    return truncate(to_single_line(str(run["task_name"])), _MAX_NAME)


def _redact_message(message: str) -> str:
    """Return the message on one line, with its URLs redacted: one may have a token in its query."""
    return truncate(_URL.sub(lambda match: redact_url(match[0]), to_single_line(message)), _MAX_MESSAGE)
