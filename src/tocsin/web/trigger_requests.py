"""Requests to trigger URLs: what of them is the input of a workflow."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from tocsin.outbound.responses import MASK
from tocsin.web.error_responses import RequestRefused
from tocsin.web.request_parsing import LimitedRequest, decode_json

BODY_LIMIT = 256 * 1024
"""Maximum bytes of a body."""
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_MAX_FIELDS = 1_000
_MAX_HEADERS, _MAX_HEADER_LENGTH = 50, 1_000
_PROXY_HEADERS = re.compile(
    r"x-(forwarded-|real-ip|request-id|envoy-|amzn-|cloud-trace|original-|rewrite-|replaced-|(cluster-)?client-ip|arr-)"
)
_SECRET_NAMES = re.compile(r"auth|token|secret|sign|hmac|key|cookie|pass|pwd|session|credential|jwt|bearer|cert")
"""What the names of headers contain that may hold a secret of the sender."""


async def read_body(request: Request) -> bytes:
    """Return the whole body, without the token of the URL. Raises RequestRefused if it is too long or compressed.

    Services tell their own settings in what they send, as GitHub does in its first request. Inputs are shown in the
    history, which tokens may read that must not start runs.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RequestRefused(415, "Send the body without a Content-Encoding.", Accept_Encoding="identity")
    body = await LimitedRequest(request, BODY_LIMIT).get_body()
    return body.replace(_token_of(request).encode(), MASK.encode())


def parse_inputs(body: bytes, content_type: str) -> dict[str, Any] | None:
    """Return the inputs of a workflow in a JSON object; None without a body. Raises RequestRefused."""
    if not body:
        return None
    if not _is_json(_media_type(content_type)):
        raise RequestRefused(415, f"Send the inputs as {_JSON}, or send no body.", Accept=_JSON)
    value = _parse_json(body)
    if not isinstance(value, dict):
        raise RequestRefused(400, 'The body must be a JSON object of inputs, such as {"version": "1.2"}.')
    return value


def describe_request(request: Request, body: bytes) -> dict[str, Any]:
    """Return a request as the value of one input: its content type, query, headers and body. Raises RequestRefused.

    A JSON body is its value, a form an object, and any other text a string.
    """
    content_type, token = _media_type(request.headers.get("content-type", "")), _token_of(request)
    query = request.query_params.multi_items()[:_MAX_FIELDS]
    return {
        "contentType": content_type.replace(token, MASK) or None,
        "query": _collect([(name.replace(token, MASK), value.replace(token, MASK)) for name, value in query]),
        "headers": _shown_headers(request),
        "body": _parse_body(body, content_type) if body else None,
    }


def _parse_body(body: bytes, content_type: str) -> Any:
    if _is_json(content_type):
        return _parse_json(body)
    if content_type == _FORM:
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
        except ValueError:
            raise RequestRefused(400, f"The body is not a form in UTF-8 with at most {_MAX_FIELDS} fields.") from None
        return _collect(pairs)
    if content_type and not content_type.startswith("text/"):
        raise RequestRefused(415, f"Send the body as {_JSON}, {_FORM} or text.", Accept=f"{_JSON}, {_FORM}, text/*")
    try:
        return body.decode()
    except ValueError:
        raise RequestRefused(400, "The body is not text in UTF-8.") from None


def _parse_json(body: bytes) -> object:
    try:
        return decode_json(body, BODY_LIMIT)
    except json.JSONDecodeError as error:
        raise RequestRefused(400, f"The body is not valid JSON: {error.msg}.") from None


def _collect(pairs: list[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Return fields by name. One that is given several times is a list."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: given[0] if len(given) == 1 else given for name, given in values.items()}


def _shown_headers(request: Request) -> dict[str, str]:
    """Return the headers by which senders describe what they send, without those that may be a secret."""
    token = _token_of(request)
    shown = [(name, value.replace(token, MASK)) for name, value in request.headers.items() if _is_shown(name)]
    return {name: value[:_MAX_HEADER_LENGTH] for name, value in shown[:_MAX_HEADERS]}


def _is_shown(name: str) -> bool:
    is_own = name == "user-agent" or (name.startswith(("x-", "ce-")) and not _PROXY_HEADERS.match(name))
    return is_own and not _SECRET_NAMES.search(name)


def _token_of(request: Request) -> str:
    return str(request.path_params["token"])


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _is_json(media_type: str) -> bool:
    return media_type == _JSON or media_type.endswith("+json")
