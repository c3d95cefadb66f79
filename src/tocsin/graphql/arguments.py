"""Arguments that many fields share."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated, Any

import strawberry
from pydantic.alias_generators import to_camel

from tocsin.clock import EPOCH, MILLISECOND
from tocsin.errors import InvalidInput
from tocsin.schedules.iso8601 import format_datetime, format_duration

GlobalId = Annotated[strawberry.ID, strawberry.argument(description="Global ID, as returned by this API.")]
INPUT_ARGUMENT = strawberry.argument(description="Parameters of the mutation.")


@strawberry.input(description="A half-open time range: `from` is included, `to` is not.")
class TimeWindow:
    from_: datetime | None = strawberry.field(
        name="from", default=strawberry.UNSET, description="Start of the range, inclusive. Default: unbounded."
    )
    to: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="End of the range, exclusive. Default: unbounded."
    )


def window_bounds(window: TimeWindow | None) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last millisecond of the window, both inclusive; None where it is unbounded."""
    if not window:
        return None, None
    return window.from_ or None, max(window.to, EPOCH) - MILLISECOND if window.to else None


@contextmanager
def prefix_errors(*path: str) -> Iterator[None]:
    """Prepend `path` to the paths of errors about the input."""
    try:
        yield
    except InvalidInput as error:
        raise error.prefix_path(*path) from None


def to_params(input_: Any) -> dict[str, Any]:
    """Convert an input to JSON with the names of the API, without absent and null fields.

    So one model reads what users write in the API, in YAML and on the command line.
    """
    values = {field.name: getattr(input_, field.name) for field in dataclasses.fields(input_)}
    return {
        to_camel(name.rstrip("_")): _to_json(value)
        for name, value in values.items()
        if value is not strawberry.UNSET and value is not None
    }


def _to_json(value: Any) -> Any:
    match value:
        case strawberry.Some():
            return _to_json(value.value)
        case Enum():
            return value.value
        case datetime():
            return format_datetime(value)
        case timedelta():
            return format_duration(value)
        case list():
            return [_to_json(part) for part in value]
    return to_params(value) if dataclasses.is_dataclass(value) else value
