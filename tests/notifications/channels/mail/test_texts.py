"""The texts of mails, and the secrets that they must not contain."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.documents import Delivery
from tocsin.notifications.channels import CHANNELS
from tocsin.notifications.deliveries import new_delivery
from tocsin.notifications.events import Event
from tocsin.notifications.excerpts import redact_url
from tocsin.notifications.pages import run_page_path
from tocsin.notifications.run_events import TaskFailure

DUE = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ENDED = DUE + timedelta(seconds=11)
RUN: Any = {
    "_id": "u1/t1:1795338000000",
    "owner": "u1",
    "task": "u1/t1",
    "task_name": "Nightly backup",
    "due_at": DUE,
    "finished_at": None,
    "incident": 3,
    "job": {"kind": "http", "params": {"method": "POST", "url": "https://api.example.org/backup"}},
    "reason": None,
    "error": None,
    "attempts": [],
}
ATTEMPT: Any = {
    "number": 1,
    "started_at": DUE,
    "finished_at": ENDED,
    "worker": "w1",
    "outcome": "FAILED",
    "request": {"method": "POST", "url": "https://api.example.org/backup"},
    "status_code": 503,
    "error": {
        "kind": "HTTP_STATUS",
        "message": "The server answered 503 Service Unavailable.",
        "hint": "It asks to be left alone for a while: see whether it is being serviced, or is short of memory.",
    },
}

BEGAN = """\
Hello,

Your task "Nightly backup" has started failing. It will be retried.

Called:          POST https://api.example.org/backup
Error:           The server answered 503 Service Unavailable.
Hint:            It asks to be left alone for a while: see whether it is
                 being serviced, or is short of memory.
Attempts:        1
Next attempt:    2026-11-22T10:00:11Z
Due:             2026-11-22T09:00:00Z
Run:             UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=
Open:            {page}

You will get another mail only if this run fails permanently, and then no
more until the task has worked again.

Tocsin
"""

GIVES_WAY = """\
Hello,

Your task "Nightly backup" has started failing. This run will not be
retried: the next one is due first.

Called:          POST https://api.example.org/backup
Error:           The server answered 503 Service Unavailable.
Hint:            It asks to be left alone for a while: see whether it is
                 being serviced, or is short of memory.
Attempts:        1
No retry:        The next attempt would be at 2026-11-22T10:00:11Z, but the
                 task is due again before then.
Next run:        2026-11-22T09:00:15Z
Due:             2026-11-22T09:00:00Z
Run:             UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=
Open:            {page}

You will get another mail when the next run replaces this one, which then
counts as failed, and then no more until the task has worked again.

Tocsin
"""

FAILED = """\
Hello,

Your task "Nightly backup" has failed. This run will not be retried.

Called:          POST https://api.example.org/backup
Error:           The server answered 503 Service Unavailable.
Hint:            It asks to be left alone for a while: see whether it is
                 being serviced, or is short of memory.
Attempts:        4
No retry:        All retries are used up.
Due:             2026-11-22T09:00:00Z
Run:             UnVuOnUxL3QxOjE3OTUzMzgwMDAwMDA=
Open:            {page}

You will get no more mails about this task until it has worked again.

