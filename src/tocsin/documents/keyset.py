"""Lists sorted by (key, ID): the query of a list, and the cursors that name positions in it."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar

from pymongo.asynchronous.collection import AsyncCollection

from tocsin.clock import EPOCH, MILLISECOND, epoch_milliseconds
from tocsin.errors import InvalidInput

D = TypeVar("D", bound=Mapping[str, Any])
Condition: TypeAlias = dict[str, Any]
"""A condition or stage of a query."""
BEFORE_ALL_IDS, AFTER_ALL_IDS = "!", "~"
_MAX_CURSOR_LENGTH = 400
_MAX_TEXT_LENGTH = 200
_ESCAPES = str.maketrans({character: f"\\{character}" for character in r"\.+*?()|[]{}^$"})
_CURSOR = re.compile(r"([a-z_]+):(-?[0-9]{1,16}):(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class CursorPosition:
    """A position in the order: that of a row, or one between rows, whose ID no row has."""

    key: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of a list. `equal` are conditions on the indexed fields before the key, `extra` any other conditions."""

    equal: Condition = field(default_factory=dict)
    extra: Condition = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeysetQuery(Generic[D]):
    """A query for rows in one order, which is named `order_name` in its cursors.

    `indexed_filter` contains equality conditions on the fields that precede `key` in an index, `extra_filter` any other
    conditions. Each row belongs to exactly one of `branches`, whose conditions are added to both. `hidden` are the few
    rows among them that the list leaves out although no index tells them apart. `min_key` and `max_key` bound the key,
    both inclusive. `key_range_hint` is the expected range of keys, which saves windows. The rows of `next_section`
    follow in both directions of sorting. `counted_as` selects the same rows in an order that is cheaper to count.
    """

    collection: AsyncCollection[D]
    order_name: str
    key: str
    descending: bool
    indexed_filter: Condition
    extra_filter: Condition = field(default_factory=dict)
    branches: tuple[Branch, ...] = (Branch(),)
    hidden: Branch | None = None
    projection: dict[str, int] = field(default_factory=dict)
    min_key: datetime | None = None
    max_key: datetime | None = None
    key_range_hint: tuple[datetime, datetime] | None = None
    next_section: "KeysetQuery[D] | None" = None
    counted_as: "KeysetQuery[D] | None" = None

    @property
    def sections(self) -> list["KeysetQuery[D]"]:
        """The queries whose rows make up the list, in its order."""
        return [self, *(self.next_section.sections if self.next_section else [])]


@dataclass(frozen=True, slots=True)
class ListPosition:
    """A position in a list: the number of its section, and the position in that."""

    section: int
    at: CursorPosition


def encode_cursor(query: KeysetQuery[D], row: D) -> str:
    """Return the opaque cursor of a row."""
    section = next(one for one in query.sections if isinstance(row.get(one.key), datetime))
    return encode_position(section, CursorPosition(row[section.key], row["_id"]))


def encode_position(section: KeysetQuery[D], position: CursorPosition) -> str:
    """Return the opaque cursor of a position in this section."""
    text = f"{section.order_name}:{epoch_milliseconds(position.key)}:{position.id}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def decode_cursor(query: KeysetQuery[D], text: str, name: str) -> ListPosition:
    """Decode a cursor. Raises InvalidInput if it is malformed or belongs to another order."""
    orders = [section.order_name for section in query.sections]
    try:
        raw = base64.b64decode(text[:_MAX_CURSOR_LENGTH].encode("ascii"), altchars=b"-_", validate=True).decode()
        match = _CURSOR.fullmatch(raw)
        if match is None or match.group(1) not in orders:
            raise ValueError(raw)
        key = EPOCH + int(match.group(2)) * MILLISECOND
        return ListPosition(orders.index(match.group(1)), CursorPosition(key, match.group(3)))
    except (binascii.Error, ValueError, OverflowError):
        message = "This is not a cursor of this list. Use a cursor from its pageInfo or edges, with the same orderBy."
        raise InvalidInput(message, name) from None


def key_range(key: str, low: datetime | None, high: datetime | None) -> Condition:
    """Return the condition that the key is between these bounds, both inclusive; None for no bound."""
    bounds = {name: bound for name, bound in (("$gte", low), ("$lte", high)) if bound is not None}
    return {key: bounds} if bounds else {}


def contains_text(field_name: str, text: str, *path: str) -> Condition:
    """Return the condition that a field contains the text, ignoring case. Raises InvalidInput at `path`.

    A search for ASCII text compares lower case: the embedded database would compile a regular expression for each row.
    """
    if len(text) > _MAX_TEXT_LENGTH or "\0" in text:
        message = f"The search text can have at most {_MAX_TEXT_LENGTH} characters, and no NUL character."
        raise InvalidInput(message, *path)
    if not text.isascii():
        return {field_name: {"$regex": text.translate(_ESCAPES), "$options": "i"}}
    place = {"$indexOfCP": [{"$toLower": f"${field_name}"}, {"$literal": text.lower()}]}
    return {"$expr": {"$gte": [place, 0]}}
