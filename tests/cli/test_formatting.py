"""The output of commands."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tocsin.cli.formatting import format_time, print_json, print_rows


def test_times_are_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert format_time(datetime(2026, 1, 31, 11, 30, 0, 999, east)) == "2026-01-31T09:30:00Z"
    assert format_time(datetime(2026, 1, 31, 9, 30, tzinfo=UTC)) == "2026-01-31T09:30:00Z"
    assert format_time(None) is None


def test_json_keeps_characters_or_escapes_them(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(["ü"])
    assert "ü" in capsys.readouterr().out
    print_json(["ü"], ascii_only=True)
    assert "\\u00fc" in capsys.readouterr().out


def test_rows_are_json_or_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    rows, cells = [{"name": "a", "count": 1}], [["a", 1]]
    print_rows(rows, ("Name", "Count"), cells, ("Name",), as_json=True)
    assert json.loads(capsys.readouterr().out) == rows
    print_rows(rows, ("Name", "Count"), cells, ("Name",), as_json=False)
    assert "Count" in capsys.readouterr().out


def test_cells_give_the_terminal_no_commands(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([], ("Name",), [["red \x1b[31m and \n below"]], (), as_json=False)
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert len(printed.splitlines()) == 5


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.text("aü🙄漢 ", min_size=1, max_size=200).filter(lambda text: text == text.strip()))
def test_no_cell_is_folded_or_cut_off_where_the_output_is_no_terminal(
    capsys: pytest.CaptureFixture[str], cell: str
) -> None:
    print_rows([], ("Name", "Count"), [[cell, 1]], (), as_json=False)
    assert cell in capsys.readouterr().out
