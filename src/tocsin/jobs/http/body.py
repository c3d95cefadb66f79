"""Request bodies: JSON, text or form, in stored and in sent form."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypedDict
from urllib.parse import urlencode

from pydantic import BaseModel

from tocsin.errors import InvalidInput
from tocsin.value_bounds import find_scalar_fault

MAX_BODY_BYTES = 256 * 1024

_CONTENT_TYPES = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "form": "application/x-www-form-urlencoded",
}


class HttpBody(BaseModel):
    """A request body. JSON is stored as text, because the database would change large numbers; forms are stored as
    [name, value] pairs.
    """

    kind: Literal["json", "text", "form"]
    value: str | list[tuple[str, str]]


class HttpBodyDocument(TypedDict):
    """A body as it is stored. See `HttpBody`."""

    kind: Literal["json", "text", "form"]
    value: str | list[list[str]]


def prepare_body(json_value: Any, text: str | None, form: Mapping[str, Any] | None) -> HttpBodyDocument | None:
    """Return the body to store, of which at most one kind may be given. Raises InvalidInput."""
    bodies = [(place, body) for place, body in _encode_bodies(json_value, text, form) if body is not None]
    if not bodies:
        return None
    if len(bodies) > 1:
        raise InvalidInput("Give at most one of body, bodyText and bodyForm.", bodies[1][0])
    place, body = bodies[0]
    _, encoded = encode_body(HttpBody.model_validate(body))
    if encoded is not None and len(encoded) > MAX_BODY_BYTES:
        raise InvalidInput(f"The body has {len(encoded)} bytes; the limit is {MAX_BODY_BYTES}.", place)
    return body


def encode_body(body: HttpBody | None) -> tuple[str | None, bytes | None]:
    """Return the content type and the bytes to send for a stored body."""
    if body is None:
        return None, None
    text = body.value if isinstance(body.value, str) else urlencode(body.value)
    return _CONTENT_TYPES[body.kind], text.encode()


def restore_body(body: Mapping[str, Any] | None) -> Any:
    """Return a stored body as the user wrote it: the JSON value, the text, or the form's fields (a list for repeated
    ones).
    """
    if body is None or body["kind"] == "text":
        return None if body is None else body["value"]
    if body["kind"] == "json":
        return json.loads(body["value"])
    fields: dict[str, Any] = {}
    for name, value in body["value"]:
        fields.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


def _encode_bodies(
    json_value: Any, text: str | None, form: Mapping[str, Any] | None
) -> Iterator[tuple[str, HttpBodyDocument | None]]:
    yield "body", None if json_value is None else {"kind": "json", "value": _encode_json(json_value)}
    yield "bodyText", None if text is None else {"kind": "text", "value": require_storable(text, "bodyText")}
    yield "bodyForm", None if form is None else {"kind": "form", "value": list(_encode_form(form))}


def _encode_json(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError):
        message = "The body must be valid JSON, without NaN, infinite numbers or endless nesting."
        raise InvalidInput(message, "body") from None
    return require_storable(text, "body")


def _encode_form(form: Mapping[str, Any]) -> Iterator[list[str]]:
    for name, value in form.items():
        for item in value if isinstance(value, list) else [value]:
            yield [
                require_storable(name, "bodyForm"),
                require_storable(_encode_form_value(name, item), "bodyForm", name),
            ]


def _encode_form_value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return str(value)
    message = "A form field must be a string, a number, true or false, or a list of these."
    raise InvalidInput(message, "bodyForm", name)


def require_storable(text: str, *path: str) -> str:
    """Return `text`. Raises InvalidInput if it has a lone surrogate, which UTF-8 cannot encode."""
    if (fault := find_scalar_fault(text)) is not None:
        raise InvalidInput(fault, *path)
    return text
