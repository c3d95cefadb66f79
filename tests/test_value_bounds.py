"""Values that the database cannot store are reported with their paths."""

import json
from typing import Any

import pytest

from tocsin.value_bounds import DOCUMENT_BOUNDS, find_value_faults


def nested(levels: int) -> Any:
    return json.loads("[" * levels + "]" * levels)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": [{"b": 2**63}]}, ("a", 0, "b")),
        ({"a": -(2**63) - 1}, ("a",)),
        ({"a": {"b\0": 1}}, ("a",)),
        ({"a": {"$oid": 1}}, ("a",)),
        ({"a": nested(81)}, ()),
        ({"a": [float("inf")]}, ("a", 0)),
        ({"a": "\ud83d"}, ("a",)),
    ],
)
def test_what_the_database_cannot_hold_is_told_with_its_place(value: Any, path: tuple[str | int, ...]) -> None:
    ((found, message),) = find_value_faults(value, DOCUMENT_BOUNDS)
    assert found == path
    assert message.endswith(".")


def test_what_the_database_can_hold_passes() -> None:
    value = {"$a": {"a.b": 2**63 - 1, "": -(2**63)}, "b": [True, None, "c\0", 1e308], "c": nested(79)}
    assert list(find_value_faults(value, DOCUMENT_BOUNDS)) == []
