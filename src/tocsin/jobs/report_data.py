"""What a report consists of, whatever its format: tables and bars, made of any JSON value. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_ROWS = 10_000
MOST_COLUMNS = 50
MOST_CELLS = 500_000
"""In all tables."""
LARGEST = 20 * 1024 * 1024
"""Bytes of what is written."""
MOST_BARS = 30


@dataclass(frozen=True, slots=True)
class Section:
    """A table. Cells are JSON values."""

    title: str
    columns: list[str]
    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of named values, none below 0; `unit` stands behind the numbers."""

    title: str
    unit: str
    bars: list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. `made_at` is a text; `data` is what JSON reports show of what was given."""

    title: str
    made_at: str
    summary: dict[str, Any]
    sections: list[Section]
    charts: list[Bars]
    data: Any


class ReportFault(ValueError):
    """What was given is no report: a sentence for the user."""


def sections_of(data: Any, columns: Sequence[str] | None = None) -> list[Section]:
    """The tables of a JSON value: a list of objects is one, an object has one for each list in it and one for its
    other values. Raises ReportFault.
    """
    cells, sections = 0, []
    for section in _tables(data, columns):
        cells += len(section.rows) * len(section.columns)
        if cells > MOST_CELLS:
            raise ReportFault(f"The report has more than {MOST_CELLS:,} cells. Choose fewer rows or columns.")
        sections.append(section)
    return sections


def _tables(data: Any, columns: Sequence[str] | None) -> Iterator[Section]:
    if not isinstance(data, Mapping):
        yield _table("", data if isinstance(data, list) else [data], columns)
        return
    lists = {name: value for name, value in data.items() if isinstance(value, list)}
    if others := [[name, value] for name, value in data.items() if name not in lists]:
        yield Section("", ["name", "value"], others)
    for name, rows in lists.items():
        yield _table(name, rows, columns)


def _table(title: str, items: list[Any], columns: Sequence[str] | None) -> Section:
    if len(items) > MOST_ROWS:
        raise ReportFault(f"The report has {len(items)} rows; it may have {MOST_ROWS}.")
    objects = [item if isinstance(item, Mapping) else {"value": item} for item in items]
    names = list(columns or dict.fromkeys(str(name) for item in objects for name in item))
    if len(names) > MOST_COLUMNS:
        raise ReportFault(f"The report has {len(names)} columns; it may have {MOST_COLUMNS}. Choose with columns.")
    return Section(title, names, [[item.get(name) for name in names] for item in objects])


def bars_of(section: Section) -> Bars | None:
    """The first column of numbers, named by the first column of texts; None if there is no such pair."""
    label = _first(section, str)
    value = _first(section, int, float)
    if label is None or value is None:
        return None
    pairs = [(str(row[label]), float(row[value])) for row in section.rows if _number(row[value]) and row[value] >= 0]
    return Bars(section.columns[value], "", pairs[:MOST_BARS])


def _first(section: Section, *types: type) -> int | None:
    """The first column in which all that is not null is of these types, and something is."""
    for number in range(len(section.columns)):
        cells = [row[number] for row in section.rows if row[number] is not None]
        if cells and all(isinstance(cell, types) and not isinstance(cell, bool) for cell in cells):
            return number
    return None


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def join_bounded(texts: Iterable[str]) -> bytes:
    """The texts in UTF-8, halves of characters as question marks. Raises ReportFault as soon as they are too many."""
    written = bytearray()
    for text in texts:
        written += text.encode("utf-8", "replace")
        if len(written) > LARGEST:
            raise ReportFault(f"The report has more than {LARGEST:,} bytes. Choose fewer rows or columns.")
    return bytes(written)


def text_of(value: Any) -> str:
    """A cell as people read it: null is empty, objects and lists are compact JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
