"""The content of a report in any format: tables and bar charts, made from any JSON value. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

MAX_ROWS = 10_000
MAX_COLUMNS = 50
MAX_CELLS = 500_000
"""Cells of all tables together."""
MAX_REPORT_BYTES = 20 * 1024 * 1024
"""Bytes of a written report."""
MAX_BARS = 30
MAX_PDF_CELL_LENGTH = 500
MAX_PDF_CELLS = 100_000
"""Each 40 characters count as one more cell, because they take as long to lay out."""
_CHARACTERS_PER_CELL = 40


class ReportFormat(Enum):
    """The file format of a report."""

    JSON = "JSON"
    CSV = "CSV"
    HTML = "HTML"
    PDF = "PDF"


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table. Cells are JSON values."""

    title: str
    columns: list[str]
    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class BarChart:
    """A bar chart of named values, none below 0. `unit` is appended to the numbers."""

    title: str
    unit: str
    bars: list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Report:
    """The content of a report. `made_at` is a formatted time; `data` is the input that JSON reports show."""

    title: str
    made_at: str
    summary: Mapping[str, object]
    tables: list[ReportTable]
    charts: list[BarChart]
    data: Any


class ReportError(ValueError):
    """The input cannot be written as a report. The message is for the user."""


def build_tables(data: Any, columns: Sequence[str] | None = None) -> list[ReportTable]:
    """Return the tables of a JSON value. A list of objects is one table; an object has one for each list in it and one
    for its other values. Raises ReportError.
    """
    cells, sections = 0, []
    for section in _split_tables(data, columns):
        cells += len(section.rows) * len(section.columns)
        if cells > MAX_CELLS:
            raise ReportError(f"The report has more than {MAX_CELLS:,} cells. Choose fewer rows or columns.")
        sections.append(section)
    return sections


def _split_tables(data: Any, columns: Sequence[str] | None) -> Iterator[ReportTable]:
    if not isinstance(data, Mapping):
        yield _build_table("", data if isinstance(data, list) else [data], columns)
        return
    lists = {name: value for name, value in data.items() if isinstance(value, list)}
    if others := [[name, value] for name, value in data.items() if name not in lists]:
        yield ReportTable("", ["name", "value"], others)
    for name, rows in lists.items():
        yield _build_table(name, rows, columns)


def _build_table(title: str, items: list[Any], columns: Sequence[str] | None) -> ReportTable:
    if len(items) > MAX_ROWS:
        raise ReportError(f"The report has {len(items)} rows; the limit is {MAX_ROWS}.")
    objects = [item if isinstance(item, Mapping) else {"value": item} for item in items]
    names = list(columns or dict.fromkeys(str(name) for item in objects for name in item))
    if len(names) > MAX_COLUMNS:
        raise ReportError(f"The report has {len(names)} columns; the limit is {MAX_COLUMNS}. Select some with columns.")
    return ReportTable(title, names, [[item.get(name) for name in names] for item in objects])


def build_bar_chart(section: ReportTable) -> BarChart | None:
    """Chart the first column of numbers, labelled by the first column of strings; None if one is missing."""
    label = _find_column(section, str)
    value = _find_column(section, int, float)
    if label is None or value is None:
        return None
    pairs = [(str(row[label]), float(row[value])) for row in section.rows if _is_number(row[value]) and row[value] >= 0]
    return BarChart(section.columns[value], "", pairs[:MAX_BARS])


def _find_column(section: ReportTable, *types: type) -> int | None:
    """Return the first column with values of these types and null only, and at least one value."""
    for number in range(len(section.columns)):
        cells = [row[number] for row in section.rows if row[number] is not None]
        if cells and all(isinstance(cell, types) and not isinstance(cell, bool) for cell in cells):
            return number
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def encode_report(texts: Iterable[str]) -> bytes:
    """Encode the texts in UTF-8, lone surrogates as question marks. Raises ReportError once they are too large."""
    written = bytearray()
    for text in texts:
        written += text.encode("utf-8", "replace")
        if len(written) > MAX_REPORT_BYTES:
            raise ReportError(f"The report has more than {MAX_REPORT_BYTES:,} bytes. Choose fewer rows or columns.")
    return bytes(written)


def format_cell(value: Any) -> str:
    """Format a cell: null is empty, objects and lists are compact JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def check_pdf_size(sections: Iterable[ReportTable]) -> None:
    """Raise ReportError for tables that take too long to lay out."""
    cost = 0
    for section in sections:
        for row in section.rows:
            characters = sum(min(len(format_cell(value)), MAX_PDF_CELL_LENGTH) for value in row)
            cost += len(row) + characters // _CHARACTERS_PER_CELL
            if cost > MAX_PDF_CELLS:
                raise ReportError(
                    f"The report is too large for a PDF: the limit is {MAX_PDF_CELLS:,} cells, and each "
                    f"{_CHARACTERS_PER_CELL} characters count as one more. Choose fewer rows or columns, HTML or CSV."
                )
