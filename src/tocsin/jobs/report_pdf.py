"""Reports as PDF. CPU-bound: about 1 s for 1,000 rows of 6 columns, 2 s if the cells are full.

The font is DejaVu Sans, embedded as a subset: Latin, Greek, Cyrillic and many symbols. Characters that it lacks
(Chinese, Japanese, Korean, Indic scripts, most emoji) are shown as an empty box. Arabic and Hebrew letters are shown,
but from left to right and unjoined.
"""

import io
from collections.abc import Iterable, Iterator
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

from tocsin.jobs.report_data import Bars, Report, ReportFault, Section, text_of

FONT = "DejaVu Sans"
_FILE = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
_MARGIN = 15 * mm
_WIDE = 6
"""Number of columns from which pages are in landscape format."""
_LONGEST_CELL = 500
MOST_CELLS = 100_000
"""Each 40 characters count as one more cell, because they take as long to lay out."""
_LETTERS_OF_A_CELL = 40
_TOO_TALL = "A row of the report is taller than a page. Choose fewer columns, or write it as HTML or CSV."
_BOX = "\u25a1"
_BAR, _LABEL = 16, 170
_BLUE: Any = HexColor("#2f6fbb")  # the stubs don't accept a colour as a keyword argument
_HEADING = ParagraphStyle("heading", fontName=FONT, fontSize=12, leading=15, spaceBefore=12, spaceAfter=6)
_TITLE = ParagraphStyle("title", fontName=FONT, fontSize=18, leading=22, spaceAfter=4)
_SMALL = ParagraphStyle("small", fontName=FONT, fontSize=8, leading=10, textColor=HexColor("#5b6675"))
# Breaks anywhere, so that a long word doesn't overflow its column.
_CELL = ParagraphStyle("cell", fontName=FONT, fontSize=8, leading=10, wordWrap="CJK")
_NUMBER = ParagraphStyle("number", parent=_CELL, alignment=TA_RIGHT)
_LOOK = TableStyle(
    [
        ("BACKGROUND", (0, 0), (-1, 0), HexColor("#f1f4f8")),
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, HexColor("#d9dee6")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
)


def render_pdf(report: Report) -> bytes:
    """Return A4 pages, in landscape for wide tables. A cell shows at most 500 characters. Raises ReportFault."""
    refuse_costly(report.sections)
    font = load_font()
    widest = max((len(section.columns) for section in report.sections), default=0)
    size = landscape(A4) if widest >= _WIDE else A4
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=size,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=_known(font, report.title),
        creator="Tocsin",
    )
    try:
        document.build(list(_story(font, report, size[0] - 2 * _MARGIN)), _page_number, _page_number)
    except LayoutError:
        raise ReportFault(_TOO_TALL) from None
    return out.getvalue()


def refuse_costly(sections: Iterable[Section]) -> None:
    """Raise ReportFault for tables that take too long to lay out."""
    cost = 0
    for section in sections:
        for row in section.rows:
            letters = sum(min(len(text_of(value)), _LONGEST_CELL) for value in row)
            cost += len(row) + letters // _LETTERS_OF_A_CELL
            if cost > MOST_CELLS:
                raise ReportFault(
                    f"The report is too large for a PDF: the limit is {MOST_CELLS:,} cells, and each "
                    f"{_LETTERS_OF_A_CELL} characters count as one more. Choose fewer rows or columns, or HTML or CSV."
                )


@cache
def load_font() -> TTFont:
    """Return the font, registered for reportlab."""
    font = TTFont(FONT, str(_FILE))
    pdfmetrics.registerFont(font)
    return font


def _story(font: TTFont, report: Report, width: float) -> Iterator[Any]:
    yield _paragraph(font, report.title, _TITLE)
    yield _paragraph(font, report.made_at, _SMALL)
    for chart in report.charts:
        yield _paragraph(font, chart.title, _HEADING)
        yield _drawing(font, chart, width)
    for section in report.sections:
        yield _paragraph(font, section.title, _HEADING) if section.title else Spacer(0, 12)
        if section.columns:
            yield _table(font, section, width)


def _table(font: TTFont, section: Section, width: float) -> LongTable:
    head = [_paragraph(font, name, _CELL) for name in section.columns]
    rows = [[_cell(font, value) for value in row] for row in section.rows]
    columns = [width / len(section.columns)] * len(section.columns)
    return LongTable([head, *rows], colWidths=columns, repeatRows=1, style=_LOOK)


def _cell(font: TTFont, value: Any) -> Paragraph:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    text = text_of(value)
    shown = text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"
    return _paragraph(font, shown, _NUMBER if number else _CELL)


def _paragraph(font: TTFont, text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(_known(font, text)), style)


def _known(font: TTFont, text: str) -> str:
    """Replace each character that the font lacks with a box."""
    glyphs = font.face.charToGlyph
    return "".join(letter if letter in "\n\t" or ord(letter) in glyphs else _BOX for letter in text)


def _drawing(font: TTFont, chart: Bars, width: float) -> Drawing:
    most = max((value for _, value in chart.bars), default=0) or 1
    drawing = Drawing(width, _BAR * len(chart.bars) + 4)
    for number, (label, value) in enumerate(chart.bars):
        bottom = drawing.height - (number + 1) * _BAR
        length = max(value / most * (width - _LABEL - 60), 0.5)
        short = label if len(label) <= 30 else f"{label[:29]}…"
        drawing.add(String(_LABEL - 6, bottom + 4, _known(font, short), fontName=FONT, fontSize=8, textAnchor="end"))
        drawing.add(Rect(_LABEL, bottom + 2, length, _BAR - 5, fillColor=_BLUE, strokeColor=None))
        drawing.add(String(_LABEL + length + 4, bottom + 4, f"{value:g}{chart.unit}", fontName=FONT, fontSize=8))
    return drawing


def _page_number(canvas: Any, document: Any) -> None:
    canvas.setFont(FONT, 8)
    canvas.drawRightString(document.pagesize[0] - _MARGIN, 8 * mm, str(document.page))
