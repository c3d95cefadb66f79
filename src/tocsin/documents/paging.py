"""Pages of lists: their arguments, the rows of a page, and the number of rows on all pages."""

from dataclasses import dataclass, replace
from typing import Generic

from tocsin.documents.keyset import (
    D,
    KeysetQuery,
    ListPosition,
    decode_cursor,
    encode_cursor,
    encode_position,
)
from tocsin.documents.walks import Walk
from tocsin.errors import InvalidInput

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100
MAX_COUNT = 5_000
"""Rows up to which a list is counted."""
MAX_FILTERED = 2_000
"""Rows that a condition without an index may exclude before a page ends, and that are counted under such conditions."""


@dataclass(frozen=True, slots=True)
class PageArguments:
    """The pagination arguments of a connection field."""

    first: int | None
    after: str | None
    last: int | None
    before: str | None

    def validated(self) -> "PageArguments":
        """Return the arguments with `first` or `last` set. Raises InvalidInput if they are invalid."""
        if self.first is not None and self.last is not None:
            raise InvalidInput("Set first or last, not both.", "last")
        for name, size in (("first", self.first), ("last", self.last)):
            if size is not None and not 1 <= size <= MAX_PAGE_SIZE:
                raise InvalidInput(f"{name} must be 1 to {MAX_PAGE_SIZE}; it is {size}.", name)
        return replace(self, first=DEFAULT_PAGE_SIZE) if self.first is None and self.last is None else self


@dataclass(frozen=True, slots=True)
class Page(Generic[D]):
    """A page of rows in the requested order, and whether there can be rows on either side.

    The cursors are where the pages on either side go on. They are those of the first and the last row, unless a walk
    past many excluded rows ended before the page was full. A page without rows has a cursor in that case only.
    """

    rows: list[D]
    has_next: bool
    has_previous: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """The number of rows of a list; if it is not exact, there are at least so many."""

    number: int
    is_exact: bool


async def fetch_page(query: KeysetQuery[D], arguments: PageArguments) -> Page[D]:
    """Fetch a page. Raises InvalidInput."""
    arguments = arguments.validated()
    after = None if arguments.after is None else decode_cursor(query, arguments.after, "after")
    before = None if arguments.before is None else decode_cursor(query, arguments.before, "before")
    forward = arguments.last is None
    size = arguments.first or arguments.last or DEFAULT_PAGE_SIZE
    found, stop = await _take(query, forward, after, before, size + 1)
    more, rows = len(found) > size or stop is not None, found[:size]
    rows = rows if forward else rows[::-1]
    start, end = (encode_cursor(query, rows[0]), encode_cursor(query, rows[-1])) if rows else (None, None)
    if forward:
        return Page(rows, more, after is not None, start, stop or end)
    return Page(rows, before is not None, more, stop or start, end)


async def count_rows(query: KeysetQuery[D]) -> Count:
    """Count the rows on all pages, up to a bound."""
    total = 0
    for section in (query.counted_as or query).sections:
        number, is_all = await Walk(section, section.descending).count(MAX_COUNT - total, MAX_FILTERED)
        total += number
        if not is_all:
            return Count(total, is_exact=False)
    return Count(total, is_exact=True)


async def _take(
    query: KeysetQuery[D], forward: bool, after: ListPosition | None, before: ListPosition | None, limit: int
) -> tuple[list[D], str | None]:
    """Return the first rows between two positions, or the last ones, and the cursor at which the walk gave up."""
    found: list[D] = []
    sections = list(enumerate(query.sections))
    first, last = after.section if after else 0, before.section if before else len(sections)
    for number, section in sections if forward else reversed(sections):
        if not first <= number <= last:
            continue
        low = after.at if after and after.section == number else None
        high = before.at if before and before.section == number else None
        start, end = (low, high) if forward else (high, low)
        walk = Walk(section, section.descending is forward, start, end)
        rows, stop = await walk.take(limit - len(found), MAX_FILTERED)
        found += rows
        if stop is not None:
            return found, encode_position(section, stop)
        if len(found) >= limit:
            break
    return found, None
