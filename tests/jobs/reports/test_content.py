"""Tables and charts made of any JSON value, and the limits of a report."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.jobs.reports.content import (
    MAX_BARS,
    MAX_PDF_CELLS,
    MAX_REPORT_BYTES,
    ReportError,
    ReportTable,
    build_bar_chart,
    build_tables,
    check_pdf_size,
    encode_report,
    format_cell,
)

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner))


@pytest.mark.parametrize(
    ("data", "tables"),
    [
        ([{"a": 1}, {"b": 2, "a": 3}], [("", ["a", "b"], [[1, None], [3, 2]])]),
        ([1, "x"], [("", ["value"], [[1], ["x"]])]),
        (5, [("", ["value"], [[5]])]),
        ([], [("", [], [])]),
        ({}, []),
        (
            {"n": 1, "l": [2], "m": {"x": 1}},
            [("", ["name", "value"], [["n", 1], ["m", {"x": 1}]]), ("l", ["value"], [[2]])],
        ),
    ],
)
def test_lists_are_tables_and_the_rest_of_an_object_is_one_more(data: Any, tables: list[Any]) -> None:
    assert build_tables(data) == [ReportTable(*table) for table in tables]


def test_columns_choose_and_order_and_may_be_empty() -> None:
    (table,) = build_tables([{"a": 1, "b": 2}], ["b", "z", "a"])
    assert (table.columns, table.rows) == (["b", "z", "a"], [[2, None, 1]])


@given(JSON)
def test_every_row_has_a_cell_for_each_column(data: Any) -> None:
    for table in build_tables(data):
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert len(set(table.columns)) == len(table.columns)


@pytest.mark.parametrize(
    ("columns", "rows", "bars"),
    [
        (["n", "v"], [["a", 1], ["b", 2.5]], [("a", 1.0), ("b", 2.5)]),
        (["v", "n"], [[1, "a"], [None, "b"], [-1, "c"]], [("a", 1.0)]),
        (["n", "yes", "v"], [["a", True, 1]], [("a", 1.0)]),
        (["n", "mixed", "v"], [["a", 1, 2], ["b", "x", 3]], [("a", 2.0), ("b", 3.0)]),
    ],
)
def test_a_chart_is_of_the_first_columns_of_text_and_of_numbers(
    columns: list[str], rows: list[list[Any]], bars: list[tuple[str, float]]
) -> None:
    chart = build_bar_chart(ReportTable("t", columns, rows))
    assert chart is not None
    assert (chart.title, chart.bars) == ("v", bars)


@pytest.mark.parametrize("rows", [[["a", "b"]], [[1, 2]], [[None, None]], []])
def test_without_texts_or_numbers_there_is_no_chart(rows: list[list[Any]]) -> None:
    assert build_bar_chart(ReportTable("t", ["x", "y"], rows)) is None


def test_a_chart_has_a_limited_number_of_bars() -> None:
    chart = build_bar_chart(ReportTable("t", ["n", "v"], [[str(number), number] for number in range(100)]))
    assert chart is not None
    assert len(chart.bars) == MAX_BARS


def test_a_cell_is_text_compact_json_or_empty() -> None:
    values = [None, "é", 1, 2.5, True, {"a": [1, "é"]}]
    assert [format_cell(value) for value in values] == ["", "é", "1", "2.5", "true", '{"a":[1,"é"]}']


def test_a_report_is_cut_off_neither_earlier_nor_later_than_at_its_limit() -> None:
    half = "x" * (MAX_REPORT_BYTES // 2)
    assert len(encode_report([half, half])) == MAX_REPORT_BYTES
    with pytest.raises(ReportError, match="more than 20,971,520 bytes"):
        encode_report([half, half, "x"])
    assert encode_report(["a\ud800"]) == b"a?"


def test_long_cells_of_a_pdf_cost_more() -> None:
    check_pdf_size([ReportTable("", ["a"], [["x" * 39]] * MAX_PDF_CELLS)])
    with pytest.raises(ReportError, match="too large for a PDF"):
        check_pdf_size([ReportTable("", ["a"], [["x" * 40]] * (MAX_PDF_CELLS // 2 + 1))])
