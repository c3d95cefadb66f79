"""Pages of lists that are sorted by a name: (name key, ID). They are read in ranges of the name's index.

The embedded database reads every row of an index range, so a range must contain few rows: see `name_splits`.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pymongo.asynchronous.collection import AsyncCollection

from tocsin.documents.keyset import BEFORE_ALL_IDS, Condition
from tocsin.documents.name_splits import (
    PART_SIZE,
    NameRange,
    SplitMemory,
    iterate_down,
    iterate_up,
    split_names,
)
from tocsin.documents.paging import DEFAULT_PAGE_SIZE, MAX_FILTERED, Page, PageArguments
from tocsin.errors import InvalidInput

D = TypeVar("D", bound=Mapping[str, Any])
KEY = "name_key"
_MAX_CURSOR_LENGTH = 4_000
_MAX_PARTS = 16
_CROWDED = 4 * PART_SIZE
"""Different names of a part from which on the list is split anew."""
_memory = SplitMemory(1_000)
Position = tuple[str, str]
"""A name key and an ID."""


@dataclass(frozen=True, slots=True)
class NameQuery(Generic[D]):
    """A query for the rows of an owner by name. `filters` are conditions without an index, `hidden` one of few rows."""

    collection: AsyncCollection[D]
    owner: str
    descending: bool
    filters: tuple[Condition, ...] = ()
    hidden: Condition | None = None
    projection: dict[str, int] = field(default_factory=dict)

    @property
    def list_name(self) -> str:
        """The name under which the splits of the list are remembered."""
        return f"{self.collection.full_name} {self.owner}"


@dataclass(slots=True)
class _Found(Generic[D]):
    """The rows that a walk has found, and where it gave up because of too many excluded ones."""

    rows: list[D]
    stop: Position | None = None


def encode_name_cursor(row: Mapping[str, Any]) -> str:
    """Return the opaque cursor of a row."""
    return _encode((row[KEY], row["_id"]))


async def fetch_name_page(query: NameQuery[D], arguments: PageArguments) -> Page[D]:
    """Fetch a page. Raises InvalidInput."""
    arguments = arguments.validated()
    after = None if arguments.after is None else _decode(arguments.after, "after")
    before = None if arguments.before is None else _decode(arguments.before, "before")
    forward = arguments.last is None
    size = arguments.first or arguments.last or DEFAULT_PAGE_SIZE
    low, high = (before, after) if query.descending else (after, before)
    found = await _walk(query, forward is query.descending, low, high, size + 1)
    more, rows = len(found.rows) > size or found.stop is not None, found.rows[:size]
    rows = rows if forward else rows[::-1]
    start, end = (encode_name_cursor(rows[0]), encode_name_cursor(rows[-1])) if rows else (None, None)
    stop = None if found.stop is None or len(found.rows) > size else _encode(found.stop)
    if forward:
        return Page(rows, more, after is not None, start, stop or end)
    return Page(rows, before is not None, more, stop or start, end)


async def _walk(query: NameQuery[D], down: bool, low: Position | None, high: Position | None, limit: int) -> _Found[D]:
    """Return the first `limit` rows between two positions (exclusive), or fewer and where the walk gave up."""
    splits, found, budget = await _splits(query), _Found[D]([]), MAX_FILTERED
    ranges = iterate_down(splits, high and high[0]) if down else iterate_up(splits, low[0] if low else "")
    part, parts = next(ranges, None), 1
    while part is not None:
        rows = [row for row in await _read(query, part, down) if _is_between(row, low, high)]
        found.rows += rows[: limit - len(found.rows)]
        if len(found.rows) >= limit or _is_last(part, down, low, high):
            break
        budget -= part.parts * PART_SIZE - len(rows) if query.filters else 0
        if budget <= 0:
            found.stop = (part.low, BEFORE_ALL_IDS) if down else (part.high or "", BEFORE_ALL_IDS)
            break
        parts = min(2 * parts, _MAX_PARTS) if query.filters else 1
        part = _next(ranges, parts)
    return found


def _next(ranges: Any, parts: int) -> NameRange | None:
    try:
        part: NameRange = ranges.send(parts)
    except StopIteration:
        return None
    return part


def _is_last(part: NameRange, down: bool, low: Position | None, high: Position | None) -> bool:
    """Tell whether no row of the list lies behind this range."""
    if down:
        return not part.low or (low is not None and part.low <= low[0])
    return part.high is None or (high is not None and part.high > high[0])


def _is_between(row: Mapping[str, Any], low: Position | None, high: Position | None) -> bool:
    at = (row[KEY], row["_id"])
    return (low is None or low < at) and (high is None or at < high)


async def _read(query: NameQuery[D], part: NameRange, down: bool) -> list[D]:
    """Return the rows of a range in order."""
    keys = {"$gte": part.low} | ({} if part.high is None else {"$lt": part.high})
    others = [*query.filters, *([{"$nor": [query.hidden]}] if query.hidden else [])]
    stages = [{"$match": condition} for condition in ({"owner": query.owner, KEY: keys}, *others)]
    projecting = [{"$project": query.projection}] if query.projection else []
    rows = await (await query.collection.aggregate([*stages, *projecting])).to_list()
    if len(rows) > _CROWDED * part.parts and len({row[KEY] for row in rows}) > _CROWDED * part.parts:
        _memory.forget(query.list_name)
    return sorted(rows, key=lambda row: (row[KEY], row["_id"]), reverse=down)


async def _splits(query: NameQuery[D]) -> list[str]:
    """Return the splits of the list. They are looked up once in a process, which reads all names of the owner."""
    known = _memory.recall(query.list_name)
    if known is None:
        found = query.collection.find({"owner": query.owner, KEY: {"$gte": ""}}, {KEY: 1, "_id": 0})
        known = split_names([row[KEY] for row in await found.to_list()])
        _memory.remember(query.list_name, known)
    return known


def _encode(position: Position) -> str:
    text = json.dumps(["name", *position], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def _decode(text: str, argument: str) -> Position:
    """Decode a cursor. Raises InvalidInput."""
    try:
        raw = base64.b64decode(text[:_MAX_CURSOR_LENGTH].encode("ascii"), altchars=b"-_", validate=True).decode()
        match json.loads(raw):
            case ["name", str(key), str(id_)] if (key + id_).encode():  # raises for half of a surrogate pair
                return key, id_
        raise ValueError(raw)
    except (binascii.Error, ValueError, RecursionError):
        message = "This is not a cursor of this list. Use a cursor from its pageInfo or edges, with the same orderBy."
        raise InvalidInput(message, argument) from None
