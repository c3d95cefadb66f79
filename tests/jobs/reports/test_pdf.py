"""Reports as PDF, read back."""

import io

from pypdf import PdfReader

from tests.jobs.reports.reports import ROWS, make
from tocsin.documents import Database


async def test_a_pdf_has_the_words_of_several_alphabets_and_a_chart(database: Database) -> None:
    made = await make(database, format="PDF", data=ROWS, chart=True, title="Länder & <Flächen>")
    assert made.outcome.result["file"]["name"] == "Länder & _Flächen_.pdf"
    assert made.outcome.result["rows"] == 3
    for word in ("Länder & <Flächen>", "land", "Österreich", "Ελλάδα", "Україна", "603628"):
        assert word in made.pages
    assert made.pages.count("Україна") == 2  # in the chart and in the table


async def test_a_pdf_shows_a_box_for_what_its_font_lacks(database: Database) -> None:
    made = await make(database, format="PDF", data=[{"a": "x报告y"}])
    assert "x□□y" in made.pages


async def test_a_pdf_of_many_rows_repeats_its_head_and_breaks_long_words(database: Database) -> None:
    rows = [{"number": number, "word": "w" * 300} for number in range(200)]
    made = await make(database, format="PDF", data=rows)
    pages = PdfReader(io.BytesIO(made.content)).pages
    assert len(pages) > 5
    assert all("number" in page.extract_text() for page in pages)
