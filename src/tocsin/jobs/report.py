"""The `report` job: what earlier steps found, or what became of the owner's runs, as a file with a link.

Result: `file` (`fileId`, `name`, `contentType`, `size` in bytes, `url`, `urlExpiresAt`), `rows` (in all tables),
`summary` (of the runs: `runs`, `byStatus`, `successRate` from 0 to 1, `seconds` with `p50` and `p95`; else empty),
`recipients` (who was mailed the link).
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated, Any

from pydantic import Field, model_validator

from tocsin import clock
from tocsin.documents import document_id
from tocsin.jobs.base import Job, JobContext, Outcome, ParamsModel
from tocsin.jobs.files import FileFault, FileRef
from tocsin.jobs.mailing import JobMail, Recipient, addresses_at, refuse_strangers, send_mail
from tocsin.jobs.params import Path
from tocsin.jobs.report_data import MOST_BARS, Bars, Report, ReportFault, Section, bars_of, sections_of
from tocsin.jobs.report_html import render_html
from tocsin.jobs.report_pdf import render_pdf
from tocsin.jobs.report_runs import MOST_COUNTED, by_task, figures
from tocsin.jobs.report_text import render_csv, render_json
from tocsin.outbound.addresses import distinct_addresses
from tocsin.schedules.moments import read_duration

MOST_RUNS_SHOWN = 1_000
MOST_RECIPIENTS = 20
_LONGEST_PERIOD = timedelta(days=36_500)
_EXPRESSION = "${{"
_RUN_COLUMNS = ["runId", "taskName", "status", "dueAt", "seconds", "attempts", "error"]


class Format(Enum):
    """How a report is written."""

    JSON = "JSON"
    CSV = "CSV"
    HTML = "HTML"
    PDF = "PDF"


_RENDERERS: dict[Format, tuple[Callable[[Report], bytes], str]] = {
    Format.JSON: (render_json, "application/json"),
    Format.CSV: (render_csv, "text/csv; charset=utf-8"),
    Format.HTML: (render_html, "text/html; charset=utf-8"),
    Format.PDF: (render_pdf, "application/pdf"),
}


class RunsParams(ParamsModel):
    """Which runs: of the time before this run was due (`period`, an ISO 8601 duration), or between two moments."""

    period: str | None = None
    from_: Annotated[datetime | None, Field(alias="from")] = None
    to: datetime | None = None
    task_id: str | None = None

    @model_validator(mode="after")
    def _one(self) -> "RunsParams":
        if (self.period is None) == (self.from_ is None or self.to is None):
            raise ValueError("runs needs period, such as P7D, or both from and to.")
        if self.task_id is not None and _EXPRESSION not in self.task_id and document_id("Task", self.task_id) is None:
            raise ValueError("taskId is the id of a task, as the API gives it.")
        for moment in (self.from_, self.to):
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"{moment.isoformat()} has no offset; write {moment.isoformat()}Z for UTC.")
        if self.period is not None and read_duration(self.period) > _LONGEST_PERIOD:
            raise ValueError("period is at most P36500D.")
        return self

    def bounds(self, due_at: datetime) -> tuple[datetime, datetime]:
        """From when until before when."""
        if self.from_ is not None and self.to is not None:
            return self.from_, self.to
        return due_at - (read_duration(self.period) if self.period else timedelta(0)), due_at


class ReportParams(ParamsModel):
    """What to report, and how."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    format: Format
    data: Any = None
    runs: RunsParams | None = None
    columns: Annotated[list[str] | None, Field(min_length=1, max_length=50)] = None
    chart: bool = False
    file_name: Annotated[str | None, Field(min_length=1, max_length=120)] = None
    recipients: Annotated[list[Recipient], Field(max_length=MOST_RECIPIENTS)] = []

    @model_validator(mode="after")
    def _something(self) -> "ReportParams":
        if "data" not in self.model_fields_set and self.runs is None:
            raise ValueError("A report needs data or runs.")
        return self


