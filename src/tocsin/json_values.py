"""Reading and writing JSON within bounds of depth and numbers. Pure.

RFC 8259 section 9 lets a parser limit both. Python's parser accepts what is not JSON (NaN, lone surrogates), reads
1e999 as infinity, and has a depth limit that depends on the stack.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tocsin.value_bounds import LONE_SURROGATE, ValueBounds, ValuePath, find_lone_surrogate, find_scalar_fault

MAX_INPUT_DEPTH = 128
"""Levels of a value that comes from outside."""
MAX_JSON_DEPTH = 256
"""Levels of any value: one that is composed of several is deeper than each of them."""
INTEGER_LIMIT = 2**1024  # the range of floating-point numbers
_MAX_INTEGER_DIGITS = 310
_ZERO_DIGITS = bytes(48 if chr(byte).isdecimal() and byte < 128 else byte | 32 for byte in range(256))
_HUGE_SIGNS = (b"0" * 150, b"0e000", b"0e+000")
"""Signs of a number beyond 1.8e308, with each digit as 0: many digits, or an exponent of three."""
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_BOM = "\ufeff"  # RFC 8259 section 8.1 lets a parser ignore it
# Tuples, with common types first: creating a union for each part of a large value would take most of the time.
_CONTAINERS = (dict, list, tuple, Mapping)
_WITHOUT_FAULT = (bool, type(None), *_CONTAINERS)


class InvalidJson(ValueError):
    """A value is not JSON, or exceeds the bounds. The message is a sentence; `path` is where the fault is."""

    def __init__(self, message: str, path: ValuePath = ()) -> None:
        super().__init__(message)
        self.path = path


class JsonText(str):
    """The JSON text of a value that is within the bounds."""


def parse_json(text: str, deepest: int = MAX_INPUT_DEPTH) -> Any:
    """Parse JSON text. Raises JSONDecodeError for invalid JSON, InvalidJson for values that exceed the bounds."""
    # With readers of its own, json.loads takes ten times as long for each number.
    readers: dict[str, Any] = {"parse_int": _parse_integer, "parse_float": _parse_float} if _may_be_huge(text) else {}
    try:
        value = json.loads(text.removeprefix(_BOM), parse_constant=_refuse_constant, **readers)
    except RecursionError:
        raise InvalidJson(_depth_message(deepest)) from None
    if _is_deeper(text, deepest):
        raise InvalidJson(_depth_message(deepest))
    if "\\ud" in text or "\\uD" in text:
        _refuse_lone_surrogate(json.dumps(value, ensure_ascii=False))
    return value


def _refuse_lone_surrogate(text: str) -> None:
    if (place := find_lone_surrogate(text)) is not None:
        raise InvalidJson(LONE_SURROGATE.format(ord(text[place])))


def dump_json(value: Any, deepest: int = MAX_JSON_DEPTH) -> str:
    """Return the JSON text of a value, without spaces. Raises InvalidJson unless it is within the bounds."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()
    except (TypeError, ValueError, RecursionError):
        check_json(value, deepest)
        raise InvalidJson("It is not a JSON value.") from None
    if _may_be_huge(text) or _is_deeper(text, deepest):
        check_json(value, deepest)
    return text


def check_json(value: Any, deepest: int = MAX_JSON_DEPTH) -> None:
    """Raise InvalidJson unless this is a JSON value within the bounds."""
    for path, part in _walk(value, deepest):
        if (fault := _find_fault(part)) is not None:
            raise InvalidJson(fault, path)


def _walk(value: Any, deepest: int) -> Iterator[tuple[ValuePath, Any]]:
    """Yield the value and all of its parts, including names, with their paths."""
    ahead: list[tuple[ValuePath, Any]] = [((), value)]
    while ahead:
        path, part = ahead.pop()
        yield path, part
        if not isinstance(part, _CONTAINERS):
            continue
        if len(path) >= deepest:
            raise InvalidJson(_depth_message(deepest), path[:1])
        if isinstance(part, list | tuple):
            ahead += [((*path, index), inner) for index, inner in enumerate(part)]
        else:
            ahead += [(path, name) for name in part]
            ahead += [((*path, name), inner) for name, inner in part.items()]


def _may_be_huge(text: str) -> bool:
    """Return whether a number in JSON text may exceed 1.8e308. Much faster than a check of each number."""
    alike = text.encode(errors="replace").translate(_ZERO_DIGITS)
    return any(part in alike for part in _HUGE_SIGNS)


def _is_deeper(text: str, deepest: int) -> bool:
    """Return whether valid JSON text is nested deeper. Each round removes the innermost brackets."""
    if text.count("[") + text.count("{") <= deepest:
        return False
    brackets = _STRINGS.sub(b"", text.encode(errors="replace")).translate(_BRACKETS, _NO_BRACKETS)
    for _ in range(deepest):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def _find_fault(part: Any) -> str | None:
    if isinstance(part, _WITHOUT_FAULT) or (isinstance(part, str) and part.isascii()):
        return None
    return find_scalar_fault(part, _NUMBERS)


def _depth_message(deepest: int) -> str:
    return f"It is nested more than {deepest} levels deep."


def _refuse_constant(name: str) -> None:
    raise InvalidJson(f"{name} is not JSON.")


def _parse_integer(text: str) -> int:
    if len(text) > _MAX_INTEGER_DIGITS or abs(number := int(text)) >= INTEGER_LIMIT:
        raise InvalidJson(_TOO_LARGE)
    return number


def _parse_float(text: str) -> float:
    if math.isinf(number := float(text)):
        raise InvalidJson(_TOO_LARGE)
    return number


_NUMBERS = ValueBounds(number_limit=INTEGER_LIMIT)
_TOO_LARGE = "A number is too large: it exceeds 1.8e308."
