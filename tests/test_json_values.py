import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.json_values import MAX_INPUT_DEPTH, MAX_JSON_DEPTH, InvalidJson, check_json, dump_json, parse_json


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def nested_value(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = {"a": [value][0]} if levels % 2 else [value]
    return value


READ: list[tuple[str, Any]] = [
    ('\ufeff{"a": 1}', {"a": 1}),
    ('{"a": 1, "a": 2}', {"a": 2}),
    ('"\\ud83d\\ude44"', "🙄"),
    ('{"$a": 1, "a.b": 2, "": 3, "c\\u0000": 4}', {"$a": 1, "a.b": 2, "": 3, "c\0": 4}),
    (str(2**70), 2**70),
    ("1e308", 1e308),
    ("1e-999", 0.0),
    ("1" + "0" * 308, 10**308),
    (nested(MAX_INPUT_DEPTH), json.loads(nested(MAX_INPUT_DEPTH))),
]


@pytest.mark.parametrize(("text", "value"), READ)
def test_what_is_within_the_bounds_is_read(text: str, value: Any) -> None:
    assert parse_json(text) == value
    assert json.loads(dump_json(value)) == value


UNFIT = [
    ('{"a": "\\ud83d"}', "lone surrogate"),
    ('{"\\udc00": 1}', "lone surrogate"),
    ('{"n": NaN}', "NaN is not JSON"),
    ("[Infinity]", "Infinity is not JSON"),
    ("-Infinity", "-Infinity is not JSON"),
    ("1e999", "too large"),
    ("-1e400", "too large"),
    ("9" * 309, "too large"),
    ("-" + "9" * 5_000, "too large"),
    (nested(MAX_INPUT_DEPTH + 1), "more than 128 levels"),
    (nested(950), "more than 128 levels"),
    ("[" * 1_000, "more than 128 levels"),
    ("[" * 100_000 + "]" * 100_000, "more than 128 levels"),
    ('{"a":' * 1_000 + "1" + "}" * 1_000, "more than 128 levels"),
]


@pytest.mark.parametrize(("text", "why"), UNFIT, ids=range(len(UNFIT)))
def test_what_is_nearly_json_or_beyond_the_bounds_is_told(text: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_json(text)
    if text != "[" * 1_000:  # which is invalid JSON before it is too deep
        assert isinstance(caught.value, InvalidJson)
        assert why in str(caught.value)
        assert "sys." not in str(caught.value)


CYCLE: list[Any] = []
CYCLE += [CYCLE, CYCLE]
NO_VALUES: list[tuple[Any, str]] = [
    ({"a": [float("nan")]}, "not a JSON number"),
    ({"a": {1, 2}}, "set is not a JSON type."),
    ({"a": b"x"}, "bytes is not a JSON type."),
    ({(1, 2): 1}, "It is not a JSON value."),
    ({"a": 10**400}, "more than 308 digits"),
    ({"a": 10**5_000}, "more than 308 digits"),
    ({"a\ud800": 1}, "lone surrogate"),
    (["\ud800"], "lone surrogate"),
    (nested_value(MAX_JSON_DEPTH + 1), "more than 256 levels"),
    (nested_value(MAX_JSON_DEPTH + 2), "more than 256 levels"),
    (nested_value(5_000), "more than 256 levels"),
    (CYCLE, "more than 256 levels"),
]


@pytest.mark.parametrize(("value", "why"), NO_VALUES, ids=range(len(NO_VALUES)))
def test_what_is_no_json_value_is_not_written(value: Any, why: str) -> None:
    with pytest.raises(InvalidJson, match=why):
        dump_json(value)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_what_is_written_is_read(value: Any) -> None:
    try:
        check_json(value, MAX_INPUT_DEPTH)
    except InvalidJson:
        with pytest.raises(InvalidJson):
            dump_json(value, MAX_INPUT_DEPTH)
    else:
        assert parse_json(dump_json(value)) == value


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([2**1024, 2**1024 - 1, -(2**1024), 10**400, "1" * 400, "\ud83d", "\ude44x", 1e308, float("inf")])
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=2) | st.just("\ud83d"), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(VALUES, st.integers(1, 6))
@settings(max_examples=300)
def test_the_quick_look_and_the_thorough_one_agree(value: object, deepest: int) -> None:
    try:
        check_json(value, deepest)
        fault = None
    except InvalidJson as error:
        fault = str(error)
    try:
        dump_json(value, deepest)
        found = None
    except InvalidJson as error:
        found = str(error)
    assert found == fault


@pytest.mark.parametrize("half", ['"\\ud83d"', '{"\\ude44": 1}', '["\\ud83d\\ude44", [["\\uD83Dx"]]]'])
def test_half_a_pair_is_found_wherever_it_is(half: str) -> None:
    with pytest.raises(InvalidJson, match="lone surrogate"):
        parse_json(half)


def test_whole_pairs_are_characters() -> None:
    assert parse_json('["\\ud83d\\ude44", {"\\uD83D\\uDE44": 1}]') == ["\U0001f644", {"\U0001f644": 1}]


SMALL_AND_HUGE = st.from_regex(r"-?(0|[1-9][0-9]{0,400})(\.[0-9]{1,200})?([eE][+-]?[0-9]{1,5})?", fullmatch=True)


@given(st.lists(SMALL_AND_HUGE, max_size=3))
def test_numbers_are_bounded_however_they_are_written(numbers: list[str]) -> None:
    """Numbers are checked one by one only if one of them may be too large."""
    text = f"[{','.join(numbers)}]"
    values = json.loads(text)
    fits = all(abs(value) < 2**1024 for value in values)
    if fits:
        assert parse_json(text) == values
    else:
        with pytest.raises(InvalidJson, match="too large"):
            parse_json(text)


DEEP = st.recursive(
    st.text('[]{}\\"a', max_size=4) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('[{\\"', max_size=2), inner, max_size=3),
)


@given(DEEP, st.integers(1, 8))
def test_levels_are_counted_as_they_are(value: Any, deepest: int) -> None:
    def levels(part: Any) -> int:
        parts = part.values() if isinstance(part, dict) else part if isinstance(part, list) else None
        return 0 if parts is None else 1 + max(map(levels, parts), default=0)

    text = json.dumps(value)
    if levels(value) <= deepest:
        assert parse_json(text, deepest) == value
    else:
        with pytest.raises(InvalidJson, match=f"more than {deepest} levels"):
            parse_json(text, deepest)
