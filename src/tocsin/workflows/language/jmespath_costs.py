"""Costs of JMESPath functions: what each reads and produces, charged before it is called. Pure.

A unit of cost ("part") is about a microsecond. The functions check the types of their arguments, so any may come here.
"""

from collections.abc import Callable, Sequence
from typing import Any

CHARACTERS_PER_PART = 16
"""Number of characters of a string that cost one part."""
Spend = Callable[[int], None]
_Charge = Callable[[Sequence[Any], Spend], None]


def charge_call(name: str, given: Sequence[Any], spend: Spend) -> None:
    """Charge what a function call reads and produces. An unlisted function is charged for all of its arguments."""
    _CHARGES.get(name, _charge_all)(given, spend)


def charge_value(value: Any, spend: Spend) -> None:
    """Charge the full size of a value, including the names of its members. A shared part counts each time."""
    ahead = [value]
    while ahead:
        part = ahead.pop()
        if isinstance(part, dict):
            spend(1 + 2 * len(part))
            spend(sum(len(name) for name in part) // CHARACTERS_PER_PART)
            ahead += part.values()
        elif isinstance(part, list):
            spend(1 + len(part))
            ahead += part
        else:
            spend(1 + (len(part) // CHARACTERS_PER_PART if isinstance(part, str) else 0))


def _outer_size(value: Any) -> int:
    """Return the size of a value without the contents of its members."""
    if isinstance(value, str):
        return len(value) // CHARACTERS_PER_PART
    return len(value) if isinstance(value, dict | list) else 0


def _charge_nothing(_given: Sequence[Any], _spend: Spend) -> None:
    """Charge nothing: the function reads only the top level, or its visits are charged."""


def _charge_all(given: Sequence[Any], spend: Spend) -> None:
    for value in given:
        charge_value(value, spend)


def _charge_outer_sizes(given: Sequence[Any], spend: Spend) -> None:
    for value in given:
        spend(_outer_size(value))


def _charge_texts(given: Sequence[Any], spend: Spend) -> None:
    """Charge for reading each string of a list once."""
    for value in given:
        if isinstance(value, list):
            spend(len(value))
            spend(sum(len(part) for part in value if isinstance(part, str)) // CHARACTERS_PER_PART)


def _charge_join(given: Sequence[Any], spend: Spend) -> None:
    _charge_texts(given, spend)
    if len(given) == 2 and isinstance(given[0], str) and isinstance(given[1], list):
        spend(len(given[0]) * len(given[1]) // CHARACTERS_PER_PART)


def _charge_sort(given: Sequence[Any], spend: Spend) -> None:
    """Charge for the comparisons: each string takes part in log2(n) of them."""
    times = max((len(value).bit_length() for value in given if isinstance(value, list)), default=0)
    for _ in range(1 + times):
        _charge_texts(given, spend)


def _charge_contains(given: Sequence[Any], spend: Spend) -> None:
    """Charge for searching a whole string, or for comparing each member of a list that can be equal."""
    subject, sought = (*given, None, None)[:2]
    if isinstance(subject, str):
        spend(2 * _outer_size(subject))
    elif isinstance(sought, dict | list):
        charge_value(subject, spend)
    elif isinstance(subject, list):
        spend(len(subject) * (1 + _outer_size(sought)))


def _charge_split(given: Sequence[Any], spend: Spend) -> None:
    separator, text = (*given, None, None)[:2]
    if isinstance(separator, str) and isinstance(text, str):
        spend(3 * _outer_size(text))
        spend(text.count(separator) if separator else len(text))


_CHARGES: dict[str, _Charge] = {
    **dict.fromkeys(("length", "type", "not_null", "default", "to_array"), _charge_nothing),
    **dict.fromkeys(("abs", "ceil", "floor", "round", "map", "sort_by", "max_by", "min_by"), _charge_nothing),
    **dict.fromkeys(
        ("keys", "values", "merge", "reverse", "starts_with", "ends_with", "sum", "avg"), _charge_outer_sizes
    ),
    **dict.fromkeys(("max", "min"), _charge_texts),
    "to_number": _charge_outer_sizes,
    "join": _charge_join,
    "sort": _charge_sort,
    "contains": _charge_contains,
    "split": _charge_split,
}
