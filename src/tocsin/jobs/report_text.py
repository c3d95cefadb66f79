"""Reports as JSON and as CSV (RFC 4180). Pure."""

import csv
import io
import json
import re
from typing import Any

from tocsin.jobs.report_data import Report, ReportFault, text_of

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  # spreadsheets take the wide ones too
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def render_json(report: Report) -> bytes:
    """Title, time, summary and the data as they were given."""
    found = {"title": report.title, "madeAt": report.made_at, "summary": report.summary, "data": report.data}
    return json.dumps(found, ensure_ascii=False, indent=2).encode() + b"\n"


def render_csv(report: Report) -> bytes:
    """The only table, in UTF-8 with CRLF. Texts that spreadsheets would run as formulas get an apostrophe in front.

    Raises ReportFault when there are several tables.
    """
    tables = [section for section in report.sections if section.columns]
    if len(tables) > 1:
        names = ", ".join(section.title or "(values)" for section in tables)
        raise ReportFault(f"A CSV file has one table, and there are {len(tables)}: {names}. Give one of them as data.")
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for section in tables:
        writer.writerow([_defused(name) for name in section.columns])
        writer.writerows([[_defused(cell) for cell in row] for row in section.rows])
    return out.getvalue().encode()


def _defused(value: Any) -> str:
    text = text_of(value)
    if isinstance(value, str) and text.lstrip(" ").startswith(_FORMULA) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text
