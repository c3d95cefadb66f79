"""The `report` job: as it is given, and as it is shown."""

from datetime import datetime, timedelta

import strawberry

from tocsin.graphql.enums import describe
from tocsin.graphql.job_interface import Job
from tocsin.graphql.scalars import JSON
from tocsin.jobs.report_writing import Format

describe(
    Format,
    "How a report is written.",
    {
        "JSON": "As data.",
        "CSV": "One table, for spreadsheets.",
        "HTML": "A page that loads nothing.",
        "PDF": "Pages with tables and bars.",
    },
    name="ReportFormat",
)


@strawberry.type(description="A file of what became of your runs, or of what earlier steps found.")
class ReportJob(Job):
    title: str = strawberry.field(description="Its title.")
    format: Format = strawberry.field(description="How it is written.")
    params: JSON = strawberry.field(description="All of its parameters.")


@strawberry.input(description="Your runs of a time: `period`, or both `from` and `to`.")
class ReportRunsInput:
    period: timedelta | None = strawberry.field(
        default=strawberry.UNSET, description="The time before the report is due."
    )
    from_: datetime | None = strawberry.field(
        name="from", default=strawberry.UNSET, description="Runs that were due at this time or later."
    )
    to: datetime | None = strawberry.field(default=strawberry.UNSET, description="Runs that were due before this time.")
    task_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Only runs of this task.")


@strawberry.input(description="A file with a table and, if asked for, bars; kept, with a link of limited life.")
class ReportJobInput:
    title: str = strawberry.field(description="1 to 200 characters.")
    format: Format = strawberry.field(description="How it is written.")
    runs: ReportRunsInput | None = strawberry.field(
        default=strawberry.UNSET, description="Which of your runs to tell of."
    )
    data: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="Data to tell of: a list of objects is a table. Give this or `runs`."
    )
    columns: list[str] | None = strawberry.field(default=strawberry.UNSET, description="Which columns, in this order.")
    chart: bool = strawberry.field(default=False, description="Whether there are bars.")
    file_name: str | None = strawberry.field(default=strawberry.UNSET, description="Default: the title.")
    recipients: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="At most 20 addresses that get the link, of those that jobs may write to.",
    )
