"""Reports as JSON and CSV, read back."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.jobs.reports.reports import NASTY, make
from tocsin.documents import Database
from tocsin.jobs.reports.content import Report, ReportError, ReportTable
from tocsin.jobs.reports.text import find_single_table, render_csv, render_json


async def test_csv_is_read_back_with_formulas_defused(database: Database) -> None:
    made = await make(database, format="CSV", data=NASTY)
    text = made.content.decode()
    assert text.startswith("'=a,b,c,d,e,f\r\n")
    _, row = csv.reader(io.StringIO(text, newline=""))
    assert row == ["'=1+1", "<script>alert(1)</script>", 'say "hi",\nyou', "-5", "-5", ""]


@pytest.mark.parametrize("text", ["=1", "+1+1", "-1+1", "@a", "\t=1", "\r=1", " =1", "＝1"])  # noqa: RUF001
async def test_what_spreadsheets_would_run_gets_an_apostrophe(database: Database, text: str) -> None:
    made = await make(database, format="CSV", data=[{"a": text}])
    assert list(csv.reader(io.StringIO(made.content.decode(), newline="")))[1] == [f"'{text}"]


async def test_json_has_the_data_as_they_were_given(database: Database) -> None:
    data = {"a": [1, {"b": None}], "c": "é"}
    made = await make(database, format="JSON", data=data)
    assert json.loads(made.content)["data"] == data


CELLS = st.text(st.characters(codec="utf-8"), max_size=8) | st.integers() | st.none() | st.booleans()


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=4))
def test_csv_is_read_back_and_no_text_begins_a_formula(rows: list[list[object]]) -> None:
    report = Report("t", "", {}, [ReportTable("", ["a", "b"], rows)], [], None)
    _, *read = csv.reader(io.StringIO(render_csv(report).decode(), newline=""))
    for row, cells in zip(rows, read, strict=True):
        for value, cell in zip(row, cells, strict=True):
            if isinstance(value, str):
                assert cell in (value, f"'{value}")
                assert not cell.lstrip(" ").startswith(("=", "@", "\t", "\r"))


@pytest.mark.parametrize("number", ["-5", "+1.5", "-2e-3"])
def test_a_number_in_a_text_is_no_formula(number: str) -> None:
    assert (
        render_csv(Report("", "", {}, [ReportTable("", ["a"], [[number]])], [], None)) == f"a\r\n{number}\r\n".encode()
    )


def test_a_table_without_columns_does_not_count() -> None:
    empty, one, two = ReportTable("", [], []), ReportTable("one", ["a"], []), ReportTable("", ["a"], [])
    assert find_single_table([empty, one]) == [one]
    assert find_single_table([ReportTable("named", [], [])]) == []
    with pytest.raises(ReportError, match=r"there are 2: one, \(values\)\. Give one"):
        find_single_table([one, two])
    with pytest.raises(ReportError, match=r"there are 11: one, .*, …"):
        find_single_table([one] * 11)


def test_json_of_many_texts_keeps_half_a_surrogate_pair_readable() -> None:
    written = render_json(Report("\ud800", "", {"n": 1}, [], [], [None, "é"]))
    assert json.loads(written) == {"title": "?", "madeAt": "", "summary": {"n": 1}, "data": [None, "é"]}
