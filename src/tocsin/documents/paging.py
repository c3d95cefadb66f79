"""Keyset pagination over rows sorted by (key, ID): page arguments, cursors, and the pipelines that read a page.

Both databases need a bounded range of the key to be fast; the embedded one does not push limit and sort down into an
index. A page is therefore collected from windows of the key that start at the edge of the page and grow while they
contain few rows. The last window is open-ended, so that no row is missed. Rows that a filter excludes are read too, a
few thousand at a time, to bound the memory that the database uses.
"""

import base64
import binascii
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeAlias, TypeVar

from pymongo.asynchronous.collection import AsyncCollection

from tocsin.clock import EPOCH, MILLISECOND, epoch_milliseconds
from tocsin.errors import InvalidInput

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100
D = TypeVar("D", bound=Mapping[str, Any])
Condition: TypeAlias = dict[str, Any]
"""A condition or stage of a query."""
_FIRST_WINDOW = timedelta(seconds=10)
_GROWTH = 8
_ROWS_PER_WINDOW = 5_000
_MAX_CURSOR_LENGTH = 400
_MAX_TEXT_LENGTH = 200
_ESCAPES = str.maketrans({character: f"\\{character}" for character in r"\.+*?()|[]{}^$"})
_CURSOR = re.compile(r"([a-z_]+):(-?[0-9]{1,16}):(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class CursorPosition:
    """The position of a row in the order."""

    key: datetime
    id: str


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
class KeysetQuery(Generic[D]):
    """A query for rows in one order, which is named `order_name` in its cursors.

    `indexed_filter` contains equality conditions on the fields that precede `key` in an index, `extra_filter` any other
    conditions. `min_key` and `max_key` bound the key, both inclusive. `key_range_hint` is the expected range of keys,
    which saves windows; None if the key is computed for each row, in which case all rows that match `indexed_filter`
    are read.
    """

    collection: AsyncCollection[D]
    order_name: str
    key: str
    descending: bool
    indexed_filter: Condition
    extra_filter: Condition = field(default_factory=dict)
    projection: dict[str, int] = field(default_factory=dict)
    min_key: datetime | None = None
    max_key: datetime | None = None
    key_range_hint: tuple[datetime, datetime] | None = None
    computed_key: Condition | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[D]):
    """A page of rows in the requested order, and whether there are rows on either side."""

    rows: list[D]
    has_next: bool
    has_previous: bool


def encode_cursor(query: KeysetQuery[D], row: D) -> str:
    """Return the opaque cursor of a row."""
    text = f"{query.order_name}:{epoch_milliseconds(row[query.key])}:{row['_id']}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def decode_cursor(query: KeysetQuery[D], text: str, name: str) -> CursorPosition:
    """Decode a cursor. Raises InvalidInput if it is malformed or belongs to another order."""
    try:
        raw = base64.b64decode(text[:_MAX_CURSOR_LENGTH].encode("ascii"), altchars=b"-_", validate=True).decode()
        match = _CURSOR.fullmatch(raw)
        if match is None or match.group(1) != query.order_name:
            raise ValueError(raw)
        return CursorPosition(EPOCH + int(match.group(2)) * MILLISECOND, match.group(3))
    except (binascii.Error, ValueError, OverflowError):
        message = "This is not a cursor of this list. Use a cursor from its pageInfo or edges, with the same orderBy."
        raise InvalidInput(message, name) from None


async def fetch_page(query: KeysetQuery[D], arguments: PageArguments) -> Page[D]:
    """Fetch a page. Raises InvalidInput."""
    arguments = arguments.validated()
    after = None if arguments.after is None else decode_cursor(query, arguments.after, "after")
    before = None if arguments.before is None else decode_cursor(query, arguments.before, "before")
    forward = arguments.last is None
    size = arguments.first or arguments.last or DEFAULT_PAGE_SIZE
    walk = _Walk(query, query.descending is forward, after if forward else before, before if forward else after)
    found = await walk.take(size + 1)
    more, page = len(found) > size, found[:size]
    if forward:
        return Page(page, has_next=more, has_previous=after is not None)
    return Page(page[::-1], has_next=before is not None, has_previous=more)


async def count_rows(query: KeysetQuery[D]) -> int:
    """Count the rows on all pages, from an index where possible."""
    within = key_range(query.key, query.min_key, query.max_key)
    if not query.extra_filter and query.computed_key is None:
        return await query.collection.count_documents({**query.indexed_filter, **within})
    if query.computed_key is not None or query.key_range_hint is None:
        conditions = (query.indexed_filter, query.extra_filter, within)
        stages: list[Condition] = [*({"$match": condition} for condition in conditions), {"$count": "n"}]
        found = await (await query.collection.aggregate(stages)).to_list()
        return int(found[0]["n"]) if found else 0
    total = 0
    async for counts in _Walk(query, query.descending, None, None).read_windows([{"$count": "n"}]):
        total += counts[0]["n"] if counts else 0
    return total


def key_range(key: str, low: datetime | None, high: datetime | None) -> Condition:
    """Return the condition that the key is between these bounds, both inclusive; None for no bound."""
    bounds = {name: bound for name, bound in (("$gte", low), ("$lte", high)) if bound is not None}
    return {key: bounds} if bounds else {}


