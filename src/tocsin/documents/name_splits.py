"""Places at which the sorted names of a list are split, so that a page reads few of them: hints in memory, pure.

Names cannot be measured as times can (`windows.py`), so how dense they are is looked up once and remembered. Names that
are added or removed later change the sizes of the parts only: each part is a range of all possible names.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PART_SIZE = 64
"""Names between two splits."""


@dataclass(frozen=True, slots=True)
class NameRange:
    """The names from `low` (inclusive) to `high` (exclusive; None for the end), which span so many parts."""

    low: str
    high: str | None
    parts: int


def split_names(names: Sequence[str]) -> list[str]:
    """Return the splits of these names. Equal names are not split, so a part can be larger."""
    ordered = sorted(names)
    return sorted(set(ordered[PART_SIZE::PART_SIZE]))


def iterate_up(splits: Sequence[str], low: str, parts: int = 1) -> Iterator[NameRange]:
    """Yield ranges from the part that contains `low` on, each of as many parts as was asked for by `send`."""
    at = bisect_right(splits, low)
    start = splits[at - 1] if at else ""
    while at < len(splits):
        end = min(at + parts - 1, len(splits) - 1)
        parts = (yield NameRange(start, splits[end], end - at + 1)) or parts
        start, at = splits[end], end + 1
    yield NameRange(start, None, 1)


def iterate_down(splits: Sequence[str], high: str | None, parts: int = 1) -> Iterator[NameRange]:
    """Yield ranges from the part that contains `high` down, as `iterate_up` does."""
    at = len(splits) if high is None else bisect_right(splits, high)
    end = splits[at] if at < len(splits) else None
    while at > 0:
        start = max(at - parts, 0)
        parts = (yield NameRange(splits[start], end, at - start)) or parts
        end, at = splits[start], start
    yield NameRange("", end, 1)


class SplitMemory:
    """Remembers the splits of lists, and forgets those of the list that was read longest ago."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._splits: OrderedDict[str, list[str]] = OrderedDict()

    def recall(self, name: str) -> list[str] | None:
        """Return the splits of this list; None if they are not known."""
        return self._splits.get(name)

    def remember(self, name: str, splits: list[str]) -> None:
        """Store the splits of this list."""
        self._splits[name] = splits
        self._splits.move_to_end(name)
        if len(self._splits) > self._size:
            self._splits.popitem(last=False)

    def forget(self, name: str) -> None:
        """Forget the splits of this list, which no longer fit."""
        self._splits.pop(name, None)
