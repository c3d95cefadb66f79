"""Writing of reports: the CPU-bound part, which runs in a compute process. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tocsin.jobs.reports.content import MOST_BARS, Bars, Report, Section, bars_of, sections_of
from tocsin.jobs.reports.html import render_html
from tocsin.jobs.reports.pdf import refuse_costly, render_pdf
from tocsin.jobs.reports.run_history import RunsSummary
from tocsin.jobs.reports.text import only_table, render_csv, render_json

_RUN_COLUMNS = ["runId", "taskName", "status", "dueAt", "seconds", "attempts", "error"]


class Format(Enum):
    """The file format of a report."""

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


@dataclass(frozen=True, slots=True)
class ReportInput:
    """The input of a report: `data`, any JSON value, if `has_data`, and statistics of runs. `made_at` is formatted."""

    title: str
    format: Format
    made_at: str
    data: Any
    has_data: bool
    runs: RunsSummary | None
    columns: Sequence[str] | None
    chart: bool


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """The written file. `rows` is the number of rows of all tables."""

    content: bytes
    content_type: str
    rows: int


def check_data(written: Format, data: Any, columns: Sequence[str] | None) -> None:
    """Raise ReportFault for data that cannot be written in this format."""
    sections = sections_of(data, columns)
    if written is Format.PDF:
        refuse_costly(sections)
    elif written is Format.CSV:
        only_table(sections)


def write_report(given: ReportInput) -> WrittenReport:
    """Write the report. Raises ReportFault."""
    sections = sections_of(given.data, given.columns) if given.has_data else []
    charts = [bars for section in sections if (bars := bars_of(section)) is not None] if given.chart else []
    summary, data = {}, given.data
    if (runs := given.runs) is not None:
        sections += _build_run_tables(runs, given.format)
        charts += _build_run_charts(runs.tasks) if given.chart else []
        summary, data = runs.figures, {"data": data, "tasks": runs.tasks, "runs": runs.shown}
    render, content_type = _RENDERERS[given.format]
    content = render(Report(given.title, given.made_at, summary, sections, charts, data))
    return WrittenReport(content, content_type, sum(len(section.rows) for section in sections))


def _build_run_tables(runs: RunsSummary, written: Format) -> list[Section]:
    listed = Section("Runs", _RUN_COLUMNS, [[run[name] for name in _RUN_COLUMNS] for run in runs.shown])
    tasks = runs.tasks
    whole = [Section("Tasks", list(tasks[0]), [list(task.values()) for task in tasks])] if tasks else []
    return [listed] if written is Format.CSV else [*whole, listed]


def _build_run_charts(tasks: list[dict[str, Any]]) -> list[Bars]:
    rates = [(task["task"], round(task["successRate"] * 100, 1)) for task in tasks if task["successRate"] is not None]
    times = [(task["task"], task["p95Seconds"]) for task in tasks if task["p95Seconds"] is not None]
    charts = [
        Bars("Success rate by task", " %", rates[:MOST_BARS]),
        Bars("Duration by task: 95 % took at most", " s", times[:MOST_BARS]),
    ]
    return [chart for chart in charts if chart.bars]