def contains_text(text: str, *path: str) -> dict[str, str]:
    """Return the condition for a case-insensitive substring match. Raises InvalidInput at `path`."""
    if len(text) > _MAX_TEXT_LENGTH or "\0" in text:
        message = f"The search text can have at most {_MAX_TEXT_LENGTH} characters, and no NUL character."
        raise InvalidInput(message, *path)
    return {"$regex": text.translate(_ESCAPES), "$options": "i"}


@dataclass(frozen=True, slots=True)
class _Walk(Generic[D]):
    """A walk from `start` towards `end` (both exclusive; None for the end of the rows), in either direction."""

    query: KeysetQuery[D]
    down: bool
    start: CursorPosition | None
    end: CursorPosition | None

    async def take(self, limit: int) -> list[D]:
        """Return the first `limit` rows."""
        found: list[D] = []
        async for rows in self.read_windows(self._sort_stages(limit)):
            found += rows
            if len(found) >= limit:
                break
        return found[:limit]

    async def read_windows(self, stages: list[Condition]) -> AsyncIterator[list[Any]]:
        """Yield the results of these stages for one window after another."""
        low, high = self._key_bounds()
        if low > high:
            return
        width, edge = _FIRST_WINDOW, self._first_edge(low, high)
        while (
            self.query.key_range_hint is not None
            and low < (far := self._far_edge(edge, width)) < high
            and self._has_more(far)
        ):
            results, scanned = await self._read(*self._window(low, far, high), stages)
            yield results
            low, high = (low, far) if self.down else (far, high)
            width, edge = _next_width(width, scanned), far
        yield (await self._read(low, high, stages))[0]

    def _far_edge(self, edge: datetime, width: timedelta) -> datetime:
        return edge - width if self.down else edge + width

    def _window(self, low: datetime, far: datetime, high: datetime) -> tuple[datetime, datetime]:
        return (far + MILLISECOND, high) if self.down else (low, far - MILLISECOND)

    def _key_bounds(self) -> tuple[datetime, datetime]:
        """Return the smallest and the greatest key that a remaining row can have."""
        first, last = (self.end, self.start) if self.down else (self.start, self.end)
        lowest = [self.query.min_key or _LOWEST, first.key if first else _LOWEST]
        highest = [self.query.max_key or _HIGHEST, last.key if last else _HIGHEST]
        return max(lowest), min(highest)

    def _first_edge(self, low: datetime, high: datetime) -> datetime:
        """Return the key at which the walk starts."""
        oldest, newest = self.query.key_range_hint or (low, high)
        return min(high, newest) if self.down else max(low, oldest)

    def _has_more(self, far: datetime) -> bool:
        """Tell whether rows can be expected beyond `far`; if not, the rest is read at once."""
        oldest, newest = self.query.key_range_hint or (_LOWEST, _HIGHEST)
        return oldest < far if self.down else far < newest

    async def _read(self, low: datetime, high: datetime, stages: list[Condition]) -> tuple[list[Any], int]:
        """Return the results of the stages for rows between these keys, and the number of rows read if filtered."""
        query = self.query
        within: Condition = query.indexed_filter
        matching: list[Condition] = [{"$match": query.extra_filter}] if query.extra_filter else []
        if query.computed_key:
            matching += [{"$addFields": {query.key: query.computed_key}}, {"$match": key_range(query.key, low, high)}]
        else:
            within = {**within, **key_range(query.key, low, high)}
        if ties := self._tie_breakers():
            matching.append({"$match": {"$and": ties}})
        found = await (await query.collection.aggregate([{"$match": within}, *matching, *stages])).to_list()
        skips_rows = bool(query.extra_filter) and query.key_range_hint is not None
        return found, await query.collection.count_documents(within) if skips_rows else 0

    def _sort_stages(self, limit: int) -> list[Condition]:
        direction = -1 if self.down else 1
        stages: list[Condition] = [{"$sort": {self.query.key: direction, "_id": direction}}, {"$limit": limit}]
        return [*stages, {"$project": self.query.projection}] if self.query.projection else stages

    def _tie_breakers(self) -> list[Condition]:
        """Return conditions that compare rows with the same key as a cursor by their IDs."""
        onward, back = ("$lt", "$gt") if self.down else ("$gt", "$lt")
        limits = ((self.start, onward), (self.end, back))
        return [_beyond(self.query.key, position, operator) for position, operator in limits if position is not None]


def _next_width(width: timedelta, scanned: int) -> timedelta:
    """Return a width for a few thousand rows, given the density of the last window."""
    factor = _ROWS_PER_WINDOW / scanned if scanned else _GROWTH
    return width * max(1 / _GROWTH, min(factor, _GROWTH))


def _beyond(key: str, position: CursorPosition, operator: str) -> dict[str, Any]:
    return {"$or": [{key: {operator: position.key}}, {key: position.key, "_id": {operator: position.id}}]}


_LOWEST = datetime(1, 1, 2, tzinfo=EPOCH.tzinfo)
_HIGHEST = datetime(9999, 12, 30, tzinfo=EPOCH.tzinfo)
