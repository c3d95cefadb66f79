"""Reports that the job writes with a real database, and runs to report."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from pypdf import PdfReader

from tests.graphql.conftest import run_document
from tests.harness import SECRETS, file_storage_for
from tests.outbound.smtp import smtp_settings
from tocsin.compute.pool import ProcessPool
from tocsin.documents import Database
from tocsin.jobs import registry
from tocsin.jobs.base import JobContext, Outcome, SaveContext
from tocsin.jobs.reports.run_history import RunHistory
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
