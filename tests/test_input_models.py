"""Inputs of users are read by models, and each fault becomes a sentence with a path."""

from enum import Enum
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationInfo, field_validator

from tocsin.errors import MultipleInvalid
from tocsin.input_models import (
    ParamsModel,
    describe_fault,
    find_faults,
    has_expression,
    parse_params,
    remove_path,
    skips_slow_checks,
)


class Color(Enum):
    RED = "RED"
    BLUE = "BLUE"


class Point(ParamsModel):
    x: int
    y: int = 0


class Drawing(ParamsModel):
    title: Annotated[str, Field(min_length=1, max_length=5)]
    line_width: Annotated[float, Field(gt=0, le=10)] = 1
    color: Color = Color.RED
    points: Annotated[list[Point], Field(min_length=1, max_length=2)] = [Point(x=0)]
    is_filled: bool = False
    pen: str = "round"

    @field_validator("pen")
    @classmethod
    def _check_pen(cls, pen: str, info: ValidationInfo) -> str:
        if not skips_slow_checks(info) and pen not in {"round", "flat"}:
            raise ValueError("There is no such pen.")
        return pen


def faults(given: Any) -> list[tuple[tuple[str, ...], str]]:
    with pytest.raises(MultipleInvalid) as caught:
        parse_params(Drawing, given)
    return [(error.path, error.message) for error in caught.value.all_errors]


def test_fields_have_camel_case_names() -> None:
    drawing = parse_params(Drawing, {"title": "a", "lineWidth": 2, "isFilled": True, "points": [{"x": 1}]})
    assert drawing == Drawing(title="a", line_width=2, is_filled=True, points=[Point(x=1, y=0)])


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"title": 3}, ("title",), "title must be a string."),
        ({"title": ""}, ("title",), "title must have at least 1 character; it has 0."),
        ({"title": "abcdef"}, ("title",), "title must have at most 5 characters; it has 6."),
        ({"lineWidth": 0}, ("lineWidth",), "lineWidth must be more than 0; it is 0."),
        ({"lineWidth": 10.5}, ("lineWidth",), "lineWidth must be at most 10; it is 10.5."),
        ({"lineWidth": "thick"}, ("lineWidth",), "lineWidth must be a number."),
        ({"color": "GREEN"}, ("color",), "color must be RED or BLUE."),
        ({"isFilled": "perhaps"}, ("isFilled",), "isFilled must be true or false."),
        ({"points": []}, ("points",), "points must have at least 1 entry; it has 0."),
        ({"points": [{"x": 1}] * 3}, ("points",), "points must have at most 2 entries; it has 3."),
        ({"points": "x"}, ("points",), "points must be a list."),
        ({"points": [3]}, ("points", "0"), "0 must be an object of names and values."),
        ({"points": [{"x": 1}, {"x": 1.5}]}, ("points", "1", "x"), "x must be a whole number."),
        ({"points": [{"y": 1}]}, ("points", "0", "x"), "x is missing."),
        ({"points": [{"x": 1, "z": 1}]}, ("points", "0", "z"), "There is no z here."),
        ({"pen": "square"}, ("pen",), "There is no such pen."),
        ({"lineWith": 2}, ("lineWith",), "There is no lineWith here. Did you mean lineWidth?"),
        (
            {"zzz": 2},
            ("zzz",),
            "There is no zzz here. There are: title, lineWidth, color, points, isFilled, pen.",
        ),
    ],
)
def test_each_fault_is_a_sentence_with_its_path(changes: Any, path: tuple[str, ...], message: str) -> None:
    assert faults({"title": "a", **changes}) == [(path, message)]


def test_all_faults_are_reported_up_to_a_hundred() -> None:
    assert [path for path, _ in faults({"color": "GREEN", "isFilled": 7})] == [("title",), ("color",), ("isFilled",)]
    assert len(faults({"title": "a", **{f"field{number}": 1 for number in range(200)}})) == 100
    assert faults("text") == [((), "The parameters must be an object of names and values.")]


def test_slow_checks_are_skipped_only_on_request() -> None:
    assert parse_params(Drawing, {"title": "a", "pen": "square"}, quickly=True).pen == "square"
    assert faults({"title": "a", "pen": "square"}) == [(("pen",), "There is no such pen.")]


def test_values_with_an_expression_are_checked_later_but_missing_ones_now() -> None:
    given = {"title": "${{ inputs.title }}, long", "lineWidth": "${{ inputs.width }}", "points": [{"y": "${{ 1 }}"}]}
    assert find_faults(Drawing, given) == [(("points", 0, "x"), "x is missing.")]
    assert find_faults(Drawing, {"title": "a"}) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=3), parts, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_an_expression_is_found_anywhere_in_a_value(value: Any) -> None:
    assert has_expression(value) == ("${{" in repr(value))
    assert has_expression({"a": [value, {"b": ("x ${{ y }}",)}]})


def test_a_path_is_removed_from_a_copy() -> None:
    value = {"a": {"b": 1, "c": 2}, "d": 3}
    assert remove_path(value, ("a", "b")) == {"a": {"c": 2}, "d": 3}
    assert remove_path(value, ("d",)) == {"a": {"b": 1, "c": 2}}
    assert value == {"a": {"b": 1, "c": 2}, "d": 3}


def test_a_fault_of_another_kind_keeps_the_words_of_pydantic() -> None:
    fault = {"type": "url_parsing", "msg": "Input should be a valid URL", "input": "x", "loc": ("url",)}
    assert describe_fault("url", fault) == "url is wrong: input should be a valid URL."
