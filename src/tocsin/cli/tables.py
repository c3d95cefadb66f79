"""Tables of the command line: nothing in them is ever cut off."""

import sys
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

_NARROWEST = 12
"""Columns that a cell is folded to at most."""


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], whole: Sequence[str] = ()) -> None:
    """Print a table as wide as the terminal. Cells of the columns in `whole` stay in one line, whatever its width.

    Where the output is no terminal, all cells do.
    """
    cells = [[str(cell) for cell in row] for row in rows]
    is_terminal = sys.stdout.isatty()
    widths = [
        max(map(cell_len, column)) if name in whole or not is_terminal else min(_NARROWEST, max(map(cell_len, column)))
        for name, column in zip(columns, zip(columns, *cells, strict=True), strict=True)
    ]
    table = Table()
    for name, width in zip(columns, widths, strict=True):
        table.add_column(name, overflow="fold", min_width=width)
    for row in cells:
        table.add_row(*map(Text, row))
    console = Console()
    console.width = max(console.width, sum(width + 3 for width in widths) + 1)
    console.print(table)