class ReportJob(Job[ReportParams]):
    """Writes a file, keeps it, and mails the link to it if asked to."""

    kind = "report"
    Params = ReportParams

    def addressees(self, given: Mapping[str, Any]) -> list[tuple[Path, str]]:
        """Who gets the link."""
        return addresses_at("recipients", given.get("recipients"))

    async def perform(self, params: ReportParams, context: JobContext) -> Outcome:
        """One try. A repeated one replaces its own file and sends the same Message-ID again."""
        if (refused := await refuse_strangers(context, params.recipients)) is not None:
            return refused
        render, content_type = _RENDERERS[params.format]
        try:
            report = await _report(params, context)
            content = await context.compute(render, report)
            file = await context.files.save(_file_name(params), content_type, content)
        except (ReportFault, FileFault) as error:
            return Outcome.failed(str(error))
        if (failed := await _mail(params, file, context)) is not None:
            return failed
        rows = sum(len(section.rows) for section in report.sections)
        recipients = distinct_addresses(params.recipients)
        result = {"file": file.json(), "rows": rows, "summary": report.summary, "recipients": recipients}
        return Outcome(result=result)


async def _report(params: ReportParams, context: JobContext) -> Report:
    sections, charts, summary, data = _given(params)
    if params.runs is not None:
        start, end = params.runs.bounds(context.due_at)
        task = params.runs.task_id and document_id("Task", params.runs.task_id)
        runs = await context.runs.between(context.owner, start, end, task, MOST_COUNTED + 1)
        if len(runs) > MOST_COUNTED:
            raise ReportFault(f"There are more than {MOST_COUNTED} runs in this time. Ask for a shorter one.")
        tasks, summary, shown = by_task(runs), figures(runs), runs[:MOST_RUNS_SHOWN]
        listed = Section("Runs", _RUN_COLUMNS, [[run[name] for name in _RUN_COLUMNS] for run in shown])
        whole = [Section("Tasks", list(tasks[0]), [list(task.values()) for task in tasks])] if tasks else []
        sections += [listed] if params.format is Format.CSV else [*whole, listed]
        charts += _run_charts(tasks) if params.chart else []
        data = {"data": data, "tasks": tasks, "runs": shown}
    made_at = clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    return Report(params.title, made_at, summary, sections, charts, data)


def _given(params: ReportParams) -> tuple[list[Section], list[Bars], dict[str, Any], Any]:
    sections = sections_of(params.data, params.columns) if "data" in params.model_fields_set else []
    charts = [bars for section in sections if (bars := bars_of(section)) is not None] if params.chart else []
    return sections, charts, {}, params.data


def _run_charts(tasks: list[dict[str, Any]]) -> list[Bars]:
    rates = [(task["task"], round(task["successRate"] * 100, 1)) for task in tasks if task["successRate"] is not None]
    times = [(task["task"], task["p95Seconds"]) for task in tasks if task["p95Seconds"] is not None]
    charts = [
        Bars("Success rate by task", " %", rates[:MOST_BARS]),
        Bars("Duration by task: 95 % took at most", " s", times[:MOST_BARS]),
    ]
    return [chart for chart in charts if chart.bars]


def _file_name(params: ReportParams) -> str:
    ending = f".{params.format.value.lower()}"
    name = params.file_name or params.title
    return name if name.lower().endswith(ending) else name + ending


async def _mail(params: ReportParams, file: FileRef, context: JobContext) -> Outcome | None:
    """Mail the link; what went wrong, if something did."""
    until = f"{file.url_expires_at:%Y-%m-%d %H:%M} UTC"
    text = f"{params.title}\n\n{file.url}\n\nThe link is good until {until}, for whoever has it.\n"
    for to in distinct_addresses(params.recipients):
        failed = await send_mail(context, JobMail(to, params.title, text, "report"))
        if failed is not None:
            return failed
    return None
