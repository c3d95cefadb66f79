"""Tables on the command line, which never truncate a cell."""

import sys
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleDimensions
from rich.table import Table
from rich.text import Text

from tocsin.outbound.mail_text import clean_line

_NARROWEST = 12
"""Minimum width of a folded column, in characters."""


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], whole: Sequence[str] = ()) -> None:
    """Print a table as wide as the terminal. Cells of the columns in `whole` are never folded.

    If the output is not a terminal, no cells are. Control characters are removed.
    """
    cells = [[clean_line(str(cell)) for cell in row] for row in rows]
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
    # Rich takes a width without a height as 80 columns if TERM is `dumb`.
    console.size = ConsoleDimensions(max(console.width, sum(width + 3 for width in widths) + 1), console.height)
    console.print(table)