Tocsin
"""


def mail_of(event: Event) -> Any:
    """Return the stored delivery of the event."""
    return new_delivery(event, "mail", CHANNELS["mail"].render(event))


def failing(run: Any | None = None, attempt: Any | None = None) -> Any:
    """Return a run whose first attempt failed."""
    attempts = [{**ATTEMPT, **(attempt or {})}]
    return {**RUN, "status": "RETRY", "attempts": attempts, "retry_at": ENDED + timedelta(hours=1), **(run or {})}


def failed(**changes: Any) -> Any:
    """Return a run that has failed for good."""
    return {**RUN, "status": "FAILED", "attempts": [ATTEMPT], "retry_at": None, **changes}


def began(run: Any | None = None, attempt: Any | None = None) -> Any:
    return mail_of(TaskFailure.from_run(failing(run, attempt)))


def test_the_mail_about_the_first_failure() -> None:
    delivery = began()
    assert delivery["text"] == BEGAN
    assert delivery["subject"] == 'Task "Nightly backup" has started failing'
    assert (delivery["_id"], delivery["kind"]) == ("u1/t1:3:began", "BEGAN_FAILING")
    assert (delivery["owner"], delivery["run"], delivery["status"]) == ("u1", RUN["_id"], "QUEUED")
    assert delivery["queued_at"] == delivery["next_try_at"] == ENDED


def test_the_mail_about_a_first_failure_that_gives_way_to_the_next_run() -> None:
    retry_at = ENDED + timedelta(hours=1)
    delivery = mail_of(TaskFailure.from_run(failing(), DUE + timedelta(seconds=15)))
    assert delivery["text"] == GIVES_WAY
    assert (delivery["_id"], delivery["kind"]) == ("u1/t1:3:began", "BEGAN_FAILING")
    assert mail_of(TaskFailure.from_run(failing(), retry_at + timedelta(milliseconds=1)))["text"] == BEGAN
    assert "No retry:" in mail_of(TaskFailure.from_run(failing(), retry_at))["text"]


def test_the_mail_links_to_its_run_and_says_which_incident_it_is_of() -> None:
    delivery = began()
    assert delivery["link"] == run_page_path(RUN["_id"])
    assert delivery["about"] == {"type": "Task", "id": "u1/t1", "incident": 3, "stage": 0}
    assert mail_of(TaskFailure.from_run(failed()))["about"]["stage"] == 1
    assert "about" not in began({"incident": None})


def test_the_mail_about_the_last_failure() -> None:
    run = failed(reason="RETRIES_USED_UP", attempts=[ATTEMPT] * 4, finished_at=ENDED)
    delivery = mail_of(TaskFailure.from_run(run))
    assert delivery["text"] == FAILED
    assert delivery["subject"] == 'Task "Nightly backup" has failed'
    assert (delivery["_id"], delivery["kind"]) == ("u1/t1:3:failed", "FAILED_FOR_GOOD")


def test_the_last_attempt_has_the_error() -> None:
    run = failed(reason="GAVE_WAY", attempts=[{**ATTEMPT, "error": None}, {**ATTEMPT, "number": 2}])
    text = mail_of(TaskFailure.from_run(run))["text"]
    assert "503 Service Unavailable" in text
    assert "Attempts:        2\n" in text
    assert "No retry:        The task's next due time came before the next attempt.\n" in text


def test_a_run_that_was_never_attempted_tells_its_own_error() -> None:
    error = {"kind": "LOST", "message": "Nobody ran it.", "hint": None}
    text = mail_of(TaskFailure.from_run(failed(attempts=[], error=error)))["text"]
    assert "Called:          POST https://api.example.org/backup\nError:           Nobody ran it.\n" in text
    assert "Attempts:        0\n" in text


def test_a_job_that_calls_no_url_is_named() -> None:
    text = began({"job": {"kind": "report", "params": {}}}, {"request": None})["text"]
    assert "Called:          the job report\n" in text


def test_an_incident_is_one_cause_and_a_run_outside_of_any_is_its_own() -> None:
    assert began()["_id"] == began({"_id": "u1/t1:2", "due_at": ENDED})["_id"]
    assert began({"incident": 4})["_id"] != began()["_id"]
    assert began({"incident": None})["_id"] == "u1/t1:1795338000000:began"


def test_the_delivery_fits_the_stored_document(database: Any) -> None:
    delivery = began()
    assert Delivery.model_validate(delivery).id == delivery["_id"]
    assert set(delivery) - {"_id"} <= set(Delivery.model_fields)


@pytest.mark.parametrize("name", ["A\r\nBcc: eve@example.org", "x" * 200, "ü" * 200, "a\x00\x1b[31mb", "word " * 40])
def test_any_name_makes_a_subject_of_one_short_line(name: str) -> None:
    for delivery in (began({"task_name": name}), mail_of(TaskFailure.from_run(failed(task_name=name)))):
        assert delivery["subject"].isprintable()
        assert len(delivery["subject"]) <= 120
        assert delivery["text"].replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/a/b", "https://example.org/a/b"),
        ("https://user:secret@example.org:8443/a?token=secret#secret", "https://example.org:8443/a"),
        ("https://sec@ret@example.org/", "https://example.org/"),
        ("http://[::1]:80/a?secret", "http://[::1]:80/a"),
        ("http://[secret", "(an invalid URL)"),
    ],
)
def test_urls_are_shown_without_their_secrets(url: str, shown: str) -> None:
    assert redact_url(url) == shown
    error = {"kind": "CONNECT", "message": f"No answer from {url} yet", "hint": None}
    text = began({}, {"request": {"method": "GET", "url": url}, "error": error})["text"]
    assert "secret" not in text.replace("http://[secret", "")
    assert "token" not in text


def test_a_long_message_is_cut_and_lines_stay_narrow() -> None:
    text = began({}, {"error": {"kind": "X", "message": "many words " * 500, "hint": None}})["text"]
    assert len(text) < 1500
    assert max(len(line) for line in text.splitlines()) <= 76


@pytest.mark.parametrize(
    "text", ["a" * 200_000, "a." * 100_000, "a" * 40 + "https://x.example/?token=s3cret " + "b" * 200_000]
)
def test_a_message_of_any_length_is_soon_read(text: str) -> None:
    """This once blocked the event loop for minutes. A test that never ends fails as well."""
    attempt = ATTEMPT | {"error": {"kind": "FAILED", "message": text, "hint": None}}
    assert "s3cret" not in mail_of(TaskFailure.from_run(failed(attempts=[attempt])))["text"]
