"""Writing of reports: the CPU-bound part, which runs in a compute process. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from tocsin.jobs.reports.content import (
    MAX_BARS,
    BarChart,
    Report,
    ReportFormat,
    ReportTable,
    build_bar_chart,
    build_tables,
    check_pdf_size,
)
from tocsin.jobs.reports.html import render_html
from tocsin.jobs.reports.run_history import RunsSummary, TaskFigures
from tocsin.jobs.reports.text import find_single_table, render_csv, render_json

_RunColumn = Literal["runId", "taskName", "status", "dueAt", "seconds", "attempts", "error"]
_RUN_COLUMNS: tuple[_RunColumn, ...] = get_args(_RunColumn)


def _render_pdf(report: Report) -> bytes:
    from tocsin.jobs.reports.pdf import render_pdf  # needs the extra `reports`

    return render_pdf(report)


_RENDERERS: dict[ReportFormat, tuple[Callable[[Report], bytes], str]] = {
    ReportFormat.JSON: (render_json, "application/json"),
    ReportFormat.CSV: (render_csv, "text/csv; charset=utf-8"),
    ReportFormat.HTML: (render_html, "text/html; charset=utf-8"),
    ReportFormat.PDF: (_render_pdf, "application/pdf"),
}


@dataclass(frozen=True, slots=True)
class ReportInput:
    """The input of a report: `data`, any JSON value, if `has_data`, and statistics of runs. `made_at` is formatted."""

    title: str
    format: ReportFormat
    made_at: str
    data: Any
    has_data: bool
    runs: RunsSummary | None
    columns: Sequence[str] | None
    chart: bool


@dataclass(frozen=True, slots=True)
class RenderedReport:
    """The written file. `rows` is the number of rows of all tables."""

    content: bytes
    content_type: str
    rows: int


def check_report_data(written: ReportFormat, data: Any, columns: Sequence[str] | None) -> None:
    """Raise ReportError for data that cannot be written in this format."""
    sections = build_tables(data, columns)
    if written is ReportFormat.PDF:
        check_pdf_size(sections)
    elif written is ReportFormat.CSV:
        find_single_table(sections)


def render_report(given: ReportInput) -> RenderedReport:
    """Write the report. Raises ReportError."""
    sections = build_tables(given.data, given.columns) if given.has_data else []
    charts = [bars for section in sections if (bars := build_bar_chart(section)) is not None] if given.chart else []
    summary: Mapping[str, object] = {}
    data = given.data
    if (runs := given.runs) is not None:
        sections += _build_run_tables(runs, given.format)
        charts += _build_run_charts(runs.tasks) if given.chart else []
        summary, data = runs.totals, {"data": data, "tasks": runs.tasks, "runs": runs.listed_runs}
    render, content_type = _RENDERERS[given.format]
    content = render(Report(given.title, given.made_at, summary, sections, charts, data))
    return RenderedReport(content, content_type, sum(len(section.rows) for section in sections))


def _build_run_tables(runs: RunsSummary, written: ReportFormat) -> list[ReportTable]:
    listed = ReportTable("Runs", list(_RUN_COLUMNS), [[run[name] for name in _RUN_COLUMNS] for run in runs.listed_runs])
    tasks = runs.tasks
    whole = [ReportTable("Tasks", list(tasks[0]), [list(task.values()) for task in tasks])] if tasks else []
    return [listed] if written is ReportFormat.CSV else [*whole, listed]


def _build_run_charts(tasks: list[TaskFigures]) -> list[BarChart]:
    rates = [(task["task"], round(task["successRate"] * 100, 1)) for task in tasks if task["successRate"] is not None]
    times = [(task["task"], task["p95Seconds"]) for task in tasks if task["p95Seconds"] is not None]
    charts = [
        BarChart("Success rate by task", " %", rates[:MAX_BARS]),
        BarChart("Duration by task: 95 % took at most", " s", times[:MAX_BARS]),
    ]
    return [chart for chart in charts if chart.bars]
