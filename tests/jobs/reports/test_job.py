"""The report job with a real database, files, processes and mail server. Written files are read back."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from pypdf import PdfReader

from tests.graphql.conftest import run_document
from tests.harness import SECRETS, file_storage_for
from tests.outbound.smtp import Inbox, mail_server, smtp_settings
from tocsin import clock
from tocsin.compute.pool import ProcessPool
from tocsin.documents import Database, User, to_global_id
from tocsin.errors import InvalidInput
from tocsin.jobs import registry
from tocsin.jobs.base import ErrorKind, JobContext, Outcome, SaveContext
from tocsin.jobs.reports.run_history import RunHistory, find_percentile
from tocsin.outbound.mail_transport import make_mail_transport

DUE = datetime(2027, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROWS = [
    {"land": "Österreich", "area": 83_879},
    {"land": "Ελλάδα", "area": 131_957},
    {"land": "Україна", "area": 603_628},
]
NASTY = [{"=a": "=1+1", "b": "<script>alert(1)</script>", "c": 'say "hi",\nyou', "d": -5, "e": "-5", "f": None}]
UNUSED: Any = None


class Made:
    """An attempt and the file that it wrote."""

    def __init__(self, outcome: Outcome, content: bytes) -> None:
        self.outcome = outcome
        self.content = content

    @property
    def pages(self) -> str:
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(self.content)).pages)


COMPUTE = ProcessPool(1)


def report_of(database: Database, port: int = 9, recipients: str = "owner") -> JobContext:
    return JobContext(
        "alice/t1:7",
        "alice",
        DUE,
        1,
        30.0,
        SECRETS,
        UNUSED,
        COMPUTE,
        make_mail_transport(smtp_settings(port)),
        file_storage_for(database).for_run("alice", "alice/t1:7"),
        RunHistory(database),
        recipients,
    )


async def make(database: Database, **given: Any) -> Made:
    """Write a report, which must succeed."""
    context, job = report_of(database), registry.get_job("report")
    outcome = await job.run_attempt(job.prepare({"title": "A report", **given}, SaveContext("alice", SECRETS)), context)
    assert outcome.error is None
    json.dumps(outcome.result)
    _, content = await context.files.read(outcome.result["file"]["fileId"])
    return Made(outcome, content)


async def add_runs(database: Database) -> None:
    """Insert runs: alice's task `one` completed four times and failed once, `two` completed once; bob has one, too."""
    for number in range(5):
        due = DUE - (number + 1) * HOUR
        seconds = timedelta(seconds=number + 1)
        status = "FAILED" if number == 4 else "COMPLETED"
        times = {"started_at": due, "finished_at": due + seconds}
        await database.runs.insert_one(run_document("alice/one", due, task_name="one", status=status, **times))
    for task, name in (("alice/two", "two"), ("bob/three", "three")):
        due = DUE - 2 * HOUR
        await database.runs.insert_one(run_document(task, due, task_name=name, started_at=due, finished_at=due))
    await database.runs.insert_one(run_document("alice/one", DUE - 99 * HOUR, task_name="old"))
    await database.runs.insert_one(run_document("alice/one", DUE, task_name="one"))


# --- formats ---


async def test_a_pdf_has_the_words_of_several_alphabets_and_a_chart(database: Database) -> None:
    made = await make(database, format="PDF", data=ROWS, chart=True, title="Länder & <Flächen>")
    assert made.outcome.result["file"]["name"] == "Länder & _Flächen_.pdf"
    assert made.outcome.result["rows"] == 3
    for word in ("Länder & <Flächen>", "land", "Österreich", "Ελλάδα", "Україна", "603628"):
        assert word in made.pages
    assert made.pages.count("Україна") == 2  # in the chart and in the table


async def test_a_pdf_shows_a_box_for_what_its_font_lacks(database: Database) -> None:
    made = await make(database, format="PDF", data=[{"a": "x报告y"}])
    assert "x□□y" in made.pages


async def test_a_pdf_of_many_rows_repeats_its_head_and_breaks_long_words(database: Database) -> None:
    rows = [{"number": number, "word": "w" * 300} for number in range(200)]
    made = await make(database, format="PDF", data=rows)
    pages = PdfReader(io.BytesIO(made.content)).pages
    assert len(pages) > 5
    assert all("number" in page.extract_text() for page in pages)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= dict(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_html_shows_everything_as_text_and_loads_nothing(database: Database) -> None:
    evil = "</title><img src=x onerror=alert(1)>"
    data = {evil: NASTY, "more": [{"label": evil, "n": 3}], "plain": evil}
    made = await make(database, format="HTML", title=evil, data=data, chart=True)
    page = _Tags()
    page.feed(made.content.decode())
    assert not {"script", "img", "link", "iframe"} & set(page.tags)
    assert not {"src", "href", "onerror"} & page.attributes.keys()
    assert page.tags.count("svg") == 2
    assert "<script>alert(1)</script>" in page.text
    assert page.text.count(evil) >= 4


async def test_csv_is_read_back_with_formulas_defused(database: Database) -> None:
    made = await make(database, format="CSV", data=NASTY)
    text = made.content.decode()
    assert text.startswith("'=a,b,c,d,e,f\r\n")
    _, row = csv.reader(io.StringIO(text, newline=""))
    assert row == ["'=1+1", "<script>alert(1)</script>", 'say "hi",\nyou', "-5", "-5", ""]


@pytest.mark.parametrize("text", ["=1", "+1+1", "-1+1", "@a", "\t=1", "\r=1", " =1", "＝1"])  # noqa: RUF001
async def test_what_spreadsheets_would_run_gets_an_apostrophe(database: Database, text: str) -> None:
    made = await make(database, format="CSV", data=[{"a": text}])
    assert list(csv.reader(io.StringIO(made.content.decode(), newline="")))[1] == [f"'{text}"]


async def test_json_has_the_data_as_they_were_given(database: Database) -> None:
    data = {"a": [1, {"b": None}], "c": "é"}
    made = await make(database, format="JSON", data=data)
    assert json.loads(made.content)["data"] == data


async def test_columns_choose_and_order(database: Database) -> None:
    made = await make(database, format="CSV", data=ROWS, columns=["area", "land"], fileName="x.csv")
    assert made.content.decode().splitlines()[:2] == ["area,land", "83879,Österreich"]
    assert made.outcome.result["file"]["name"] == "x.csv"


# --- runs ---


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


def test_percentiles_are_nearest_ranks() -> None:
    times = [float(number) for number in range(1, 21)]
    assert (find_percentile(times, 50), find_percentile(times, 95), find_percentile([], 50)) == (10.0, 19.0, None)


async def test_no_more_runs_are_counted_than_the_limit(database: Database) -> None:
    await add_runs(database)
    history, period = RunHistory(database), (DUE - 24 * HOUR, DUE)
    found = await history.summarize_runs("alice", *period, most=6)
    assert found is not None
    assert (found.totals["runs"], len(found.listed_runs)) == (6, 6)
    assert await history.summarize_runs("alice", *period, most=5) is None


# --- mails, retries, errors ---


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
def test_what_is_wrong_is_told_when_it_is_saved(change: dict[str, Any], message: str) -> None:
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
