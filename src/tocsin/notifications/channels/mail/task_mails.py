"""The mails about failing tasks. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from tocsin.documents import RunDocument, RunReason, to_global_id
from tocsin.notifications.channels.base import Content
from tocsin.notifications.channels.mail.layout import (
    PAGE_PLACEHOLDER,
    Fact,
    format_mail,
    format_time,
    to_single_line,
    truncate,
)
from tocsin.notifications.events import TaskFailure

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


def write_task_failure(failure: TaskFailure) -> Content:
    """Write about a failed run: that the task started failing, or, without a retry, that it failed."""
    if failure.retry_at is None:
        return _write_failed(failure.run, failure.attempt)
    attempt: Mapping[str, Any] = failure.attempt or {}
    if failure.next_due is not None and failure.next_due <= failure.retry_at:
        return _write_began_without_retry(failure.run, attempt, failure.retry_at, failure.next_due)
    return _write_began(failure.run, attempt, failure.retry_at)


def _write_began(run: RunDocument, attempt: Mapping[str, Any], retry_at: datetime) -> Content:
    name = display_task_name(run)
    text = format_mail(
        f'Your task "{name}" has started failing. It will be retried.',
        [*_failure_facts(run, attempt), ("Next attempt:", format_time(retry_at)), *_run_facts(run)],
        "You will get another mail only if this run fails permanently, and then no more until the task has worked "
        "again.",
    )
    return Content(f'Task "{name}" has started failing', text)


def _write_began_without_retry(
    run: RunDocument, attempt: Mapping[str, Any], retry_at: datetime, next_due: datetime
) -> Content:
    name = display_task_name(run)
    no_retry = f"The next attempt would be at {format_time(retry_at)}, but the task is due again before then."
    text = format_mail(
        f'Your task "{name}" has started failing. This run will not be retried: the next one is due first.',
        [
            *_failure_facts(run, attempt),
            ("No retry:", no_retry),
            ("Next run:", format_time(next_due)),
            *_run_facts(run),
        ],
        "You will get another mail when the next run replaces this one, which then counts as failed, and then no more "
        "until the task has worked again.",
    )
    return Content(f'Task "{name}" has started failing', text)


def _write_failed(run: RunDocument, attempt: Mapping[str, Any] | None) -> Content:
    name = display_task_name(run)
    text = format_mail(
        f'Your task "{name}" has failed. This run will not be retried.',
        [*_failure_facts(run, attempt or {}), *_no_retry_facts(run), *_run_facts(run)],
        "You will get no more mails about this task until it has worked again.",
    )
    return Content(f'Task "{name}" has failed', text)


def redact_url(url: str) -> str:
    """Remove the parts of `url` that may be secret: user, password, query string and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(an invalid URL)"
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
    return truncate(bare.geturl(), _MAX_URL)


def _failure_facts(run: RunDocument, attempt: Mapping[str, Any]) -> list[Fact]:
    error = attempt.get("error") or run.get("error") or {}
    called = ("Called:", _describe_call(run, attempt))
    return [called, *error_facts(error), ("Attempts:", str(_count_attempts(run, attempt)))]


def error_facts(error: Mapping[str, Any]) -> list[Fact]:
    """Return the facts about a stored error, without what may be secret."""
    message = _redact_message(error.get("message") or "") or "The reason is unknown."
    hint = _redact_message(error.get("hint") or "")
    return [("Error:", message), *([("Hint:", hint)] if hint else [])]


def _describe_call(run: RunDocument, attempt: Mapping[str, Any]) -> str:
    job = run["job"]
    call: Mapping[str, Any] = attempt.get("request") or job.get("params") or {}
    url = call.get("url")
    if isinstance(url, str):
        return to_single_line(f"{call.get('method') or 'GET'} {redact_url(url)}")
    return f"the job {to_single_line(str(job['kind']))}"


def _run_facts(run: RunDocument) -> list[Fact]:
    return [
        ("Due:", format_time(run["due_at"])),
        ("Run:", to_global_id("Run", run["_id"])),
        ("Open:", PAGE_PLACEHOLDER),
    ]


def _no_retry_facts(run: RunDocument) -> list[Fact]:
    why = _NO_RETRY_REASONS.get(str(run.get("reason")))
    return [("No retry:", why)] if why else []


def _count_attempts(run: RunDocument, attempt: Mapping[str, Any]) -> int:
    return max(len(run.get("attempts") or ()), int(attempt.get("number") or 0))


def display_task_name(run: RunDocument) -> str:
    """Return the name of the run's task as shown in a mail."""
    return truncate(to_single_line(str(run["task_name"])), _MAX_NAME)


def _redact_message(message: str) -> str:
    """Return the message on one line, with its URLs redacted: one may have a token in its query."""
    return truncate(_URL.sub(lambda match: redact_url(match[0]), to_single_line(message)), _MAX_MESSAGE)
