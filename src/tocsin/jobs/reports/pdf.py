"""Reports as PDF. CPU-bound: about 1 s for 1,000 rows of 6 columns, 2 s if the cells are full.

The font is DejaVu Sans, embedded as a subset: Latin, Greek, Cyrillic and many symbols. Characters that it lacks
(Chinese, Japanese, Korean, Indic scripts, most emoji) are shown as an empty box. Arabic and Hebrew letters are shown,
but from left to right and unjoined.
"""

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Drawing, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus.doctemplate import LayoutError

from tocsin.jobs.reports.content import (
    MAX_PDF_CELL_LENGTH,
    BarChart,
    Report,
    ReportError,
    ReportTable,
    check_pdf_size,
    format_cell,
)

FONT_NAME = "DejaVu Sans"
_FONT_FILE = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
_MARGIN = 15 * mm
_LANDSCAPE_COLUMNS = 6
"""Number of columns from which pages are in landscape format."""
_ROW_TOO_TALL = "A row of the report is taller than a page. Choose fewer columns, or write it as HTML or CSV."
_MISSING_GLYPH = "\u25a1"
_BAR, _LABEL = 16, 170
_BLUE: Any = HexColor("#2f6fbb")  # the stubs don't accept a colour as a keyword argument
_HEADING = ParagraphStyle("heading", fontName=FONT_NAME, fontSize=12, leading=15, spaceBefore=12, spaceAfter=6)
_TITLE = ParagraphStyle("title", fontName=FONT_NAME, fontSize=18, leading=22, spaceAfter=4)
_SMALL = ParagraphStyle("small", fontName=FONT_NAME, fontSize=8, leading=10, textColor=HexColor("#5b6675"))
# Breaks anywhere, so that a long word doesn't overflow its column.
_CELL = ParagraphStyle("cell", fontName=FONT_NAME, fontSize=8, leading=10, wordWrap="CJK")
_NUMBER = ParagraphStyle("number", parent=_CELL, alignment=TA_RIGHT)
_TABLE_STYLE = TableStyle(
    [
        ("BACKGROUND", (0, 0), (-1, 0), HexColor("#f1f4f8")),
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, HexColor("#d9dee6")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
)


def render_pdf(report: Report) -> bytes:
    """Return A4 pages, in landscape for wide tables. A cell shows at most 500 characters. Raises ReportError."""
    check_pdf_size(report.tables)
    font = load_font()
    widest = max((len(section.columns) for section in report.tables), default=0)
    size = landscape(A4) if widest >= _LANDSCAPE_COLUMNS else A4
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=size,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=_replace_unknown(font, report.title),
        creator="Tocsin",
    )
    try:
        document.build(list(_build_story(font, report, size[0] - 2 * _MARGIN)), _draw_page_number, _draw_page_number)
    except LayoutError:
        raise ReportError(_ROW_TOO_TALL) from None
    return out.getvalue()


@cache
def load_font() -> TTFont:
    """Return the font, registered for reportlab."""
    font = TTFont(FONT_NAME, str(_FONT_FILE))
    pdfmetrics.registerFont(font)
    return font


def _build_story(font: TTFont, report: Report, width: float) -> Iterator[Any]:
    yield _build_paragraph(font, report.title, _TITLE)
    yield _build_paragraph(font, report.made_at, _SMALL)
    for chart in report.charts:
        yield _build_paragraph(font, chart.title, _HEADING)
        yield _draw_chart(font, chart, width)
    for section in report.tables:
        yield _build_paragraph(font, section.title, _HEADING) if section.title else Spacer(0, 12)
        if section.columns:
            yield _build_table(font, section, width)


def _build_table(font: TTFont, section: ReportTable, width: float) -> LongTable:
    head = [_build_paragraph(font, name, _CELL) for name in section.columns]
    rows = [[_build_cell(font, value) for value in row] for row in section.rows]
    columns = [width / len(section.columns)] * len(section.columns)
    return LongTable([head, *rows], colWidths=columns, repeatRows=1, style=_TABLE_STYLE)


def _build_cell(font: TTFont, value: Any) -> Paragraph:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    text = format_cell(value)
    shown = text if len(text) <= MAX_PDF_CELL_LENGTH else f"{text[: MAX_PDF_CELL_LENGTH - 1]}…"
    return _build_paragraph(font, shown, _NUMBER if number else _CELL)


def _build_paragraph(font: TTFont, text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(_replace_unknown(font, text)), style)


def _replace_unknown(font: TTFont, text: str) -> str:
    """Replace each character that the font lacks with a box."""
    glyphs = font.face.charToGlyph
    return "".join(letter if letter in "\n\t" or ord(letter) in glyphs else _MISSING_GLYPH for letter in text)


def _draw_chart(font: TTFont, chart: BarChart, width: float) -> Drawing:
    most = max((value for _, value in chart.bars), default=0) or 1
    drawing = Drawing(width, _BAR * len(chart.bars) + 4)
    for number, (label, value) in enumerate(chart.bars):
        bottom = drawing.height - (number + 1) * _BAR
        length = max(value / most * (width - _LABEL - 60), 0.5)
        short = label if len(label) <= 30 else f"{label[:29]}…"
        drawing.add(
            String(
                _LABEL - 6, bottom + 4, _replace_unknown(font, short), fontName=FONT_NAME, fontSize=8, textAnchor="end"
            )
        )
        drawing.add(Rect(_LABEL, bottom + 2, length, _BAR - 5, fillColor=_BLUE, strokeColor=None))
        drawing.add(String(_LABEL + length + 4, bottom + 4, f"{value:g}{chart.unit}", fontName=FONT_NAME, fontSize=8))
    return drawing


def _draw_page_number(canvas: Any, document: Any) -> None:
    canvas.setFont(FONT_NAME, 8)
    canvas.drawRightString(document.pagesize[0] - _MARGIN, 8 * mm, str(document.page))
