"""Reading of an operation from a request: its body up to a limit or its query parameters, as JSON, then its members."""

import json
from collections.abc import Mapping
from typing import Any

from cross_web import StarletteRequestAdapter
from pymongo.errors import PyMongoError
from starlette.datastructures import QueryParams
from starlette.requests import Request
from strawberry.http import GraphQLRequestData
from strawberry.http.parse_content_type import parse_content_type

from tocsin.errors import DatabaseUnavailable, Unauthenticated
from tocsin.graphql.context import Context
from tocsin.json_values import MAX_JSON_DEPTH, parse_json
from tocsin.web.error_responses import RequestRefused

ANONYMOUS_BODY_LIMIT = 64 * 1024
"""Maximum bytes of a request or message without a valid token. Known users may send more, at their own cost."""
_OPTIONAL_MEMBERS = {
    "operationName": (str, "a string"),
    "variables": (dict, "an object"),
    "extensions": (dict, "an object"),
}


async def read_operation(request: Request, context: Context, limit: int) -> GraphQLRequestData:
    """Return the operation of a request whose body has at most `limit` bytes. Raises RequestRefused."""
    if request.method == "POST":
        _check_content_type(request)
        body = await LimitedRequest(request, limit).get_body()
        if len(body) > ANONYMOUS_BODY_LIMIT and not await _is_authenticated(context):
            message = f"A request without a valid access token may have at most {ANONYMOUS_BODY_LIMIT} bytes."
            raise RequestRefused(413, message)
        members = _parse_object(body, limit)
    else:
        members = _parse_query_parameters(request.query_params, limit)
    return _parse_members(members)


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


def _check_content_type(request: Request) -> None:
    """Check that the body is declared as JSON in UTF-8. Raises RequestRefused (415)."""
    content_type, parameters = parse_content_type(request.headers.get("content-type", ""))
    charset = parameters.get("charset", "utf-8").strip("'\"").lower()
    if content_type != "application/json" or charset not in {"utf-8", "utf8"}:
        raise RequestRefused(415, "Send the operation as application/json, in UTF-8.", Accept="application/json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RequestRefused(415, "Send the operation without a Content-Encoding.", Accept_Encoding="identity")


async def _is_authenticated(context: Context) -> bool:
    """Tell whether the caller has a valid token. Without a database the answer is yes: the execution fails then."""
    try:
        return await context.authenticate() is not None
    except Unauthenticated:
        return False
    except (PyMongoError, DatabaseUnavailable):
        return True


def _parse_object(data: str | bytes, limit: int) -> dict[str, Any]:
    """Return the JSON object in a body or a query parameter. Raises RequestRefused (400)."""
    try:
        value = decode_json(data, limit)
    except json.JSONDecodeError as error:
        raise RequestRefused(400, f"This is not valid JSON: {error.msg}.") from error
    if isinstance(value, list):
        raise RequestRefused(400, "The JSON must be an object: send one operation at a time.")
    if not isinstance(value, dict):
        raise RequestRefused(400, "The JSON must be an object.")
    return value


def _parse_query_parameters(parameters: QueryParams, limit: int) -> dict[str, Any]:
    """Return the members of the operation in the URL. Raises RequestRefused (400)."""
    found: dict[str, Any] = {}
    for name, value in parameters.multi_items():
        if name in found:
            raise RequestRefused(400, f"The URL has the parameter {name[:50]!r} more than once.")
        found[name] = value
    for name in ("variables", "extensions"):
        if name in found:
            found[name] = _parse_object(found[name], limit) if found[name] else None
    if found.get("operationName") == "":
        del found["operationName"]
    return found


def _parse_members(members: Mapping[str, Any]) -> GraphQLRequestData:
    """Return the operation that the members of a request describe. Raises RequestRefused (400)."""
    query = members.get("query")
    if not isinstance(query, str) or not query:
        raise RequestRefused(400, "The request has no `query`: it must be a string.")
    for name, (kind, description) in _OPTIONAL_MEMBERS.items():
        if not isinstance(members.get(name), kind | None):
            raise RequestRefused(400, f"`{name}` must be {description} or null.")
    return GraphQLRequestData(query, members.get("variables"), members.get("operationName"), members.get("extensions"))


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
