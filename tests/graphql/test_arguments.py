"""Arguments that many fields share, and inputs as the readers of the other forms take them."""

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import pytest
import strawberry

from tocsin.clock import EPOCH, MILLISECOND
from tocsin.errors import InvalidInput, MultipleInvalid
from tocsin.graphql.arguments import TimeWindow, prefix_errors, to_params, window_bounds

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Colour(Enum):
    RED = "red"


@strawberry.input
class Inner:
    from_: datetime | None = strawberry.UNSET
    long_name: int | None = strawberry.UNSET


@strawberry.input
class Outer:
    wait: timedelta | None = None
    colour: Colour = Colour.RED
    parts: list[Inner] = strawberry.field(default_factory=list)
    maybe_name: strawberry.Maybe[str]


@pytest.mark.parametrize(
    ("window", "bounds"),
    [
        (None, (None, None)),
        (TimeWindow(), (None, None)),
        (TimeWindow(from_=None, to=None), (None, None)),
        (TimeWindow(from_=T0), (T0, None)),
        (TimeWindow(to=T0), (None, T0 - MILLISECOND)),
        (TimeWindow(from_=T0, to=T0), (T0, T0 - MILLISECOND)),
        (TimeWindow(to=datetime.min.replace(tzinfo=UTC)), (None, EPOCH - MILLISECOND)),
    ],
)
def test_a_window_includes_its_start_and_not_its_end(window: TimeWindow | None, bounds: tuple[Any, Any]) -> None:
    assert window_bounds(window) == bounds


def test_an_input_becomes_json_with_the_names_of_the_api() -> None:
    given = Outer(wait=timedelta(seconds=90), parts=[Inner(from_=T0, long_name=3)], maybe_name=strawberry.Some("x"))
    assert to_params(given) == {
        "wait": "PT1M30S",
        "colour": "red",
        "parts": [{"from": "2026-03-01T12:00:00Z", "longName": 3}],
        "maybeName": "x",
    }


def test_absent_and_null_fields_are_left_out_and_false_and_zero_are_not() -> None:
    assert to_params(Outer(maybe_name=None)) == {"colour": "red", "parts": []}
    assert to_params(Inner(long_name=0)) == {"longName": 0}


def test_errors_are_placed_below_a_path() -> None:
    with pytest.raises(InvalidInput) as caught, prefix_errors("job", "http"):
        raise InvalidInput("no", "url")
    assert caught.value.path == ("job", "http", "url")
    several = MultipleInvalid([InvalidInput("a", "url"), InvalidInput("b")])
    with pytest.raises(InvalidInput) as caught, prefix_errors("job"):
        raise several
    assert [error.path for error in caught.value.all_errors] == [("job", "url"), ("job",)]
