"""The file of a report: its format, its tables and its charts."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tocsin.jobs.reports.content import ReportError, ReportFormat
from tocsin.jobs.reports.run_history import ListedRun, RunsSummary, TaskFigures
from tocsin.jobs.reports.writer import ReportInput, check_report_data, render_report

TASK: TaskFigures = {"task": "nightly", "runs": 2, "successRate": 0.875, "p50Seconds": 1.0, "p95Seconds": None}
RUN: ListedRun = {
    "runId": "r1",
    "taskId": "t1",
    "taskName": "nightly",
    "status": "COMPLETED",
    "dueAt": "2027-01-01T00:00:00Z",
    "seconds": 1.0,
    "attempts": 1,
    "error": None,
}
RUNS = RunsSummary(
    {"runs": 2, "byStatus": {"COMPLETED": 2}, "successRate": 0.875, "seconds": {"p50": 1.0, "p95": 1.0}},
    [TASK],
    [RUN, RUN],
)
INPUT = ReportInput("Title", ReportFormat.JSON, "2027-01-01", [{"n": "a", "v": 1}], True, None, None, False)


@pytest.mark.parametrize(
    ("format_", "content_type", "start"),
    [
        (ReportFormat.JSON, "application/json", b"{"),
        (ReportFormat.CSV, "text/csv; charset=utf-8", b"n,v\r\n"),
        (ReportFormat.HTML, "text/html; charset=utf-8", b"<!doctype html>"),
        (ReportFormat.PDF, "application/pdf", b"%PDF-"),
    ],
)
def test_each_format_has_its_content_type(format_: ReportFormat, content_type: str, start: bytes) -> None:
    written = render_report(replace(INPUT, format=format_))
    assert (written.content_type, written.rows) == (content_type, 1)
    assert written.content.startswith(start)


def test_json_has_data_and_figures_of_runs_beside_each_other() -> None:
    written = render_report(replace(INPUT, runs=RUNS))
    found = json.loads(written.content)
    assert found == {
        "title": "Title",
        "madeAt": "2027-01-01",
        "summary": RUNS.totals,
        "data": {"data": INPUT.data, "tasks": [TASK], "runs": [RUN, RUN]},
    }
    assert written.rows == 1 + 1 + 2


def test_csv_of_runs_lists_the_runs_only() -> None:
    written = render_report(replace(INPUT, format=ReportFormat.CSV, data=None, has_data=False, runs=RUNS))
    lines = written.content.decode().split("\r\n")
    assert lines[0] == "runId,taskName,status,dueAt,seconds,attempts,error"
    assert lines[1] == "r1,nightly,COMPLETED,2027-01-01T00:00:00Z,1.0,1,"
    assert written.rows == 2


def test_charts_leave_out_what_has_no_figure() -> None:
    page = render_report(replace(INPUT, format=ReportFormat.HTML, runs=RUNS, chart=True)).content.decode()
    assert page.count("<svg") == 2
    assert "Success rate by task" in page
    assert ">87.5 %</text>" in page
    assert "Duration by task" not in page  # no task has a percentile
    assert "<svg" not in render_report(replace(INPUT, format=ReportFormat.HTML, runs=RUNS)).content.decode()


@pytest.mark.parametrize(
    ("format_", "data", "words"),
    [
        (ReportFormat.CSV, {"a": [1], "b": [2]}, "only one table"),
        (ReportFormat.PDF, [["x" * 500] * 50] * 3000, "too large for a PDF"),
        (ReportFormat.JSON, [0] * 10_001, "10001 rows"),
    ],
)
def test_data_that_do_not_fit_the_format_are_refused_before_they_are_written(
    format_: ReportFormat, data: Any, words: str
) -> None:
    columns = [str(number) for number in range(50)] if format_ is ReportFormat.PDF else None
    with pytest.raises(ReportError, match=words):
        check_report_data(format_, data, columns)
    check_report_data(format_, [{"a": 1}], None)
