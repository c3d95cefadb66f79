"""Tables of the command line: nothing in them is ever cut off."""

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDE = 10_000
"""Columns where nobody looks, as in a pipe: each row is one line."""


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], whole: Sequence[str] = ()) -> None:
    """Print a table as wide as the terminal. Cells of the columns in `whole` stay in one line, whatever its width.

    Where the output is no terminal, all cells do.
    """
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in whole or not sys.stdout.isatty())
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    console = Console(soft_wrap=False)
    if not sys.stdout.isatty():
        console.width = _WIDE
    console.width = max(console.width, console.measure(table).minimum)
    console.print(table)
