"""From what an operation came to, to what HTTP says of it: body, status, headers."""

from strawberry.http import GraphQLHTTPResponse, process_result
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from tocsin.web.negotiation import MODERN

_STATUSES = {"RATE_LIMITED": 429, "TIMEOUT": 503, "UNAVAILABLE": 503, "INTERNAL": 500, "STORAGE_LOW": 503}
"""Of operations that were not executed though nothing is wrong with their document."""


def body_of(result: ExecutionResult) -> GraphQLHTTPResponse:
    """Without `data` if the operation was not executed."""
    body = process_result(result)
    if isinstance(result, PreExecutionError) or (body.get("data") is None and not _executed(result)):
        body.pop("data", None)
    return body


def status_of(result: ExecutionResult, media_type: str) -> int:
    """200 for what was executed, whatever came of it.

    A document that cannot be executed is 400 in the modern media type and 200 in the legacy one, as the specification
    says: a client of that cannot tell a proxy's 400 from ours.
    """
    if "data" in body_of(result):
        return 200
    codes = [(error.extensions or {}).get("code") for error in result.errors or ()]
    found = [_STATUSES[code] for code in codes if code in _STATUSES]
    return min(found, default=400 if media_type == MODERN else 200)


def headers_of(result: ExecutionResult) -> dict[str, str]:
    """`Retry-After`, if any part of the operation was asked for too often: the seconds after which all of it goes."""
    waits = [(error.extensions or {}).get("retryAfter") for error in result.errors or ()]
    seconds = [wait for wait in waits if isinstance(wait, int)]
    return {"Retry-After": str(max(seconds))} if seconds else {}


def _executed(result: ExecutionResult) -> bool:
    """Whether any error has a path: one that has none came before the execution."""
    return not result.errors or any(error.path is not None for error in result.errors)
