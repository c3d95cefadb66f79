"""Parsing of requests: bodies up to a limit, JSON, query parameters."""

import json
from collections.abc import Callable
from typing import Any

from cross_web import StarletteRequestAdapter
from starlette.datastructures import QueryParams
from starlette.requests import Request
from strawberry.http.parse_content_type import parse_content_type

from tocsin.json_values import MAX_JSON_DEPTH, parse_json
from tocsin.web.error_responses import RequestRefused


class LimitedRequest(StarletteRequestAdapter):
    """A request whose body is read up to a limit, in bytes."""

    def __init__(self, request: Request, limit: int) -> None:
        super().__init__(request)
        self._limit = limit

    async def get_body(self) -> bytes:
        """Return the whole body. Raises RequestRefused (413) as soon as it is known to be too long."""
        declared = self._request.headers.get("content-length", "")
        size = int(declared) if declared.isascii() and declared.isdecimal() else 0
        chunks: list[bytes] = []
        if size <= self._limit:
            size = 0
            async for chunk in self._request.stream():
                size += len(chunk)
                if size > self._limit:
                    break
                chunks.append(chunk)
        if size > self._limit:
            raise RequestRefused(413, f"The request's body is longer than {self._limit} bytes.")
        return b"".join(chunks)


def check_content_type(request: Request) -> None:
    """Check that the body is declared as JSON in UTF-8. Raises RequestRefused (415)."""
    content_type, parameters = parse_content_type(request.headers.get("content-type", ""))
    charset = parameters.get("charset", "utf-8").strip("'\"").lower()
    if content_type != "application/json" or charset not in {"utf-8", "utf8"}:
        raise RequestRefused(415, "Send the operation as application/json, in UTF-8.", Accept="application/json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RequestRefused(415, "Send the operation without a Content-Encoding.", Accept_Encoding="identity")


def parse_query_parameters(parameters: QueryParams, parse: Callable[[str], Any]) -> dict[str, Any]:
    """Return the request's members in the URL; `parse` decodes those that are JSON. Raises RequestRefused (400)."""
    found: dict[str, Any] = {}
    for name, value in parameters.multi_items():
        if name in found:
            raise RequestRefused(400, f"The URL has the parameter {name[:50]!r} more than once.")
        found[name] = value
    for name in ("variables", "extensions"):
        if name in found:
            found[name] = parse(found[name]) if found[name] else None
    if found.get("operationName") == "":
        del found["operationName"]
    return found


def decode_json(data: str | bytes, limit: int) -> object:
    """Decode JSON of at most `limit` characters. Raises JSONDecodeError, whatever is wrong with it."""
    try:
        text = data if isinstance(data, str) else data.decode()
        if len(text) > limit:
            raise ValueError("too long")
        value: object = parse_json(text, MAX_JSON_DEPTH)
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        raise json.JSONDecodeError(str(error)[:100].rstrip("."), "", 0) from None
    return value
