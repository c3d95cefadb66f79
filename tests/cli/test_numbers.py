"""Numbers on the command line."""

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as some

from tests.cli.commands import ALICE, tocsin
from tocsin.cli.numbers import whole_number


@pytest.mark.parametrize("number", ["3_0", "\u0663", "\uff13", "+3", "3.0", "0", "-1", "9" * 5000])
@pytest.mark.parametrize(
    "arguments",
    [
        ["tokens", "create", ALICE, "--name", "x", "--days"],
        ["audit", "list", "--limit"],
        ["mails", "list", "--limit"],
    ],
)
def test_numbers_consist_of_ascii_digits(arguments: list[str], number: str) -> None:
    result = tocsin(*arguments, number)
    assert result.exit_code == 2
    assert "is not a whole number from 1 to" in " ".join(result.stderr.replace("\u2502", " ").split())


@given(some.integers(-5, 205) | some.integers())
def test_numbers_within_the_bounds_are_read_and_no_others(number: int) -> None:
    read = whole_number(0, 200)
    if 0 <= number <= 200:
        assert read(str(number)) == number
    else:
        with pytest.raises(typer.BadParameter, match="is not a whole number from 0 to 200"):
            read(str(number))
