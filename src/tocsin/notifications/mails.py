"""The texts of the mails. Pure: a run and its attempt in, a delivery document out."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from tocsin.documents import Doc, RunReason, task_of
from tocsin.notifications.letters import Line, letter, one_line, shortened, time_text

BEGAN_FAILING = "BEGAN_FAILING"
FAILED_FOR_GOOD = "FAILED_FOR_GOOD"

_LONGEST_NAME = 80
_LONGEST_URL = 300
_LONGEST_MESSAGE = 500
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"'<>]+", re.IGNORECASE)
_WHY_NO_MORE = {
    RunReason.RETRIES_USED_UP.value: "All retries are used up.",
    RunReason.NOT_RETRIED.value: "A failure of this kind is not retried.",
    RunReason.GAVE_WAY.value: "The task's next due time came before the next try.",
    RunReason.LOST_TOO_OFTEN.value: "The processes that made the tries died, too often in a row.",
    RunReason.TASK_PAUSED.value: "The task was paused.",
    RunReason.TASK_CANCELLED.value: "The task was cancelled.",
    RunReason.TASK_DELETED.value: "The task was deleted.",
}


def began_failing(run: Mapping[str, Any], attempt: Mapping[str, Any], retry_at: datetime) -> Doc:
    """The mail about the first failed attempt of a task that worked: why, and when the next try is."""
    name = _name(run)
    text = letter(
        f'your task "{name}" has begun to fail. It will be tried again.',
        [*_what(run, attempt), ("Next try:", time_text(retry_at)), *_which(run)],
        "You will hear of it again only if this run fails for good. "
        "After that no mail comes until the task has worked again.",
    )
    subject = f'Task "{name}" has begun to fail'
    return _delivery(run, "began", BEGAN_FAILING, subject, text, _ended(run, attempt))


def failed_for_good(run: Mapping[str, Any], attempt: Mapping[str, Any] | None) -> Doc:
    """The mail about a run that is not tried again. `attempt` is its last; None looks for it in the run."""
    name = _name(run)
    attempts: Sequence[Mapping[str, Any]] = run.get("attempts") or [{}]
    last = attempts[-1] if attempt is None else attempt
    text = letter(
        f'your task "{name}" has failed. This run of it will not be tried again.',
        [*_what(run, last), *_why_no_more(run), *_which(run)],
        "No further mail about this task comes until it has worked again.",
    )
    subject = f'Task "{name}" has failed'
    return _delivery(run, "failed", FAILED_FOR_GOOD, subject, text, _ended(run, last))


def public_url(url: str) -> str:
    """`url` without what may be secret: user, password, query string and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(a URL that cannot be read)"
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
    return shortened(bare.geturl(), _LONGEST_URL)


def _delivery(run: Mapping[str, Any], cause: str, kind: str, subject: str, text: str, at: datetime) -> Doc:
    return {
        "_id": f"{_incident(run)}:{cause}",
        "owner": run["owner"],
        "kind": kind,
        "run": run["_id"],
        "subject": subject,
        "text": text,
        "status": "QUEUED",
        "queued_at": at,
        "next_try_at": at,
        "lease_until": None,
        "tries": 0,
        "last_error": None,
        "delivered_at": None,
    }


def _incident(run: Mapping[str, Any]) -> str:
    """What is told once: the task's present streak of failures. A run outside of one stands for itself."""
    if run.get("incident") is None:
        return str(run["_id"])
    return f"{run.get('task') or task_of(run['_id'])}:{run['incident']}"


def _what(run: Mapping[str, Any], attempt: Mapping[str, Any]) -> list[Line]:
    error = attempt.get("error") or run.get("error") or {}
    message = _clean(error.get("message") or "") or "The reason is not known."
    hint = _clean(error.get("hint") or "")
    return [
        ("What was called:", _called(run, attempt)),
        ("What went wrong:", message),
        *([("What may help:", hint)] if hint else []),
        ("Attempts made:", str(_attempts(run, attempt))),
    ]


def _called(run: Mapping[str, Any], attempt: Mapping[str, Any]) -> str:
    job = run["job"]
    call = attempt.get("request") or job.get("params") or {}
    url = call.get("url")
    if isinstance(url, str):
        return one_line(f"{call.get('method') or 'GET'} {public_url(url)}")
    return f"the job {one_line(str(job['kind']))}"


def _which(run: Mapping[str, Any]) -> list[Line]:
    return [("Due:", time_text(run["due_at"])), ("Run:", str(run["_id"]))]


def _why_no_more(run: Mapping[str, Any]) -> list[Line]:
    why = _WHY_NO_MORE.get(str(run.get("reason")))
    return [("No more tries:", why)] if why else []


def _attempts(run: Mapping[str, Any], attempt: Mapping[str, Any]) -> int:
    return max(len(run.get("attempts") or ()), int(attempt.get("number") or 0))


def _ended(run: Mapping[str, Any], attempt: Mapping[str, Any]) -> datetime:
    moment: datetime = run.get("finished_at") or attempt.get("finished_at") or run["due_at"]
    return moment


def _name(run: Mapping[str, Any]) -> str:
    return shortened(one_line(str(run["task_name"])), _LONGEST_NAME)


def _clean(message: str) -> str:
    """A message for people on one line. It may quote a URL, with a token in its query."""
    return shortened(_URL.sub(lambda match: public_url(match[0]), one_line(message)), _LONGEST_MESSAGE)
