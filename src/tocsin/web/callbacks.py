"""`/callbacks/{token}`: the report of a target whose run expects it, by GET or POST. Anyone who has the URL can report.

`status` (completed or failed) and `message` are optional, in the query string or in a body: a form or a JSON object.
"""

import json
import math
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from tocsin import clock
from tocsin.documents import CallbackDocument, CallbackStatus
from tocsin.errors import RateLimited
from tocsin.execution.callbacks import CallbackAnswer, CallbackVerdict
from tocsin.graphql.context import Services
from tocsin.jobs.http.callbacks import CALLBACK_PATH, MAX_MESSAGE_LENGTH
from tocsin.schedules.iso8601 import format_datetime
from tocsin.security.callback_tokens import CallbackTokenInvalid
from tocsin.security.gcra import network_key
from tocsin.web.error_responses import RequestRefused, error_response
from tocsin.web.request_parsing import LimitedRequest, decode_json

BODY_LIMIT = 16 * 1024
"""Maximum bytes of a body: a message of which every character is percent-encoded fits in."""
_COST, _FORGED_COST = 50.0, 500.0
"""The cost of a callback to its network address, in points, and that of a request without a valid token."""
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_NOT_FOUND_MESSAGE = "There is no such callback URL. It may be incomplete."
_GONE_MESSAGE = (
    "The callback is no longer expected: its attempt ended without it, was cancelled, or was replaced by another one."
)

Fields = list[tuple[str, Any]]


def callbacks_router(services: Callable[[], Services]) -> APIRouter:
    """Return the route of callbacks. A HEAD request, as sent by programs that only look at a link, is refused."""
    router = APIRouter(include_in_schema=False)

    async def receive(token: str, request: Request) -> Response:
        callbacks = services().callbacks
        try:
            named = callbacks.tokens.read(token)
        except CallbackTokenInvalid:
            return await _charge(services(), request, _FORGED_COST) or error_response(404, _NOT_FOUND_MESSAGE)
        if (refusal := await _charge(services(), request, _COST)) is not None:
            return refusal
        try:
            callback = parse_callback(await _read_fields(request), named.attempt, clock.now())
        except RequestRefused as refused:
            return error_response(refused.status_code, refused.reason, refused.headers)
        except ClientDisconnect:
            return error_response(400, "The connection was closed before the request was complete.")
        return _respond(await callbacks.receive(named, callback))

    router.add_api_route(f"{CALLBACK_PATH}{{token}}", receive, methods=["GET", "POST"])
    return router


async def _charge(services: Services, request: Request, points: float) -> Response | None:
    """Charge the network address of a request. Return the response if it has reached its limit."""
    try:
        await services.rates.spend_points(network_key(request.client.host if request.client else ""), points)
    except RateLimited as refused:
        return error_response(429, refused.message, {"Retry-After": str(math.ceil(refused.retry_after))})
    return None


async def _read_fields(request: Request) -> Fields:
    """Return the fields of a request. Raises RequestRefused."""
    fields: Fields = list(request.query_params.multi_items())
    body = await LimitedRequest(request, BODY_LIMIT).get_body() if request.method == "POST" else b""
    return [*fields, *_parse_body(body, request.headers.get("content-type", ""))] if body else fields


def _parse_body(body: bytes, content_type: str) -> Iterable[tuple[str, Any]]:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == _FORM:
        try:
            return parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=100)
        except ValueError:
            raise RequestRefused(400, "The body is not a form in UTF-8 with at most 100 fields.") from None
    if media_type != _JSON:
        raise RequestRefused(415, f"Send the body as {_JSON} or {_FORM}, or send none.", Accept=f"{_JSON}, {_FORM}")
    try:
        value = decode_json(body, BODY_LIMIT)
    except json.JSONDecodeError as error:
        raise RequestRefused(400, f"The body is not valid JSON: {error.msg}.") from None
    if not isinstance(value, dict):
        raise RequestRefused(400, 'The body must be a JSON object, such as {"status": "completed"}.')
    return value.items()


def parse_callback(fields: Fields, attempt: int, now: datetime) -> CallbackDocument:
    """Return the callback that these fields describe; other fields are ignored. Raises RequestRefused (400)."""
    status, message = _get_text(fields, "status"), _get_text(fields, "message")
    named = {each.lower(): each for each in CallbackStatus}
    if status and status.strip().lower() not in named:
        raise RequestRefused(400, f"status must be completed or failed, or be left out; it is {status[:50]!r}.")
    if message and len(message) > MAX_MESSAGE_LENGTH:
        raise RequestRefused(
            400, f"message has {len(message):,} characters; at most {MAX_MESSAGE_LENGTH:,} are allowed."
        )
    return {
        "attempt": attempt,
        "status": named[status.strip().lower()] if status else CallbackStatus.COMPLETED,
        "message": (message or "").strip() or None,
        "received_at": now,
    }


def _get_text(fields: Fields, name: str) -> str | None:
    found = [value for given, value in fields if given == name and value is not None]
    if len(found) > 1:
        raise RequestRefused(400, f"{name} is given {len(found)} times. Give it once.")
    if found and not isinstance(found[0], str):
        raise RequestRefused(400, f"{name} must be a string.")
    return found[0] if found else None


def _respond(answer: CallbackAnswer) -> Response:
    if answer.received is None:
        return error_response(410, _GONE_MESSAGE)
    status = CallbackStatus(answer.received["status"]).lower()
    if answer.verdict is CallbackVerdict.CONTRADICTORY:
        return error_response(409, f"This attempt was called back before, with the status {status}, which counts.")
    said = {
        "status": status,
        "message": answer.received["message"],
        "receivedAt": format_datetime(answer.received["received_at"]),
    }
    return JSONResponse(said, headers={"Cache-Control": "no-store"})
