"""The output of commands: times, JSON and tables."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import overload

import typer

from tocsin.cli.tables import print_table


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
        print_table(columns, cells, whole)
