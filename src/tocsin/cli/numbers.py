"""Numbers on the command line, in ASCII digits only: Python's int() also accepts `1_000` and digits of any script."""

from collections.abc import Callable

import typer


def whole_number(least: int, most: int) -> Callable[[object], int]:
    """Return a parser of whole numbers within these bounds, for options of commands."""

    def read(value: object) -> int:
        text = str(value)
        if not (text.isascii() and text.isdigit() and len(text) <= 18 and least <= int(text) <= most):
            raise typer.BadParameter(f"{text!r} is not a whole number from {least} to {most}.")
        return int(text)

    return read
