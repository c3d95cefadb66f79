"""The report job with a real database, files, processes and mail server. Written files are read back."""

import json
from typing import Any

import pytest

from tests.harness import SECRETS
from tests.jobs.reports.reports import DUE, HOUR, ROWS, add_runs, make, report_of
from tests.outbound.smtp import Inbox, mail_server
from tocsin import clock
from tocsin.documents import Database, ErrorKind, User, to_global_id
from tocsin.errors import InvalidInput
from tocsin.jobs import registry
from tocsin.jobs.base import SaveContext


async def test_columns_choose_and_order(database: Database) -> None:
    made = await make(database, format="CSV", data=ROWS, columns=["area", "land"], fileName="x.csv")
    assert made.content.decode().splitlines()[:2] == ["area,land", "83879,Österreich"]
    assert made.outcome.result["file"]["name"] == "x.csv"


async def test_runs_are_the_owners_of_the_period_with_their_figures(database: Database) -> None:
    await add_runs(database)
    made = await make(database, format="JSON", runs={"period": "P1D"})
    summary = made.outcome.result["summary"]
    assert summary["runs"] == 6
    assert summary["byStatus"] == {"COMPLETED": 5, "FAILED": 1}
    assert summary["successRate"] == 0.8333
    assert summary["seconds"] == {"p50": 2.0, "p95": 5.0}
    found = json.loads(made.content)["data"]
    assert [(task["task"], task["runs"], task["successRate"]) for task in found["tasks"]] == [
        ("one", 5, 0.8),
        ("two", 1, 1),
    ]
    assert {run["taskName"] for run in found["runs"]} == {"one", "two"}


async def test_runs_of_one_task_between_two_moments(database: Database) -> None:
    await add_runs(database)
    bounds = {"from": (DUE - 3 * HOUR).isoformat(), "to": (DUE - HOUR).isoformat()}
    made = await make(database, format="CSV", runs={**bounds, "taskId": to_global_id("Task", "alice/one")})
    assert made.outcome.result["rows"] == 2
    strange = await make(database, format="CSV", runs={"period": "P1D", "taskId": to_global_id("Task", "bob/three")})
    assert strange.outcome.result["rows"] == 0


async def test_runs_as_pdf_have_charts(database: Database) -> None:
    await add_runs(database)
    made = await make(database, format="PDF", runs={"period": "P1D"}, chart=True)
    for words in ("Success rate by task", "80 %", "Duration by task", "FAILED"):
        assert words in made.pages


async def test_the_link_is_mailed_to_those_who_may_be_written_to(database: Database) -> None:
    await User(id="alice", email="alice@example.com", password="", created_at=clock.now()).insert()
    job, inbox = registry.get_job("report"), Inbox()
    given = {"title": "A report", "format": "CSV", "data": ROWS, "recipients": ["alice@example.com"]}
    async with mail_server(inbox) as port:
        stored = job.prepare(given, SaveContext("alice", SECRETS))
        outcomes = [await job.run_attempt(stored, report_of(database, port)) for _ in range(2)]
        stranger = await job.run_attempt({**stored, "recipients": ["eve@example.org"]}, report_of(database, port))
    away = await job.run_attempt(stored, report_of(database, port))
    first, again = inbox.mails
    assert first["message-id"] == again["message-id"]
    assert "http://tocsin.test/files/" in first.get_content()
    assert outcomes[0].result["file"]["fileId"] == outcomes[1].result["file"]["fileId"]
    assert await database.db["files.files"].count_documents({}) == 1
    assert stranger.error is not None
    assert stranger.error.message == "Your jobs may not send mail to eve@example.org."
    assert away.error is not None
    assert (away.error.kind, away.error.retryable) == (ErrorKind.MAIL, True)


def nested(levels: int, value: Any) -> Any:
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"format": "CSV", "data": {"a": [1], "b": [2]}}, "A CSV file can have only one table, but there are 2: a, b."),
        (
            {"format": "CSV", "data": [{"a": "x" * 420_000}], "columns": ["a"] * 50},
            "The report has more than 20,971,520 bytes.",
        ),
        (
            {"format": "HTML", "data": [{"a": "&" * 100_000}], "columns": ["a"] * 50},
            "The report has more than 20,971,520",
        ),
        ({"format": "JSON", "data": nested(40, [0] * 300_000)}, "The report has more than 20,971,520 bytes."),
        (
            {"format": "HTML", "data": {str(n): [{}] * 5_000 for n in range(3)}, "columns": ["a"] * 50},
            "The report has more than 500,000 cells.",
        ),
        (
            {"format": "PDF", "data": [[]] * 2_001, "columns": ["a"] * 50},
            "The report is too large for a PDF: the limit is 100,000",
        ),
        (
            {"format": "PDF", "data": [{"a": "x" * 500}] * 200, "columns": ["a"] * 40},
            "The report is too large for a PDF",
        ),
        (
            {"format": "PDF", "data": [{"a": "x" * 400}], "columns": ["a"] * 50},
            "A row of the report is taller than a page.",
        ),
        ({"format": "HTML", "data": [0] * 10_001}, "The report has 10001 rows; the limit is 10000."),
        ({"format": "HTML", "data": [{str(n): n for n in range(51)}]}, "The report has 51 columns; the limit is 50."),
    ],
)
async def test_what_cannot_be_written_fails_with_a_reason(
    database: Database, given: dict[str, Any], message: str
) -> None:
    """Literal data that is too large is refused when it is saved. This is the case of an expression."""
    outcome = await registry.get_job("report").run_attempt({"title": "x", **given}, report_of(database))
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.JOB, False)
    assert outcome.error.message.startswith(message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": ...}, "A report needs data or runs."),
        ({"data": [0] * 10_001}, "The report has 10001 rows; the limit is 10000."),
        ({"data": [0] * 2_001, "columns": ["a"] * 50}, "The report is too large for a PDF: the limit is 100,000 cells"),
        ({"data": {"a": [1], "b": [2]}, "format": "CSV"}, "A CSV file can have only one table, but there are 2: a, b."),
        ({"format": "XLS"}, "format must be JSON, CSV, HTML or PDF."),
        ({"runs": {}}, "runs needs either period, such as P7D, or both from and to."),
        ({"runs": {"period": "7 days"}}, '"7 days" is not an ISO 8601 duration such as PT30S, PT1H30M or P1D.'),
        ({"runs": {"period": "P36501D"}}, "period must be at most P36500D."),
        ({"runs": {"from": "2027-01-01T00:00:00", "to": "2027-01-02T00:00:00Z"}}, "2027-01-01T00:00:00 has no offset"),
        ({"recipients": ["a@b.test\r\nBcc: c@d.test"]}, "'a@b.test\\r\\nBcc: c@d.test' is not an email address"),
    ],
)
def test_wrong_parameters_are_refused_when_they_are_saved(change: dict[str, Any], message: str) -> None:
    given = {"title": "x", "format": "PDF", "data": [], **change}
    given = {name: value for name, value in given.items() if value is not ...}
    with pytest.raises(InvalidInput) as caught:
        registry.get_job("report").prepare(given, SaveContext("alice", SECRETS))
    assert caught.value.message.startswith(message)


def test_expressions_may_stand_for_values() -> None:
    given = {
        "title": "${{ inputs.title }}",
        "format": "PDF",
        "data": "${{ steps.x.result }}",
        "recipients": ["${{ a }}"],
    }
    assert registry.get_job("report").find_faults({**given, "runs": {"period": "${{ inputs.period }}"}}) == []
