"""The `report` job: results of earlier steps, or statistics of the owner's runs, as a file with a link.

Result: `file` (`fileId`, `name`, `contentType`, `size` in bytes, `url`, `urlExpiresAt`), `rows` (in all tables),
`summary` (of runs: `runs`, `byStatus`, `successRate` from 0 to 1, `seconds` with `p50` and `p95`; otherwise empty),
`recipients` (the addresses that were mailed the link).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, model_validator

from tocsin import clock
from tocsin.documents import from_global_id
from tocsin.input_models import has_expression, skips_slow_checks
from tocsin.jobs.base import Job, JobContext, Outcome, ParamsModel
from tocsin.jobs.extras import REPORTS, find_missing
from tocsin.jobs.file_storage import FileError, FileRef
from tocsin.jobs.job_mails import JobMail, Recipient, check_recipients, find_addresses, send_mail
from tocsin.jobs.reports.content import ReportError, ReportFormat
from tocsin.jobs.reports.run_history import MAX_COUNTED_RUNS, RunsSummary
from tocsin.jobs.reports.writer import ReportInput, check_report_data, render_report
from tocsin.outbound.email_addresses import parse_distinct_addresses
from tocsin.schedules.iso8601 import parse_iso_duration
from tocsin.value_bounds import ValuePath

MAX_RECIPIENTS = 20
_MAX_PERIOD = timedelta(days=36_500)
_EXPRESSION = "${{"


class RunsParams(ParamsModel):
    """The runs to report: of a `period` (ISO 8601 duration) before this run was due, or between two times."""

    period: str | None = None
    from_: Annotated[datetime | None, Field(alias="from")] = None
    to: datetime | None = None
    task_id: str | None = None

    @model_validator(mode="after")
    def _require_one_range(self) -> "RunsParams":
        if (self.period is None) == (self.from_ is None or self.to is None):
            raise ValueError("runs needs either period, such as P7D, or both from and to.")
        if (
            self.task_id is not None
            and _EXPRESSION not in self.task_id
            and from_global_id("Task", self.task_id) is None
        ):
            raise ValueError("taskId must be the id of a task, as returned by the API.")
        for moment in (self.from_, self.to):
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"{moment.isoformat()} has no offset. Write {moment.isoformat()}Z for UTC.")
        if self.period is not None and parse_iso_duration(self.period) > _MAX_PERIOD:
            raise ValueError("period must be at most P36500D.")
        return self

    def resolve_period(self, due_at: datetime) -> tuple[datetime, datetime]:
        """Return the start and the exclusive end of the time range."""
        if self.from_ is not None and self.to is not None:
            return self.from_, self.to
        return due_at - (parse_iso_duration(self.period) if self.period else timedelta(0)), due_at


class ReportParams(ParamsModel):
    """Parameters of a report."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    format: ReportFormat
    data: Any = None
    runs: RunsParams | None = None
    columns: Annotated[list[str] | None, Field(min_length=1, max_length=50)] = None
    chart: bool = False
    file_name: Annotated[str | None, Field(min_length=1, max_length=120)] = None
    recipients: Annotated[list[Recipient], Field(max_length=MAX_RECIPIENTS)] = []

    @model_validator(mode="after")
    def _require_input(self, info: ValidationInfo) -> "ReportParams":
        if "data" not in self.model_fields_set and self.runs is None:
            raise ValueError("A report needs data or runs.")
        if not skips_slow_checks(info) and not has_expression(self.data):
            check_report_data(self.format, self.data if "data" in self.model_fields_set else [], self.columns)
        return self


class ReportJob(Job[ReportParams]):
    """Writes a report to a file, and mails a link to it if there are recipients."""

    kind = "report"
    Params = ReportParams

    def find_recipients(self, given: Mapping[str, Any]) -> list[tuple[ValuePath, str]]:
        """Return the recipients of the link."""
        return find_addresses("recipients", given.get("recipients"))

    def find_missing_extra(self, given: Mapping[str, Any]) -> str | None:
        """Return the extra `reports` if the format is PDF and the extra is not installed."""
        return find_missing(REPORTS) if given.get("format") == ReportFormat.PDF.value else None

    def preload(self) -> None:
        """Load the libraries and the font for PDF."""
        if find_missing(REPORTS) is None:
            from tocsin.jobs.reports.pdf import load_font

            load_font()

    async def perform(self, params: ReportParams, context: JobContext) -> Outcome:
        """Write the report. A retry replaces its file and sends mails with the same Message-ID."""
        if (refused := await check_recipients(context, params.recipients)) is not None:
            return refused
        steps = 3 + len(parse_distinct_addresses(params.recipients))
        try:
            context.progress(0, steps, "Collecting the data")
            given = await _collect_input(params, context)
            async with context.files.reserve_memory():
                context.progress(1, steps, "Writing the report")
                written = await context.compute(render_report, given)
                context.progress(2, steps, "Storing the file")
                file = await context.files.save(_file_name(params), written.content_type, written.content)
                rows = written.rows
                del written  # frees the content while mails are sent
        except (ReportError, FileError) as error:
            return Outcome.failed(str(error))
        if (failed := await _mail_link(params, file, context)) is not None:
            return failed
        summary: Mapping[str, object] = given.runs.totals if given.runs else {}
        result = {
            "file": file.to_json(),
            "rows": rows,
            "summary": summary,
            "recipients": parse_distinct_addresses(params.recipients),
        }
        return Outcome(result=result)


async def _collect_input(params: ReportParams, context: JobContext) -> ReportInput:
    """Collect the input of the report."""
    return ReportInput(
        title=params.title,
        format=params.format,
        made_at=clock.now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        data=params.data,
        has_data="data" in params.model_fields_set,
        runs=None if params.runs is None else await _summarize_runs(params.runs, context),
        columns=params.columns,
        chart=params.chart,
    )


async def _summarize_runs(which: RunsParams, context: JobContext) -> RunsSummary:
    start, end = which.resolve_period(context.due_at)
    task = which.task_id and from_global_id("Task", which.task_id)
    found = await context.run_history.summarize_runs(context.owner, start, end, task)
    if found is None:
        raise ReportError(f"There are more than {MAX_COUNTED_RUNS} runs in this time range. Choose a shorter one.")
    return found


def _file_name(params: ReportParams) -> str:
    ending = f".{params.format.value.lower()}"
    name = params.file_name or params.title
    return name if name.lower().endswith(ending) else name + ending


async def _mail_link(params: ReportParams, file: FileRef, context: JobContext) -> Outcome | None:
    """Mail the link. Returns a failed outcome, or None."""
    until = f"{file.url_expires_at:%Y-%m-%d %H:%M} UTC"
    text = f"{params.title}\n\n{file.url}\n\nAnyone who has this link can use it until {until}.\n"
    addresses = parse_distinct_addresses(params.recipients)
    for number, to in enumerate(addresses):
        context.progress(3 + number, 3 + len(addresses), "Mailing the link")
        failed = await send_mail(context, JobMail(to, params.title, text, "report"))
        if failed is not None:
            return failed
    return None
