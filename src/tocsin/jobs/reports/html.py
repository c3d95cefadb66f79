"""Reports as a self-contained HTML file without scripts. Pure."""

from collections.abc import Iterator
from html import escape
from itertools import chain

from tocsin.jobs.reports.content import BarChart, Report, ReportTable, encode_report, format_cell

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1d2430}"
    "h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}.at{color:#5b6675}"
    "table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #d9dee6;padding:.35rem .6rem;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#f1f4f8}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}text{font:12px system-ui,sans-serif}"
)
_CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_ROW, _LABEL, _WIDTH = 24, 220, 440


def render_html(report: Report) -> bytes:
    """Return the page in UTF-8, with all text escaped."""
    title = escape(report.title)
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f'<meta http-equiv="Content-Security-Policy" content="{_CONTENT_POLICY}">',
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>',
        f'<h1>{title}</h1><p class="at">{escape(report.made_at)}</p>',
        *(_render_chart(chart) for chart in report.charts),
    ]
    sections = (line for section in report.tables for line in _render_table(section))
    return encode_report(f"{part}\n" for part in chain(parts, sections, ["</body></html>"]))


def _render_table(section: ReportTable) -> Iterator[str]:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in section.columns)
    title = f"<h2>{escape(section.title)}</h2>" if section.title else ""
    yield f"{title}<table><thead><tr>{head}</tr></thead><tbody>"
    for row in section.rows:
        yield "<tr>" + "".join(map(_render_cell, row)) + "</tr>"
    yield "</tbody></table>"


def _render_cell(value: object) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return f'<td class="n">{escape(format_cell(value))}</td>' if number else f"<td>{escape(format_cell(value))}</td>"


def _render_chart(chart: BarChart) -> str:
    most = max((value for _, value in chart.bars), default=0) or 1
    height = _ROW * len(chart.bars)
    bars = "".join(
        _render_bar(number, label, value, most, chart.unit) for number, (label, value) in enumerate(chart.bars)
    )
    size = f'viewBox="0 0 {_LABEL + _WIDTH + 100} {height}" width="100%" role="img"'
    return f'<h2>{escape(chart.title)}</h2><svg xmlns="http://www.w3.org/2000/svg" {size}>{bars}</svg>'


def _render_bar(number: int, label: str, value: float, most: float, unit: str) -> str:
    top, width = number * _ROW, max(value / most * _WIDTH, 1)
    short = label if len(label) <= 32 else f"{label[:31]}…"
    return (
        f'<text x="{_LABEL - 8}" y="{top + 16}" text-anchor="end">{escape(short)}</text>'
        f'<rect x="{_LABEL}" y="{top + 4}" width="{width:.1f}" height="{_ROW - 8}" fill="#2f6fbb"/>'
        f'<text x="{_LABEL + width + 6:.1f}" y="{top + 16}">{value:g}{escape(unit)}</text>'
    )
