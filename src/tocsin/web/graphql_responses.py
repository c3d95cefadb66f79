"""The HTTP response of an executed operation: body, status, headers."""

from strawberry.http import GraphQLHTTPResponse, process_result
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from tocsin.web.negotiation import MODERN_MEDIA_TYPE

_STATUS_BY_CODE = {"RATE_LIMITED": 429, "TIMEOUT": 503, "UNAVAILABLE": 503, "INTERNAL": 500, "STORAGE_LOW": 503}
"""Statuses of operations that were not executed though their document is valid."""


def response_body(result: ExecutionResult) -> GraphQLHTTPResponse:
    """Return the body of a response, without `data` if the operation was not executed."""
    body = process_result(result)
    if isinstance(result, PreExecutionError) or (body.get("data") is None and not _was_executed(result)):
        body.pop("data", None)
    return body


def response_status(result: ExecutionResult, media_type: str) -> int:
    """Return the status of a response: 200 for every operation that was executed.

    A document that cannot be executed gets 400 in the modern media type and 200 in the legacy one, as the
    specification requires: in `application/json` a client cannot tell our 400 from a proxy's.
    """
    if "data" in response_body(result):
        return 200
    codes = [(error.extensions or {}).get("code") for error in result.errors or ()]
    found = [_STATUS_BY_CODE[code] for code in codes if code in _STATUS_BY_CODE]
    return min(found, default=400 if media_type == MODERN_MEDIA_TYPE else 200)


def response_headers(result: ExecutionResult) -> dict[str, str]:
    """Return `Retry-After` if part of the operation was rate limited: the seconds until all of it may succeed."""
    waits = [(error.extensions or {}).get("retryAfter") for error in result.errors or ()]
    seconds = [wait for wait in waits if isinstance(wait, int)]
    return {"Retry-After": str(max(seconds))} if seconds else {}


def _was_executed(result: ExecutionResult) -> bool:
    """Tell whether the operation was executed: errors from before the execution have no path."""
    return not result.errors or any(error.path is not None for error in result.errors)
