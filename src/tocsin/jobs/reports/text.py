"""Reports as JSON and as CSV (RFC 4180). Pure."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from tocsin.jobs.reports.content import Report, ReportError, ReportTable, encode_report, format_cell

_FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  # spreadsheets accept the full-width ones too
_MAX_NAMED = 10
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def render_json(report: Report) -> bytes:
    """Return title, time, summary and the unchanged data as JSON."""
    found = {"title": report.title, "madeAt": report.made_at, "summary": report.summary, "data": report.data}
    return encode_report(chain(json.JSONEncoder(ensure_ascii=False, indent=2).iterencode(found), "\n"))


def render_csv(report: Report) -> bytes:
    """Return the only table as CSV in UTF-8 with CRLF.

    Strings that spreadsheets would run as formulas get a leading apostrophe. Raises ReportError for several tables.
    """
    tables = find_single_table(report.tables)
    return encode_report(_format_row(row) for section in tables for row in (section.columns, *section.rows))


def find_single_table(sections: Sequence[ReportTable]) -> list[ReportTable]:
    """Return the table that has columns, if there is one. Raises ReportError if there are several."""
    tables = [section for section in sections if section.columns]
    if len(tables) > 1:
        names = ", ".join(section.title or "(values)" for section in tables[:_MAX_NAMED])
        more = ", …" if len(tables) > _MAX_NAMED else ""
        raise ReportError(
            f"A CSV file can have only one table, but there are {len(tables)}: {names}{more}. Give one of them as data."
        )
    return tables


def _format_row(row: Iterable[Any]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerow([_escape_formula(cell) for cell in row])
    return out.getvalue()


def _escape_formula(value: Any) -> str:
    text = format_cell(value)
    if isinstance(value, str) and text.lstrip(" ").startswith(_FORMULA_PREFIXES) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text
