"""Error responses: always JSON with a code, from whichever layer they come."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from cross_web import HTTPException
from starlette.responses import Response

INTERNAL_MESSAGE = "Something went wrong inside Tocsin. The operator can find it in the log by the X-Request-Id."
_CODES = {
    400: "BAD_USER_INPUT",
    401: "UNAUTHENTICATED",
    413: "CONTENT_TOO_LARGE",  # spelled out where Python's versions disagree about the name
    414: "URI_TOO_LONG",
    422: "BAD_USER_INPUT",
    429: "RATE_LIMITED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class RequestRefused(HTTPException):
    """The request is refused, with a status, a reason for people, and headers."""

    def __init__(self, status: int, reason: str, **headers: str) -> None:
        super().__init__(status, reason)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def error_body(status: int, message: str) -> bytes:
    """Return a GraphQL response with one error, as JSON."""
    code = _CODES.get(status) or HTTPStatus(status).name
    return json.dumps({"errors": [{"message": message, "extensions": {"code": code}}]}).encode()


def error_response(
    status: int, message: str, headers: Mapping[str, str] | None = None, media_type: str = "application/json"
) -> Response:
    """Return the response to a request that is refused."""
    return Response(error_body(status, message), status, headers, media_type)
