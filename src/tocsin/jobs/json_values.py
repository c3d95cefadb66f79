"""JSON from outside, within bounds in which it can be kept, computed with and shown everywhere. Pure.

RFC 8259 section 9 lets a parser bound depth and numbers. Python's reads what is no JSON (NaN, half a surrogate pair),
makes an infinite number of 1e999, and has a bound for depth that moves with the stack.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tocsin.jobs.value_bounds import HALF_A_PAIR, Bounds, Path, half_a_pair, scalar_fault

DEEPEST_READ = 128
"""Levels of a value that comes from outside."""
DEEPEST = 256
"""Levels of any value: what is put together of several is deeper than each."""
LARGEST_INTEGER = 2**1024  # beyond it there are no floating-point numbers either
_LONGEST_INTEGER = 310
_DIGITS_ALIKE = bytes(48 if chr(byte).isdecimal() and byte < 128 else byte | 32 for byte in range(256))
_HUGE = (b"0" * 150, b"0e000", b"0e+000")
"""Parts of numbers beyond 1.8e308, all digits alike: many digits, or an exponent of three."""
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_ALIKE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_BOM = "\ufeff"  # RFC 8259 section 8.1 lets a parser ignore it
# Tuples, the common types first: to make a union for each part of a large value takes longer than all the rest.
_CONTAINERS = (dict, list, tuple, Mapping)
_WITHOUT_FAULT = (bool, type(None), *_CONTAINERS)


class UnfitJson(ValueError):
    """A value is no JSON, or beyond the bounds. The text is a sentence; `path` is where it is."""

    def __init__(self, message: str, path: Path = ()) -> None:
        super().__init__(message)
        self.path = path


class JsonText(str):
    """The JSON text of a value, which is within the bounds."""


def read_json(text: str, deepest: int = DEEPEST_READ) -> Any:
    """The value of a JSON text. Raises JSONDecodeError for what is no JSON, UnfitJson for what is beyond the bounds."""
    # Each number that Python's own reader is not left alone with takes ten times as long.
    readers: dict[str, Any] = {"parse_int": _read_integer, "parse_float": _read_float} if _may_be_huge(text) else {}
    try:
        value = json.loads(text.removeprefix(_BOM), parse_constant=_refuse_constant, **readers)
    except RecursionError:
        raise UnfitJson(_too_deep(deepest)) from None
    if _is_deeper(text, deepest):
        raise UnfitJson(_too_deep(deepest))
    if "\\ud" in text or "\\uD" in text:
        _refuse_half(json.dumps(value, ensure_ascii=False))
    return value


def _refuse_half(text: str) -> None:
    if (place := half_a_pair(text)) is not None:
        raise UnfitJson(HALF_A_PAIR.format(ord(text[place])))


def write_json(value: Any, deepest: int = DEEPEST) -> str:
    """The JSON text of a value, without spaces. Raises UnfitJson unless it is within the bounds."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()
    except (TypeError, ValueError, RecursionError):
        check_json(value, deepest)
        raise UnfitJson("It is no JSON value.") from None
    if _may_be_huge(text) or _is_deeper(text, deepest):
        check_json(value, deepest)
    return text


def check_json(value: Any, deepest: int = DEEPEST) -> None:
    """Raises UnfitJson unless this is a JSON value within the bounds."""
    for path, part in _parts(value, deepest):
        if (fault := _fault(part)) is not None:
            raise UnfitJson(fault, path)


def _parts(value: Any, deepest: int) -> Iterator[tuple[Path, Any]]:
    """The value and all in it, with their places. Names are parts, too."""
    ahead: list[tuple[Path, Any]] = [((), value)]
    while ahead:
        path, part = ahead.pop()
        yield path, part
        if not isinstance(part, _CONTAINERS):
            continue
        if len(path) >= deepest:
            raise UnfitJson(_too_deep(deepest), path[:1])
        if isinstance(part, list | tuple):
            ahead += [((*path, index), inner) for index, inner in enumerate(part)]
        else:
            ahead += [(path, name) for name in part]
            ahead += [((*path, name), inner) for name, inner in part.items()]


def _may_be_huge(text: str) -> bool:
    """Tell whether a number in a JSON text may be beyond 1.8e308: a look that is much faster than at each number."""
    alike = text.encode(errors="replace").translate(_DIGITS_ALIKE)
    return any(part in alike for part in _HUGE)


def _is_deeper(text: str, deepest: int) -> bool:
    """Tell whether a JSON text that could be read is deeper. Each round takes its innermost brackets away."""
    if text.count("[") + text.count("{") <= deepest:
        return False
    brackets = _STRINGS.sub(b"", text.encode(errors="replace")).translate(_ALIKE, _NO_BRACKETS)
    for _ in range(deepest):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def _fault(part: Any) -> str | None:
    if isinstance(part, _WITHOUT_FAULT) or (isinstance(part, str) and part.isascii()):
        return None
    return scalar_fault(part, _NUMBERS)


def _too_deep(deepest: int) -> str:
    return f"It is nested more than {deepest} levels deep."


def _refuse_constant(name: str) -> None:
    raise UnfitJson(f"{name} is not JSON.")


def _read_integer(text: str) -> int:
    if len(text) > _LONGEST_INTEGER or abs(number := int(text)) >= LARGEST_INTEGER:
        raise UnfitJson(_TOO_LARGE)
    return number


def _read_float(text: str) -> float:
    if math.isinf(number := float(text)):
        raise UnfitJson(_TOO_LARGE)
    return number


_NUMBERS = Bounds(number=LARGEST_INTEGER)
_TOO_LARGE = "A number is too large: it is beyond 1.8e308."
