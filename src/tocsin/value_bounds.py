"""Bounds of the JSON values that users write, with all faults and their paths. Pure.

The bounds of values that programs return are in `json_values`.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_CHARACTERS = 256 * 1024
"""Bytes of a YAML document, and characters of all strings in a value."""
MAX_PARTS = 50_000
MAX_VALUE_DEPTH = 50
MAX_DIGITS = 308
"""Digits of a number: the range of floating-point numbers."""
_EXTENDED_JSON = frozenset(
    {"$oid", "$date", "$numberInt", "$numberLong", "$numberDouble", "$numberDecimal", "$binary", "$uuid", "$timestamp"}
    | {"$regularExpression", "$symbol", "$code", "$scope", "$dbPointer", "$minKey", "$maxKey", "$undefined"}
)
"""The embedded database parses objects with these names as extended JSON, and fails on most of them."""
LONE_SURROGATE = "The string has a lone surrogate (U+{:04X}), which is not a character."
ValuePath = tuple[str | int, ...]
_PLAIN = frozenset({bool, type(None)})
_TYPES = (dict, list, bool, int, float, type(None), Mapping)
"""The types of JSON except strings. A tuple, because a union would be created again for each part of a value."""


@dataclass(frozen=True, slots=True)
class ValueBounds:
    """The bounds of a value.

    `max_characters` is for all strings in it together; `number_limit` is the first number that is too large.
    """

    max_characters: int = MAX_CHARACTERS
    max_parts: int = MAX_PARTS
    number_limit: int = 10**MAX_DIGITS
    max_depth: int = MAX_VALUE_DEPTH
    is_document: bool = False


DOCUMENT_BOUNDS = ValueBounds(
    max_characters=4 * 1024 * 1024, max_parts=2_000_000, number_limit=2**63, max_depth=80, is_document=True
)
"""Bounds of values stored as documents rather than JSON text. MongoDB allows 100 levels, including the outer ones."""


def find_value_faults(value: Any, bounds: ValueBounds = ValueBounds()) -> Iterator[tuple[ValuePath, str]]:
    """Yield what prevents a value from being stored as JSON, with its path, in the order of the value.

    A value that is too large is not checked any further.
    """
    parts, characters, ahead = 0, 0, [(value, _EMPTY)]
    while ahead:
        part, path = ahead.pop()
        parts += 1
        characters += len(part) if isinstance(part, str) else 0
        if len(path) > bounds.max_depth or parts > bounds.max_parts or characters > bounds.max_characters:
            allowed = f"{bounds.max_depth} levels, {bounds.max_parts} parts, {bounds.max_characters} characters"
            yield (), f"This is too large: at most {allowed} are allowed."
            return
        if type(part) in _PLAIN or (type(part) is str and part.isascii()):
            continue
        if (wrong := find_scalar_fault(part, bounds)) is not None:
            yield path, wrong
        elif isinstance(part, Mapping):
            characters += sum(len(name) for name in part if isinstance(name, str))
            wrong_names = {name: wrong for name in part if (wrong := _find_name_fault(name, bounds)) is not None}
            yield from ((path, wrong) for wrong in wrong_names.values())
            ahead += [(inner, (*path, name)) for name, inner in reversed(list(part.items())) if name not in wrong_names]
        elif isinstance(part, list):
            ahead += [(inner, (*path, index)) for index, inner in reversed(list(enumerate(part)))]


def find_scalar_fault(value: Any, bounds: ValueBounds = ValueBounds()) -> str | None:
    """Return what prevents this single value from being stored as JSON; None if nothing does."""
    if isinstance(value, str):
        half = find_lone_surrogate(value)
        return None if half is None else LONE_SURROGATE.format(ord(value[half]))
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is not a JSON number."
    if isinstance(value, int) and not -bounds.number_limit <= value < bounds.number_limit:
        if bounds.is_document:
            return "This whole number does not fit in 64 bits. Write it as a string."
        return f"This number has more than {MAX_DIGITS} digits."
    if isinstance(value, _TYPES):
        return None
    return f"{type(value).__name__} is not a JSON type."


def find_lone_surrogate(text: str) -> int | None:
    """Return the index of the first lone surrogate; None if there is none."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None


def join_surrogates(text: str) -> str:
    """Replace each surrogate pair with the character that it encodes. Lone surrogates stay."""
    if find_lone_surrogate(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def escape_unprintable(text: str) -> str:
    """Escape the characters that are not printable."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def _find_name_fault(name: Any, bounds: ValueBounds) -> str | None:
    if not isinstance(name, str):
        return "A name must be a string."
    if bounds.is_document and "\0" in name:
        return "A name must not contain the character U+0000."
    if bounds.is_document and name in _EXTENDED_JSON:
        return f"The name {name} cannot be stored: it is reserved by the database."
    return find_scalar_fault(name)


_EMPTY: ValuePath = ()
