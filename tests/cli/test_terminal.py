"""Texts of users on a terminal."""

import pytest

from tocsin.cli.tables import print_table


def test_a_table_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(
        ["Name", "Description"], [["esc", "a\x1b[31mb\x07\x9b2J \u202ec"], ["smile", "\U0001f469\u200d\U0001f4bb"]]
    )
    printed = capsys.readouterr().out
    assert r"a\x1b[31mb\x07\x9b2J \u202ec" in printed
    assert "\U0001f469\u200d\U0001f4bb" in printed
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(printed)
