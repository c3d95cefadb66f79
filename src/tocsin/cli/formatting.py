"""The output of commands: times, JSON, and tables that never truncate a cell."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import overload

import typer
from rich.cells import cell_len
from rich.console import Console, ConsoleDimensions
from rich.table import Table
from rich.text import Text

from tocsin.outbound.mail_text import clean_line

_NARROWEST = 12
"""Minimum width of a folded column, in characters."""


@overload
def format_time(moment: datetime) -> str: ...


@overload
def format_time(moment: None) -> None: ...


@overload
def format_time(moment: datetime | None) -> str | None: ...


def format_time(moment: datetime | None) -> str | None:
    """Return a time in UTC, to the second, as in `2026-01-31T09:30:00Z`; None if there is none."""
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def print_json(rows: Sequence[object], *, ascii_only: bool = False) -> None:
    """Print a JSON array, for programs. With `ascii_only` all other characters are escaped."""
    typer.echo(json.dumps(rows, indent=2, ensure_ascii=ascii_only))


def print_rows(
    rows: Sequence[object],
    columns: Sequence[str],
    cells: Sequence[Sequence[object]],
    whole: Sequence[str],
    *,
    as_json: bool,
) -> None:
    """Print rows as JSON, or their cells as a table in which the columns in `whole` are never folded."""
    if as_json:
        print_json(rows)
    else:
        _print_table(columns, cells, whole)


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], whole: Sequence[str]) -> None:
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
