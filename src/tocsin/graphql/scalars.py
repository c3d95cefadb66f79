"""The custom scalars: DateTime, Duration, URL and JSON."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NewType

import strawberry
from graphql import ValueNode, value_from_ast_untyped
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from tocsin.jobs import results
from tocsin.json_values import MAX_INPUT_DEPTH, dump_json
from tocsin.schedules.iso8601 import format_datetime, format_duration, parse_datetime, parse_iso_duration

__all__ = ["JSON", "SCALARS", "Url", "format_datetime", "format_duration"]

Url = NewType("Url", str)

_MAX_URL_LENGTH = 8192
_MAX_INLINE_LENGTH = 16 * 1024


def parse_url(value: object) -> Url:
    """Check the type and length of a URL; the job that calls it checks the rest. Raises ValueError."""
    if not isinstance(value, str) or not 1 <= len(value) <= _MAX_URL_LENGTH:
        raise ValueError(
            f'A URL must be a string of 1 to {_MAX_URL_LENGTH} characters, such as "https://example.com/hook".'
        )
    return Url(value)


async def parse_json_texts(texts: Sequence[str | None]) -> list[Any]:
    """Parse stored JSON texts, in a thread if they are large."""
    if sum(len(text or "") for text in texts) <= _MAX_INLINE_LENGTH:
        return [results.decode_result(text) for text in texts]
    return [await asyncio.to_thread(results.decode_result, text) for text in texts]


def parse_json_variable(value: object) -> object:
    """Check the depth and size of a JSON value in a variable. Raises ValueError."""
    dump_json(value, MAX_INPUT_DEPTH)  # much faster than walking the value
    return value


def parse_json_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> object:
    """Read a JSON value that is written in the document. Raises ValueError."""
    try:
        value = value_from_ast_untyped(node, variables)
    except ValueError:  # Python does not parse integers of more than 4,300 digits
        raise ValueError("The value contains a number with too many digits.") from None
    return parse_json_variable(value)


def _scalar(name: str, description: str, specification: str, write: Any, read: Any) -> ScalarDefinition:
    return strawberry.scalar(
        name=name, description=description, specified_by_url=specification, serialize=write, parse_value=read
    )


SCALARS: dict[object, ScalarDefinition] = {
    datetime: _scalar(
        "DateTime",
        "A point in time in RFC 3339 format, with a required UTC offset. Results are in UTC (`Z`), to the millisecond.",
        "https://datatracker.ietf.org/doc/html/rfc3339",
        format_datetime,
        parse_datetime,
    ),
    timedelta: _scalar(
        "Duration",
        "A duration in ISO 8601 format with weeks, days, hours, minutes and seconds, such as `PT90S` or `P1DT12H`.",
        "https://datatracker.ietf.org/doc/html/rfc3339#appendix-A",
        format_duration,
        parse_iso_duration,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description=(
            "The `JSON` scalar type represents JSON values as specified by "
            "[ECMA-404](https://ecma-international.org/wp-content/uploads/ECMA-404_2nd_edition_december_2017.pdf)."
        ),
        specified_by_url="https://ecma-international.org/wp-content/uploads/ECMA-404_2nd_edition_december_2017.pdf",
        serialize=lambda value: value,
        parse_value=parse_json_variable,
        parse_literal=parse_json_literal,
    ),
    Url: _scalar("URL", "An absolute URL of at most 8192 characters.", "https://url.spec.whatwg.org/", str, parse_url),
}
"""The scalar for each Python type."""
