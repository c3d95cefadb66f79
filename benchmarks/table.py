"""The table that all benchmarks print: one figure a row, beside its goal and the peers of the same run."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

HEADER = ("figure", "Tocsin", "goal", "BullMQ", "stock APScheduler", "bare client")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `goal` is in words; None for a peer that has no such figure."""

    figure: str
    ours: float
    goal: str = ""
    bullmq: float | None = None
    apscheduler: float | None = None
    bare: float | None = None


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share (0 to 1) of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = -int(-share * len(ordered) // 1)  # rounded up
    return ordered[max(rank, 1) - 1]


def middle(values: Sequence[float]) -> float:
    """Return the median."""
    return float(median(values))


def text(rows: Sequence[Row]) -> str:
    """Format the rows as lines of plain text, in columns."""
    cells = [HEADER, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADER))]
    return "\n".join(_line(line, widths) for line in cells)


def _cells(row: Row) -> tuple[str, ...]:
    peers = (row.bullmq, row.apscheduler, row.bare)
    return (row.figure, _number(row.ours), row.goal, *(_number(peer) for peer in peers))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *figures = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in figures)])


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
