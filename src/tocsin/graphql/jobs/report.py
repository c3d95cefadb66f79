"""Input and output types of the `report` job."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import strawberry

from tocsin.documents import JobDocument
from tocsin.graphql.enums import describe_enum
from tocsin.graphql.jobs.interface import Job
from tocsin.graphql.scalars import JSON
from tocsin.jobs.reports.content import ReportFormat
from tocsin.schedules.iso8601 import parse_iso_duration

describe_enum(
    ReportFormat,
    "The file format of a report.",
    {
        "JSON": "A JSON document.",
        "CSV": "A single table, for spreadsheets.",
        "HTML": "A self-contained web page.",
        "PDF": "Pages with tables and bar charts.",
    },
    name="ReportFormat",
)


@strawberry.type(description="The runs to report on.")
class ReportRuns:
    period: timedelta | None = strawberry.field(
        description="Length of the period that ends at the due time of the report; null if `from` and `to` are set."
    )
    from_: datetime | None = strawberry.field(name="from", description="Start of the period, inclusive.")
    to: datetime | None = strawberry.field(description="End of the period, exclusive.")
    task_id: strawberry.ID | None = strawberry.field(description="Task whose runs these are; null for all tasks.")


@strawberry.type(description="A file that reports on your runs, or on the results of earlier steps.")
class ReportJob(Job):
    title: str = strawberry.field(description="Title of the report.")
    format: ReportFormat = strawberry.field(description="File format of the report.")
    runs: ReportRuns | None = strawberry.field(description="Runs to report on; null if it reports on `data`.")
    data: JSON | None = strawberry.field(description="Data to report on; null if it reports on `runs`.")
    columns: list[str] | None = strawberry.field(description="Columns to include; null for all.")
    chart: bool = strawberry.field(description="Whether it has a bar chart.")
    file_name: str | None = strawberry.field(description="Name of the file; null for the title.")
    recipients: list[str] | None = strawberry.field(description="Addresses that the link is mailed to; null for none.")
    params: JSON = strawberry.field(
        description="All parameters of the job.", deprecation_reason="Use the other fields."
    )


@strawberry.input(description="The runs to report on. Set `period`, or both `from` and `to`.")
class ReportRunsInput:
    period: timedelta | None = strawberry.field(
        default=strawberry.UNSET, description="Length of the period that ends at the due time of the report."
    )
    from_: datetime | None = strawberry.field(
        name="from", default=strawberry.UNSET, description="Runs that were due at or after this time."
    )
    to: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Runs that were due before this time (exclusive)."
    )
    task_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Runs of this task only.")


@strawberry.input(
    description="A report: a file with a table and optional bar chart. The file is stored, and its link expires."
)
class ReportJobInput:
    title: str = strawberry.field(description="Title of the report, 1 to 200 characters.")
    format: ReportFormat = strawberry.field(description="File format of the report.")
    runs: ReportRunsInput | None = strawberry.field(
        default=strawberry.UNSET, description="Runs to report on. Set this or `data`."
    )
    data: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="Data to report on; a list of objects becomes a table. Set this or `runs`.",
    )
    columns: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Columns to include, in this order. Default: all."
    )
    chart: bool = strawberry.field(default=False, description="True to add a bar chart.")
    file_name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Name of the file, 1 to 120 characters. Default: the title."
    )
    recipients: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="At most 20 addresses to mail the link to, among those that this server allows jobs to write to.",
    )


def to_report_job(job: JobDocument) -> ReportJob:
    """Convert a stored `report` job."""
    params: Any = job["params"]
    runs = params.get("runs")
    return ReportJob(
        kind=job["kind"],
        title=params["title"],
        format=ReportFormat(params["format"]),
        runs=runs and _to_report_runs(runs),
        data=params.get("data"),
        columns=params.get("columns"),
        chart=params.get("chart", False),
        file_name=params.get("fileName"),
        recipients=params.get("recipients"),
        params=params,
    )


def _to_report_runs(runs: Mapping[str, Any]) -> ReportRuns:
    period, start, end = runs.get("period"), runs.get("from"), runs.get("to")
    return ReportRuns(
        period=None if period is None else parse_iso_duration(period),
        from_=None if start is None else datetime.fromisoformat(start),
        to=None if end is None else datetime.fromisoformat(end),
        task_id=runs.get("taskId"),
    )
