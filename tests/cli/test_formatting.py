"""The output of commands."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tocsin.cli.formatting import format_time, print_json, print_rows


def test_times_are_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert format_time(datetime(2026, 1, 31, 11, 30, 0, 999, east)) == "2026-01-31T09:30:00Z"
    assert format_time(datetime(2026, 1, 31, 9, 30, tzinfo=UTC)) == "2026-01-31T09:30:00Z"
    assert format_time(None) is None


def test_json_keeps_letters_or_escapes_them(capsys: pytest.CaptureFixture[str]) -> None:
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
